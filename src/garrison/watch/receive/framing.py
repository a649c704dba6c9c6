"""Messages of syslog out of a stream: counted (RFC 5425, section 4.3.1; RFC 6587, section 3.4.1) or ended by a line's end (section 3.4.2).

Which of them it is, each message tells by itself. What a sender lies about ends with its connection, or at the next end of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from garrison.watch.receive.grouping import Piece
from garrison.watch.receive.intake import MOST_BYTES

_COUNTED = re.compile(rb"([1-9][0-9]{0,9}) ")
_DIGITS = re.compile(rb"[1-9][0-9]{0,9}\Z")
_ENDS = b"\r\n\0"


class Frames:
    """What a connection sends. A piece's `at` is the number of its message."""

    def __init__(self) -> None:
        self._rest, self._number, self._cut = bytearray(), 0, False

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The messages that are whole now. ValueError behind the last one where a length is beyond reason: hear no more."""
        rest = self._rest
        rest += data
        start = 0
        while start < len(rest):
            counted = None if self._cut else _COUNTED.match(rest, start)
            if counted is not None:
                begin, length = counted.end(), int(counted[1])
                if length > MOST_BYTES:
                    rest.clear()
                    raise ValueError(f"a message of {length:,} bytes is announced")
                if len(rest) - begin < length:
                    break
                start = begin + length
                yield from self._given(bytes(rest[begin:start]))
                continue
            if not self._cut and _DIGITS.match(rest, start):
                break
            end = rest.find(b"\n", start, start + MOST_BYTES + 1)
            if end < 0 and len(rest) - start <= MOST_BYTES:
                break
            is_cut = end < 0
            end = start + MOST_BYTES if is_cut else end
            yield from self._given(bytes(rest[start:end]), cut=is_cut or self._cut)
            start, self._cut = (end, True) if is_cut else (end + 1, False)
        del rest[:start]

    def rest(self) -> Iterator[Piece]:
        """What the connection ended in."""
        data, self._rest = bytes(self._rest), bytearray()
        if (found := _COUNTED.match(data)) is not None and not self._cut:
            self._number += 1
            yield Piece(self._number, data[:MOST_BYTES], f"{len(data) - found.end():,} of {int(found[1]):,} bytes came")
        else:
            yield from self._given(data, cut=self._cut)

    def _given(self, message: bytes, *, cut: bool = False) -> Iterator[Piece]:
        message = message.rstrip(_ENDS)
        if message:
            self._number += 1
            yield Piece(self._number, message, f"a piece of a message of more than {MOST_BYTES:,} bytes" if cut else "")
