"""Files that are one document, as clouds write them: all of it, or nothing, can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from garrison.errors import UnmappedError
from garrison.events.mappers import Mapper, records
from garrison.watch.receive.grouping import Lines, Piece
from garrison.watch.receive.intake import MOST_BYTES

DOCUMENT_BYTES = 256 << 20
"""Of a document, at the most."""

_DOCUMENT = re.compile(rb'\s*\{\s*"(?:[Rr]ecords"|kind"\s*:\s*"EventList)')
_PIECES = "this is no document of {}: {}"


def is_document(form: Mapper, head: bytes) -> bool:
    """Whether a file of a format that begins like this is one document."""
    return hasattr(form, "records") and _DOCUMENT.match(head) is not None


def split(form: Mapper, data: bytes) -> list[Piece]:
    """The records of a document, each with its number. Raises UnmappedError."""
    if len(data) > DOCUMENT_BYTES:
        raise UnmappedError(f"more than {DOCUMENT_BYTES:,} bytes are no document")
    try:
        return [Piece(number, bytes(record)) for number, record in enumerate(records(form, data))]
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnmappedError(_PIECES.format(form.LABEL, error)) from error


def broken(data: bytes, why: str) -> Iterator[Piece]:
    """A document that cannot be read, in pieces."""
    return (Piece(at, data[at : at + MOST_BYTES], why) for at in range(0, len(data), MOST_BYTES))


def lines(data: bytes) -> Iterator[Piece]:
    """The lines of a file that is whole."""
    found = Lines(0)
    yield from found.feed(data)
    yield from found.rest()
