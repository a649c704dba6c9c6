"""Lines out of a stream of bytes, in slices; a line that never ends is handed over in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from garrison.watch.receive.input import Line
from garrison.watch.receive.intake import MOST_BYTES

AT_ONCE = 1_000
"""Lines of a slice; it has about a MiB at the most."""


async def slices(pieces: AsyncIterator[bytes], place: Sequence[object] = ()) -> AsyncGenerator[list[Line], None]:
    """The lines of a stream, without their ends and those that are blank. A line's number goes behind `place`."""
    found: list[Line] = []
    rest, number, size, cut = b"", 0, 0, False
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for data in whole:
            number += 1
            line = data.rstrip(b"\r")
            if cut or line.strip():
                found.append(Line(line, (*place, number), _CUT if cut else ""))
            cut, size = False, size + len(data)
            if len(found) >= AT_ONCE or size > MOST_BYTES:
                yield found
                found, size = [], 0
        while len(rest) > MOST_BYTES:
            yield [*found, Line(rest[:MOST_BYTES], (*place, number + 1), _CUT)]
            found, size, rest, cut = [], 0, rest[MOST_BYTES:], True
    if cut or rest.strip():
        found.append(Line(rest.rstrip(b"\r"), (*place, number + 1), _CUT if cut else ""))
    if found:
        yield found


_CUT = f"a piece of a line of more than {MOST_BYTES:,} bytes"
