"""Dockerfiles of a tree to resources."""

from __future__ import annotations

from collections.abc import Sequence

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Place, Source, Value, absent, dig, known
from garrison.sources.dockerfile.stages import Image, image_of
from garrison.sources.dockerfile.syntax import parse
from garrison.sources.documents import load
from garrison.sources.interface import File, Tree

_MAX_BYTES = 1_000_000  # hand-written ones stay below 100 KB
_IGNORE_FILE = ".dockerignore"


class Dockerfile:
    """One file, as a table reads it."""

    __slots__ = ("_settings", "address", "place")

    def __init__(self, path: str, image: Image, place: Place, ignored: Value) -> None:
        self.address, self.place = path, place
        name = known(name_of(path), place)
        self._settings = {"name": name, "stages": image.stages, "context_ignores": ignored, **image.settings}

    @property
    def format(self) -> str:
        """The name of the source."""
        return "dockerfile"

    @property
    def type(self) -> str:
        """All are of one."""
        return "Dockerfile"

    @property
    def root(self) -> str:
        """A file is built alone."""
        return self.address

    @property
    def exists(self) -> Truth:
        """A file has no condition."""
        return YES

    @property
    def condition(self) -> str:
        """A file has no condition."""
        return ""

    def at(self, path: tuple[str, ...]) -> Value:
        """What is said at a path."""
        found = self._settings.get(path[0]) if path else None
        return absent(self.place) if found is None else dig(found, path, 1)

    def __repr__(self) -> str:
        return f"<{self.address}>"


def read_dockerfiles(files: Sequence[File], tree: Tree) -> list[Dockerfile]:
    """Every file with at least one stage."""
    found = []
    for file in files:
        source = load(file, tree)
        if source is None:
            continue
        text = _decoded(source, file, tree)
        if text is None:
            continue
        parsed = parse(source, text)
        for trouble in parsed.troubles:
            tree.problem(file.path, trouble.message, line=trouble.line, hint=trouble.hint)
        if not parsed.instructions:
            continue
        place = Place(source, parsed.instructions[0].place.start, parsed.instructions[-1].place.end)
        image = image_of(parsed, place)
        if image is not None:
            found.append(Dockerfile(file.path, image, place, _ignore_file(file, tree, place)))
    return found


def name_of(path: str) -> str:
    """What people call the image of a file: what its name says beside the word, else its folder's name."""
    folder, _, name = path.rpartition("/")
    said = [p for p in name.replace("-", ".").split(".") if p.lower() not in ("dockerfile", "containerfile")]
    return ".".join(said) or folder.rpartition("/")[2] or "Dockerfile"


def _decoded(source: Source, file: File, tree: Tree) -> str | None:
    if len(source.data) > _MAX_BYTES:
        message = (
            f"{len(source.data) // 1000:,} KB are too large for a Dockerfile: the limit is {_MAX_BYTES // 1000:,} KB"
        )
        tree.problem(file.path, message, hint="copy data in with COPY instead of writing it out")
        return None
    if b"\0" in source.data:
        tree.problem(file.path, "it is binary, and no Dockerfile", hint="call it something else")
        return None
    try:
        return source.data.decode()
    except UnicodeDecodeError as error:
        line = source.data.count(b"\n", 0, error.start) + 1
        tree.problem(file.path, f"it is not UTF-8 text ({error.reason})", line=line, hint="save it as UTF-8")
        return None


def _ignore_file(file: File, tree: Tree, place: Place) -> Value:
    """The file that keeps files out of its build: its own, or that of its folder or of one above, where it may be built."""
    folder = file.folder
    candidates = [f"{file.path}{_IGNORE_FILE}", f"{folder}/{_IGNORE_FILE}" if folder else _IGNORE_FILE]
    while folder:
        folder = folder.rpartition("/")[0]
        candidates.append(f"{folder}/{_IGNORE_FILE}" if folder else _IGNORE_FILE)
    path = next((c for c in candidates if c in tree.files), None)
    return absent(place) if path is None else known(path, place)
