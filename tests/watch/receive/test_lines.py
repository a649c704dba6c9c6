"""Lines out of pieces, wherever they are cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.watch.receive import lines
from garrison.watch.receive.input import Line
from garrison.watch.receive.lines import slices


def cut(pieces: list[bytes]) -> list[list[Line]]:
    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def run() -> list[list[Line]]:
        return [some async for some in slices(stream(), ("a",))]

    return asyncio.run(run())


@given(st.lists(st.binary(max_size=6).map(lambda data: data.replace(b"\0", b"\n")), max_size=12))
def test_lines_are_the_same_wherever_they_are_cut(pieces: list[bytes]) -> None:
    found = [line for some in cut(pieces) for line in some]
    whole = [line.rstrip(b"\r") for line in b"".join(pieces).split(b"\n")]
    assert [(line.data, line.place) for line in found] == [
        (line, ("a", number)) for number, line in enumerate(whole, start=1) if line.strip()
    ]


def test_slices_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "AT_ONCE", 10)
    monkeypatch.setattr(lines, "MOST_BYTES", 50)
    found = cut([b"a\n" * 9, b"b\n" * 30, b"c" * 200, b"\nd"])
    assert all(len(some) <= 30 and sum(len(line.data) for line in some) <= 51 + 50 for some in found)
    said = [(line.data, bool(line.wrong)) for some in found for line in some]
    assert said == [(b"a", False)] * 9 + [(b"b", False)] * 30 + [(b"c" * 50, True)] * 4 + [(b"d", False)]
