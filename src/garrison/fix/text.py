"""What both writers share: offsets of places, and a change of a text."""

from __future__ import annotations


def offset(data: bytes, packed: int, *, byte_columns: bool) -> int:
    """Where a packed line and column stand in a text."""
    line, column = packed >> 20, packed & ((1 << 20) - 1)
    start = 0
    for _ in range(line):
        start = data.find(b"\n", start) + 1
        if not start:
            return len(data)
    if byte_columns:
        return start + column
    end = data.find(b"\n", start)
    said = data[start : end if end >= 0 else len(data)].decode("utf8", "replace")
    return start + len(said[:column].encode())


def indent_at(data: bytes, at: int) -> bytes:
    """The white space before what stands first in the line of an offset."""
    start = data.rfind(b"\n", 0, at) + 1
    line = data[start:at]
    return line[: len(line) - len(line.lstrip(b" \t"))]


def line_end(data: bytes, at: int) -> int:
    """Where the line of an offset ends: before its line feed, and a carriage return before that."""
    end = data.find(b"\n", at)
    end = len(data) if end < 0 else end
    return end - 1 if end > at and data[end - 1 : end] == b"\r" else end


def break_of(data: bytes) -> bytes:
    """How lines end in a text."""
    return b"\r\n" if b"\r\n" in data else b"\n"


def replaced(data: bytes, start: int, end: int, text: bytes) -> bytes:
    """A text with a span of it exchanged."""
    return data[:start] + text + data[end:]
