"""Which files are read. One pass over the folders, no look at a file beyond its name."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from garrison.errors import UsageError
from garrison.sources.gitignore import Patterns, any_ignores
from garrison.sources.interface import File, Tree

VENDORED = frozenset(
    {"node_modules", "bower_components", "vendor", "third_party", "site-packages", "dist-packages", "__pycache__"}
)
GENERATED = frozenset(
    {"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "composer.lock", "yarn.lock", "poetry.lock"}
)
BINARY = frozenset(
    [
        "7z",
        "avi",
        "bin",
        "bmp",
        "bz2",
        "class",
        "ckpt",
        "db",
        "dll",
        "dylib",
        "eot",
        "exe",
        "feather",
        "gguf",
        "gif",
        "gz",
        "h5",
        "hdf5",
        "ico",
        "jar",
        "jpeg",
        "jpg",
        "joblib",
        "keras",
        "mar",
        "mov",
        "mp3",
        "mp4",
        "npy",
        "npz",
        "o",
        "onnx",
        "otf",
        "parquet",
        "pb",
        "pdf",
        "pickle",
        "pkl",
        "png",
        "pt",
        "pth",
        "pyc",
        "rar",
        "safetensors",
        "so",
        "sqlite",
        "tar",
        "tfrecord",
        "tflite",
        "tgz",
        "tif",
        "tiff",
        "ttf",
        "war",
        "wasm",
        "wav",
        "webp",
        "whl",
        "woff",
        "woff2",
        "xz",
        "zip",
        "zst",
    ]
)
NOT_HIDDEN = frozenset(  # names with a dot in front that say how something is built, deployed or started
    {
        ".dockerignore", ".dvc", ".env", ".github", ".jupyter", ".netrc", ".pypirc", ".streamlit",
    }
)  # fmt: skip
IGNORE_FILES = (".gitignore", ".garrisonignore")
_NOT_HIDDEN_PREFIX = ".gitlab"  # pipelines, and the folders and files they include
_MAX_IGNORE_FILE_BYTES = 100_000
Levels = tuple[tuple[Patterns, int], ...]


def discover(*tops: Path, exclude: Sequence[str] = ()) -> Tree:
    """Every file below the paths, in a fixed order; a path that is itself a file is always taken.

    Their paths are relative to the deepest folder that holds all of `tops`, which is also the tree's `top`. `exclude`
    are patterns as in a `.gitignore` there. Raises UsageError where there is nothing, or no file or folder.
    """
    resolved = [_resolved(top) for top in tops]
    base = str(common_folder(resolved))
    tree = Tree(Path(base))
    excluded: Levels = ((Patterns("\n".join(exclude)), 0),) if exclude else ()
    found: dict[str, File] = {}
    for path in sorted(set(resolved)):
        shown = os.path.relpath(path, base)
        if path.is_dir():
            prefix = "" if shown == "." else f"{shown}/"
            for file in _Walk(tree, base, excluded).files(str(path), prefix):
                found[file.path] = file
        else:
            found[printable(shown)] = File(printable(shown), path)
    tree.files = {path: found[path] for path in sorted(found)}
    return tree


def common_folder(tops: Sequence[Path]) -> Path:
    """The deepest folder that holds all of `tops`, links resolved. Raises UsageError where there is nothing."""
    resolved = [_resolved(top) for top in tops]
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in resolved]))


def shown_prefix(tops: Sequence[Path], top: Path) -> str:
    """What to put before a path of the tree to name it as the user would: "", "infra/", "/srv/infra/"."""
    if any(not path.is_absolute() for path in tops):
        named = os.path.relpath(top)
        return "" if named == "." else f"{printable(named)}/"
    return f"{printable(str(top)).rstrip('/')}/"


def printable(name: str) -> str:
    r"""A file name with bytes that are not UTF-8 written as `\xff`."""
    return name if name.isascii() else name.encode("utf8", "surrogateescape").decode("utf8", "backslashreplace")


def _resolved(top: Path) -> Path:
    try:
        path = top.resolve(strict=True)
        mode = path.stat().st_mode
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{printable(str(top))} does not exist", hint="name a file or a folder to scan") from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise UsageError(f"{printable(str(top))} is neither a file nor a folder")
    return path


class _Walk:
    """One pass below one folder."""

    def __init__(self, tree: Tree, base: str, excluded: Levels) -> None:
        self.tree, self.base, self.excluded = tree, base, excluded
        self.outer: list[tuple[Patterns, str]] = []
        self.found: list[File] = []
        self.waiting: list[tuple[str, str, Levels]] = []  # folders: where, the path they are shown by, what is ignored

    def files(self, folder: str, prefix: str) -> list[File]:
        """Every file below `folder` that no rule skips; `prefix` is what its path begins with."""
        self.outer = _outer(folder)
        self.waiting = [(folder, prefix, ())]
        while self.waiting:
            path, shown, levels = self.waiting.pop()
            try:
                with os.scandir(path) as listing:
                    entries = sorted(listing, key=lambda e: e.name)
            except OSError as error:
                message = f"the folder cannot be read: {error.strerror}"
                self.tree.problem(printable(shown.rstrip("/")) or ".", message, hint="check its permissions")
                continue
            levels = self._with_own(entries, shown, levels)
            for entry in entries:
                self._entry(entry, shown, levels)
        return self.found

    def _entry(self, entry: os.DirEntry[str], before: str, levels: Levels) -> None:
        name = entry.name
        if name[0] == "." and name not in NOT_HIDDEN and not name.startswith(_NOT_HIDDEN_PREFIX):
            self._skip("hidden")
            return
        if entry.is_dir(follow_symlinks=False):
            path = f"{before}{name}/"
            if name in VENDORED or os.path.exists(f"{entry.path}/pyvenv.cfg"):  # noqa: PTH110 - cheap, once per folder
                self._skip("vendored")
            elif not self._ignored(path, f"{entry.path}/", levels):
                self.waiting.append((entry.path, path, levels))
            return
        if not entry.is_file(follow_symlinks=False):
            if not entry.is_symlink():
                self._skip("pipe, socket or device")
                return
            if not self._follow(entry, before + name):
                return
        if name.rpartition(".")[2].lower() in BINARY:
            self._skip("binary")
        elif name in GENERATED:
            self._skip("generated")
        elif not self._ignored(before + name, entry.path, levels):
            self.found.append(File(printable(before + name), entry.path))

    def _follow(self, link: os.DirEntry[str], shown: str) -> bool:
        """Whether a link is to be read: to a file below the same top; others are named."""
        target = os.path.realpath(link.path)
        if not os.path.exists(target):  # noqa: PTH110
            self._skip("broken link")
        elif os.path.commonpath((target, self.base)) != self.base:
            self._skip("link out of the tree")
            self.tree.note(printable(shown), "a link that leads out of what is scanned is not followed")
        elif os.path.isfile(target):  # noqa: PTH113
            return True
        else:
            self._skip("linked folder")
        return False

    def _ignored(self, path: str, real: str, levels: Levels) -> bool:
        if self.excluded and any_ignores(self.excluded, path):
            self._skip("excluded in the configuration")
            return True
        for patterns, start in levels:
            verdict = patterns.ignores(path[start:])
            if verdict is not None:
                break
        else:
            verdict = _outer_verdict(self.outer, real)
        if verdict:
            self._skip("ignored by .gitignore")
        return bool(verdict)

    def _with_own(self, entries: list[os.DirEntry[str]], shown: str, levels: Levels) -> Levels:
        """The levels with the ignore files of this folder, nearest first."""
        for entry in entries:
            if entry.name in IGNORE_FILES and entry.is_file(follow_symlinks=False):
                levels = ((_patterns(entry.path), len(shown)), *levels)
        return levels

    def _skip(self, reason: str) -> None:
        self.tree.skipped[reason] = self.tree.skipped.get(reason, 0) + 1


def _patterns(path: str) -> Patterns:
    """The patterns of a file; none where it cannot be read, so that rather too much is scanned than too little."""
    try:
        with Path(path).open("rb") as file:
            return Patterns(file.read(_MAX_IGNORE_FILE_BYTES).decode("utf8", "surrogateescape"))
    except OSError:
        return Patterns("")


def _outer(top: str) -> list[tuple[Patterns, str]]:
    """What the repository around `top` ignores, nearest first: each file's patterns with its folder.

    Nothing where they ignore the top itself: who names an ignored folder wants it scanned.
    """
    found: list[tuple[Patterns, str]] = []
    folder = top
    while not os.path.exists(f"{folder}/.git"):  # noqa: PTH110
        parent = os.path.dirname(folder)  # noqa: PTH120
        if parent == folder:
            return []  # no repository, no rules of one
        folder = parent
        found += [(_patterns(f"{folder}/{n}"), f"{folder}/") for n in IGNORE_FILES if os.path.isfile(f"{folder}/{n}")]  # noqa: PTH113
    if os.path.isfile(exclude := f"{folder}/.git/info/exclude"):  # noqa: PTH113
        found.append((_patterns(exclude), f"{folder}/"))
    steps = [top]
    while steps[-1] != folder:
        steps.append(os.path.dirname(steps[-1]))  # noqa: PTH120
    return [] if any(_outer_verdict(found, f"{step}/") for step in steps[:-1]) else found


def _outer_verdict(outer: list[tuple[Patterns, str]], real: str) -> bool:
    for patterns, folder in outer:
        verdict = patterns.ignores(real[len(folder) :]) if real.startswith(folder) else None
        if verdict is not None:
            return verdict
    return False
