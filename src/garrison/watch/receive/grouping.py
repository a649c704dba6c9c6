"""Lines out of the bytes of a file, and what several lines of a file tell together. No I/O: bytes in, pieces out.

A piece knows the offset where it begins: read again from `since` on, the same file gives the same pieces at the same offsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import msgspec

from garrison.events.mappers import Mapper
from garrison.watch.receive.intake import MOST_BYTES

HEAD_BYTES = 4096
"""Of a file, that a group may look at before it begins further on: where a header stands."""

_CUT = f"a piece of a line of more than {MOST_BYTES:,} bytes"


class Piece(NamedTuple):
    """A line, or several that are one; `wrong` says why it is none."""

    at: int
    data: bytes
    wrong: str = ""


class Lines:
    """Whole lines out of a stream of bytes. `at` is where the first byte stands that is not given yet."""

    def __init__(self, at: int) -> None:
        self.at = at
        self._rest, self._cut = b"", False

    @property
    def end(self) -> int:
        """Where the next bytes belong."""
        return self.at + len(self._rest)

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The lines that are whole now, without their ends and those that are blank; one that never ends comes in pieces."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            at, self.at = self.at, self.at + len(line) + 1
            yield from self._given(at, line)
            self._cut = False
        while len(self._rest) > MOST_BYTES:
            at, self.at = self.at, self.at + MOST_BYTES
            piece, self._rest, self._cut = self._rest[:MOST_BYTES], self._rest[MOST_BYTES:], True
            yield Piece(at, piece, _CUT)

    def rest(self) -> Iterator[Piece]:
        """What has no end and gets none."""
        at, line = self.at, self._rest
        self.at, self._rest = self.end, b""
        yield from self._given(at, line)
        self._cut = False

    def _given(self, at: int, line: bytes) -> Iterator[Piece]:
        told = line.rstrip(b"\r")
        if len(told) > MOST_BYTES:  # it came in one read
            for start in range(0, len(told), MOST_BYTES):
                yield Piece(at + start, told[start : start + MOST_BYTES], _CUT)
        elif told.strip():
            yield Piece(at, told, _CUT if self._cut else "")


class Group(Protocol):
    """Lines that belong together."""

    @property
    def since(self) -> int | None:
        """Where the oldest line begins that waits for others."""
        ...

    def put(self, line: Piece) -> Iterable[Piece]:
        """What is whole with this line."""
        ...

    def rest(self) -> Iterable[Piece]:
        """What waits for lines that do not come."""
        ...


class Single:
    """A line is a record."""

    since = None

    def put(self, line: Piece) -> Iterable[Piece]:
        """See `Group`."""
        return (line,)

    def rest(self) -> Iterable[Piece]:
        """See `Group`."""
        return ()


class Quoted:
    """Comma-separated values whose quoted fields hold ends of lines (RFC 4180, section 2, 6): PostgreSQL's `csvlog`."""

    def __init__(self) -> None:
        self._held: list[Piece] = []
        self._bytes = 0

    @property
    def since(self) -> int | None:
        """See `Group`."""
        return self._held[0].at if self._held else None

    def put(self, line: Piece) -> Iterable[Piece]:
        """A record is whole when as many quotes are closed as were opened; one that never is comes as pieces."""
        odd = line.data.count(b'"') % 2 == 1
        if line.wrong or (not self._held and (not odd or line.data.startswith(b"{"))):
            return (*self.rest(), line)
        closes = odd and bool(self._held)
        self._held.append(line)
        self._bytes += len(line.data) + 1
        if closes:
            held, self._held, self._bytes = self._held, [], 0
            return (Piece(held[0].at, b"\n".join(part.data for part in held)),)
        return self.rest() if self._bytes > MOST_BYTES else ()

    def rest(self) -> Iterable[Piece]:
        """See `Group`."""
        held, self._held, self._bytes = self._held, [], 0
        return [part._replace(wrong="a quote is not closed") for part in held]


_CRI = re.compile(rb"(\S{19,40} (stdout|stderr) )([FP])(?: (.*))?\Z", re.DOTALL)


class _Docker(msgspec.Struct):
    log: str
    time: str
    stream: str = ""


class _Part(msgspec.Struct):
    at: int
    head: bytes
    texts: list[bytes]
    size: int = 0


class Parts:
    """What a container runtime cut: CRI's lines marked P up to the one marked F, Docker's up to one whose text ends.

    Each of the two streams by itself. The whole has the time of its first part.
    """

    def __init__(self) -> None:
        self._held: dict[bytes, _Part] = {}
        self._decode = msgspec.json.Decoder(_Docker).decode

    @property
    def since(self) -> int | None:
        """See `Group`."""
        return min((part.at for part in self._held.values()), default=None)

    def put(self, line: Piece) -> Iterable[Piece]:
        """See `Group`."""
        if line.wrong:
            return (line,)
        if line.data.startswith(b"{"):
            return self._docker(line)
        found = _CRI.match(line.data)
        if found is None:
            return (line,)
        head, stream, mark, text = found.groups()
        return self._joined(line, stream, head + b"F ", text or b"", whole=mark == b"F")

    def rest(self) -> Iterable[Piece]:
        """See `Group`."""
        held, self._held = self._held, {}
        return [_whole(part) for part in sorted(held.values(), key=lambda part: part.at)]

    def _docker(self, line: Piece) -> Iterable[Piece]:
        try:
            told = self._decode(line.data)
        except msgspec.MsgspecError:
            return (line,)  # whoever maps it says what is wrong
        head = msgspec.json.encode({"time": told.time, "stream": told.stream})
        return self._joined(line, told.stream.encode(), head, told.log.encode(), whole=told.log.endswith("\n"))

    def _joined(self, line: Piece, stream: bytes, head: bytes, text: bytes, *, whole: bool) -> Iterable[Piece]:
        part = self._held.pop(stream, None)
        if part is None and whole:
            return (line,)
        part = part or _Part(line.at, head, [])
        part.texts.append(text)
        part.size += len(text)
        if whole or part.size > MOST_BYTES // 2:  # as JSON it may be longer
            return (_whole(part),)
        self._held[stream] = part
        return ()


def _whole(part: _Part) -> Piece:
    text = b"".join(part.texts)
    if not part.head.startswith(b"{"):
        return Piece(part.at, part.head + text)
    log = msgspec.json.encode(text.decode())
    return Piece(part.at, b'{"log":' + log + b"," + part.head[1:])


class Named:
    """Lines of fields that the first line of the file names: VPC flow logs. They come out in the order that is meant.

    Fields that are not meant are left out, and those that are missing are `-`.
    """

    since = None

    def __init__(self, fields: tuple[str, ...], head: bytes) -> None:
        self._fields = fields
        self._header = head.partition(b"\n")[0].split() if b"\n" in head else []
        self._order = self._ordered(self._header)

    def put(self, line: Piece) -> Iterable[Piece]:
        """See `Group`."""
        told = line.data.split()
        if line.at == 0 and self._ordered(told) is not None:
            self._header, self._order = told, self._ordered(told)
            return ()
        if line.wrong or self._order is None or len(told) != len(self._header):
            return (line,)
        return (line._replace(data=b" ".join(b"-" if at < 0 else told[at] for at in self._order)),)

    def rest(self) -> Iterable[Piece]:
        """See `Group`."""
        return ()

    def _ordered(self, header: list[bytes]) -> list[int] | None:
        """Where each field stands in the lines; None where this is no header."""
        names = [name.decode(errors="replace") for name in header]
        if not set(names) & set(self._fields):
            return None
        return [names.index(name) if name in names else -1 for name in self._fields]


def group(form: Mapper, head: bytes) -> Group:
    """How lines of a format belong together in a file that begins like this."""
    if form.NAME == "postgresql":
        return Quoted()
    if form.NAME == "container":
        return Parts()
    if form.NAME == "aws-vpc-flow":
        from garrison.events.mappers.aws_vpc_flow import VERSION_2

        return Named(VERSION_2, head)
    return Single()
