"""The files of a Git revision, written to a folder so that they can be scanned as they were.

Git is asked for objects only. Nothing is checked out, so no hook, filter or large-file helper runs and no attribute is
heard; nothing is fetched, and nothing in the repository is written. What the files hold is not trusted: names that lead
out of the folder are left out, and links come last, so that nothing is written through them.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from garrison.errors import UsageError
from garrison.sources.discover import BINARY, IGNORE_FILES, printable
from garrison.sources.interface import MAX_FILE_BYTES, Note

_MAX_BYTES = 4_000_000_000  # of all files
_OPTIONS = ("--no-pager", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit")
# What a hook that starts a scan says of its own repository (git rev-parse --local-env-vars); that of the paths counts.
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")
_NO_FETCH = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
_LINK, _SUBMODULE = "120000", "160000"  # modes
_PARTIAL = "where the clone is partial, fetch the revision in full, and scan again"
_LARGE_FILE = b"version https://git-lfs.github.com/spec/"


class Revision(msgspec.Struct, frozen=True):
    """One commit of the repository around a folder."""

    name: str  # as the user gave it
    commit: str
    top: Path  # of the repository, links resolved


class _Entry(msgspec.Struct, frozen=True):
    mode: str
    blob: str
    size_bytes: int
    path: str


def revision_of(name: str, folder: Path) -> Revision:
    """The commit called so. Raises UsageError where there is no repository, no such commit, or no Git."""
    try:
        top = Path(os.fsdecode(_git(folder, "rev-parse", "--show-toplevel").removesuffix(b"\n")))
    except UsageError as error:
        hint = error.hint or "--diff compares with a commit: scan paths of one repository"
        raise UsageError(f"no Git repository can be read at {folder}: {error.message}", hint=hint) from error
    hint = "name a branch, tag or commit that is here; a shallow clone has only the last ones (git fetch --unshallow)"
    unknown = UsageError(f"no revision is called {name}", hint=hint)
    if name.startswith("-"):  # Git would take it for an option
        raise unknown
    try:
        commit = _git(top, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").decode().strip()
    except UsageError as error:
        raise unknown from error
    return Revision(name, commit, top)


def write(revision: Revision, folder: Path, into: Path) -> list[Note]:
    """What lay below `folder` in the revision, to the same place below `into`; notes on what was not written.

    Above it, what is ignored is written too. Raises UsageError where Git cannot read the revision.
    """
    below = folder.relative_to(revision.top)
    wanted = [] if below == Path() else [f"{below}/"]
    outer = [str(parent / name) for parent in below.parents for name in IGNORE_FILES]
    try:
        listed = _git(revision.top, "ls-tree", "-r", "-z", "-l", "--full-tree", revision.commit, "--", *wanted, *outer)
    except UsageError as error:
        raise UsageError(f"{revision.name} is not all here: {error.message}", hint=_PARTIAL) from error
    notes: list[Note] = []
    entries: list[_Entry] = []
    for entry in map(_parsed, filter(None, listed.split(b"\0"))):
        if why := _left_out(entry):
            notes.append(_note(entry, why, below, revision))
        elif entry.path.rpartition(".")[2].lower() not in BINARY:
            entries.append(entry)
    if sum(e.size_bytes for e in entries) > _MAX_BYTES:
        raise UsageError(f"{revision.name} holds more than {_MAX_BYTES // 1_000_000_000} GB", hint="scan a part of it")
    entries.sort(key=lambda e: e.mode == _LINK)
    for entry, data in zip(entries, _contents(revision, entries), strict=True):
        if why := _write(entry, data, into):
            notes.append(_note(entry, why, below, revision))
    return notes


def _note(entry: _Entry, why: str, below: Path, revision: Revision) -> Note:
    path = printable(os.path.relpath(entry.path, below))
    return Note(path, f"{why} in {revision.name}, so all in it counts as new")


def renames(revision: Revision, folder: Path) -> list[tuple[str, str]]:
    """Files that Git takes for renamed since, as old and new path from `folder`: what is committed or staged."""
    said = _git(
        revision.top, "diff-index", "--cached", "--find-renames", "--diff-filter=R", "--name-status", "-z",
        "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", revision.commit, "--",
    )  # fmt: skip
    fields = os.fsdecode(said).split("\0")[:-1]
    prefix = "" if folder == revision.top else f"{folder.relative_to(revision.top)}/"
    pairs = zip(fields[1::3], fields[2::3], strict=True)
    return [
        (a.removeprefix(prefix), b.removeprefix(prefix))
        for a, b in pairs
        if a.startswith(prefix) and b.startswith(prefix)
    ]


def _parsed(line: bytes) -> _Entry:
    """`<mode> <type> <object> <size>`, a tab, `<path>`."""
    head, _, path = line.partition(b"\t")
    mode, _, blob, size = head.decode().split()
    return _Entry(mode, blob, int(size) if size.isdigit() else 0, os.fsdecode(path))


def _left_out(entry: _Entry) -> str:
    """Why it is not written; "" where it is."""
    if entry.mode == _SUBMODULE:
        return "a submodule, which is not read"
    if any(step in ("", ".", "..", ".git") for step in entry.path.split("/")):
        return "a name that is none"
    return f"larger than {MAX_FILE_BYTES // 1_000_000} MB" if entry.size_bytes > MAX_FILE_BYTES else ""


def _write(entry: _Entry, data: bytes, into: Path) -> str:
    """Why it was not written; "" where it was."""
    if data.startswith(_LARGE_FILE):
        return "kept by Git LFS"
    place = into / entry.path
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode != _LINK:
            with place.open("xb") as file:
                file.write(data)
        elif place.parent.resolve().is_relative_to(into):
            place.symlink_to(os.fsdecode(data))
    except (OSError, ValueError) as error:
        return f"cannot be written ({error})"
    return ""


def _contents(revision: Revision, entries: Sequence[_Entry]) -> Iterator[bytes]:
    """What each entry holds, one at a time. Raises UsageError for one that is not here."""
    with tempfile.TemporaryFile() as asked:
        asked.writelines(f"{entry.blob}\n".encode() for entry in entries)
        asked.seek(0)
        command = _command(revision.top, "cat-file", "--batch", "--buffer")
        with subprocess.Popen(  # noqa: S603 - fixed arguments
            command, stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        ) as git:
            assert git.stdout is not None  # noqa: S101 - it is a pipe
            for entry in entries:
                yield _content(git.stdout, entry, revision)


def _content(stream: IO[bytes], entry: _Entry, revision: Revision) -> bytes:
    """One answer: `<object> blob <size>`, a line feed, what it holds, a line feed."""
    head = stream.readline().split()
    data = stream.read(entry.size_bytes + 1) if head[1:2] == [b"blob"] else b""
    if len(data) != entry.size_bytes + 1:
        raise UsageError(f"{revision.name} is not all here: {printable(entry.path)} is missing", hint=_PARTIAL)
    return data[:-1]


def _git(folder: Path, *arguments: str) -> bytes:
    """What Git prints. Raises UsageError with Git's own words."""
    try:
        done = subprocess.run(_command(folder, *arguments), capture_output=True, env=_environment(), check=False)  # noqa: S603 - fixed arguments
    except FileNotFoundError as error:
        raise UsageError("git is not installed", hint="--diff needs it") from error
    if done.returncode:
        said = done.stderr.decode("utf8", "replace").strip()
        hint = f"if you trust it: git config --global --add safe.directory {folder}" if "safe.directory" in said else ""
        fatal = next((line for line in said.splitlines() if line.startswith("fatal: ")), said)
        raise UsageError(fatal.removeprefix("fatal: "), hint=hint)
    return done.stdout


def _command(folder: Path, *arguments: str) -> list[str]:
    return ["git", "-C", str(folder), *_OPTIONS, *arguments]


def _environment() -> dict[str, str]:
    """The user's, without what names another repository."""
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    return {**kept, **_NO_FETCH, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
