"""Log files that are there as a whole: lines or documents, packed or not."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from garrison.errors import UnmappedError, UnreadableError
from garrison.events.mappers import Mapper, records

_GZIP = b"\x1f\x8b"
_LINE_BYTES = 16 << 20
_DOCUMENT_BYTES = 1 << 30


class Unread(msgspec.Struct):
    """How many lines or files were not what they were taken for, and why the first was not."""

    count: int = 0
    because: str = ""

    def add(self, why: str) -> None:
        """Count one."""
        self.count += 1
        self.because = self.because or why

    def __str__(self) -> str:
        return f"{self.count:,} lines or files could not be read; the first: {self.because}"


def numbered(form: Mapper, files: Sequence[Path], unread: Unread) -> Iterator[tuple[Path, int, bytes]]:
    """The records of files, each with its number from 0 on in its file; one that cannot be read keeps no other from being read."""
    for file in files:
        try:
            for number, record in enumerate(records_of(form, file)):
                yield file, number, record
        except (UnmappedError, UnreadableError) as error:
            unread.add(str(error))


def records_of(form: Mapper, path: Path) -> Iterator[bytes]:
    """The records of a file, also of one that is packed with gzip (RFC 1952). One whose format has documents is read as a whole.

    Raises UnmappedError for a file that is not of the format, UnreadableError for one that cannot be read; both name it.
    """
    try:
        with path.open("rb") as stored:
            packed = stored.peek(len(_GZIP)).startswith(_GZIP)
            opened: io.BufferedIOBase = gzip.GzipFile(fileobj=stored) if packed else stored
            yield from _documents(form, opened) if hasattr(form, "records") else _lines(opened)
    except UnmappedError as error:
        raise UnmappedError(f"{path.name}: {error.message}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableError(f"cannot be read: {error}", path=str(path)) from error


def _documents(form: Mapper, opened: io.BufferedIOBase) -> Iterator[bytes]:
    data = opened.read(_DOCUMENT_BYTES + 1)
    if len(data) > _DOCUMENT_BYTES:
        raise UnmappedError("more than 1 GiB, and this format is read as a whole: split the file")
    yield from records(form, data)


def _lines(opened: io.BufferedIOBase) -> Iterator[bytes]:
    while line := opened.readline(_LINE_BYTES):
        if line := line.strip():
            yield line
