"""Files that are on the disk when the call returns, whole or not at all; and reading no more than is meant to be there."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from garrison.errors import LedgerError, UnreachedError

_MOST_BYTES = 1_000_000


def create(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """A file that was not there. Raises FileExistsError where there is one, OSError where it cannot be written."""
    _put(path, data, mode, os.link)


def replace(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """A file, in the place of the one that may be there: a reader finds the old or the new one. Raises OSError."""
    _put(path, data, mode, os.rename)


def keep(path: Path, data: bytes) -> None:
    """`replace`, for what is kept beside a ledger. Raises UnreachedError."""
    try:
        replace(path, data)
    except OSError as error:
        hint = "make room, or see who may write here"
        raise UnreachedError(f"cannot be written: {error.strerror}", hint=hint, path=str(path)) from error


def read(path: Path) -> bytes | None:
    """What is kept; None where nothing is. Raises LedgerError where it is too large to be that, UnreachedError."""
    try:
        data = read_bounded(path, _MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreachedError(f"cannot be read: {error.strerror}", hint="see who may read it", path=str(path)) from error
    if len(data) > _MOST_BYTES:
        raise LedgerError(
            f"more than {_MOST_BYTES:,} bytes", hint="this is another file; find out who put it here", path=str(path)
        )
    return data


def replace_all(top: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """Files under a folder, by their names in it: each whole or not at all, and all of them when this returns.

    Every file is written before the first is synced, so that the first sync takes the file system's notes about all along.
    One that was cut off is left beside its place, with `.tmp` behind its name, until the file is written anew. Raises OSError.
    """
    places = [top / name for name, _ in files]
    folders = {top / parent for name, _ in files for parent in Path(name).parents}
    for folder in sorted(folders - {top}, key=lambda folder: len(folder.parts)):
        folder.mkdir(exist_ok=True)  # `top` is there, or it was taken away, and is not begun anew
    with contextlib.ExitStack() as opened:
        descriptors = []
        for path, (_, data) in zip(places, files, strict=True):
            descriptor = os.open(f"{path}.tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            opened.callback(os.close, descriptor)
            write_at(descriptor, 0, data)
            descriptors.append(descriptor)
        for descriptor in descriptors:
            os.fsync(descriptor)
    for path in places:
        Path(f"{path}.tmp").rename(path)
    for folder in folders:
        sync_folder(folder)


def read_bounded(path: Path, most: int) -> bytes:
    """A file that should not be larger than this: what is, gives one byte more; a pipe gives nothing. Raises OSError."""
    with open(path, "rb", opener=at_once) as file:
        return file.read(most + 1)


def write_at(descriptor: int, at_byte: int, data: bytes) -> None:
    """All of it, from this place in a file on. Raises OSError; a part of it may be written then."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, at_byte)
        view, at_byte = view[written:], at_byte + written


def make_folder(path: Path) -> None:
    """A folder, and those above it, whose names are on the disk too. Raises OSError."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def at_once(path: str, flags: int) -> int:
    """What others may have put there is not waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def _put(path: Path, data: bytes, mode: int, name: Callable[[str, Path], None]) -> None:
    """Written beside its place under another name first; that one starts with a dot and is gone in the end."""
    descriptor, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        name(made, path)
    finally:
        Path(made).unlink(missing_ok=True)
    sync_folder(path.parent)
