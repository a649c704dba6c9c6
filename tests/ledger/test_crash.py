"""What is left of a ledger whose process or machine stops anywhere."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from garrison.ledger import Ledger, journal, writer
from garrison.ledger.entry import Fields, parse
from garrison.ledger.note import Ed25519Signer
from garrison.ledger.tiles import Edge, frame, grow

from .disks import Disk, PowerCutError, Remains, abandon

SIGNER = Ed25519Signer.generate("example.com/ledger")


@pytest.fixture(autouse=True)
def _only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "INTERVAL_S", 3600)


@pytest.fixture
def _unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a disk would keep is worked out here; the real one need not be waited for."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda descriptor: None)


def note(reason: str) -> Fields:
    return Fields(actor="service:test", reason=reason)


def work(live: Path) -> Iterator[list[str]]:
    """A short life of a ledger, which names what it was told is durable after every step."""
    told = list[str]()

    def append(ledger: Ledger, count: int) -> list[str]:
        notes = [f"note {n}" for n in range(len(told), len(told) + count)]
        ledger.append_many(("note", note(reason)) for reason in notes)
        told.extend(notes)
        return told

    ledger = Ledger.create(live, SIGNER)
    try:
        yield told
        for count in (1, 2, 251):
            yield append(ledger, count)
        ledger.checkpoint()
        yield append(ledger, 1)
        yield append(ledger, 2)
        ledger.checkpoint()
        yield append(ledger, 3)
        ledger.close()
    except PowerCutError:
        abandon(ledger)
        raise
    yield told


def operations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many there are in that life."""
    disk = Disk(tmp_path / "whole", 10**9)
    disk.live.mkdir()
    with disk.running(monkeypatch):
        *_, told = work(disk.live)
    assert reasons(disk.live) == told
    return disk.count


def reasons(folder: Path) -> list[str]:
    """What is in a ledger that is opened, sound, and closed again."""
    with Ledger.open(folder, SIGNER) as ledger:
        ledger.checkpoint()
        assert ledger.verify() == []
        return [parse(entry).reason for entry in ledger.entries()]


@pytest.mark.slow
@pytest.mark.usefixtures("_unsynced")
def test_a_cut_at_any_operation_loses_nothing_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_RESERVE_BYTES", 512)
    count = operations(tmp_path, monkeypatch)
    assert count > 80
    for cut_at in range(1, count + 1):
        disk = Disk(tmp_path / f"{cut_at}", cut_at)
        disk.live.mkdir()
        told: list[str] | None = None
        with disk.running(monkeypatch), contextlib.suppress(PowerCutError):
            for step in work(disk.live):
                told = step
        assert disk.count >= cut_at
        for what in Remains:
            left = disk.remains(what, tmp_path / f"{cut_at}-{what.name}")
            if told is None and not (left / "checkpoint").exists():
                Ledger.create(left, SIGNER).close()
                continue
            found = reasons(left)
            assert found[: len(told or [])] == (told or []), f"{what} at {cut_at}"
            assert all(reason == f"note {n}" for n, reason in enumerate(found))


@pytest.mark.slow
@pytest.mark.usefixtures("_unsynced")
def test_a_tile_torn_at_any_byte_is_written_anew(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger", SIGNER)
    ledger.append("note", **note("note 0"))
    ledger.checkpoint()
    ledger.append("note", **note("note 1"))
    abandon(ledger)
    ledger.path.rename(tmp_path / "left")
    kept = (tmp_path / "left" / "checkpoint").read_bytes()
    entries = [frame(entry) for entry in Ledger.open(tmp_path / "left").entries()]
    framed = entries + journal.replay(tmp_path / "left" / "journal", 1).framed
    before = {path: path.read_bytes() for path in (tmp_path / "left").rglob("*") if path.is_file()}
    for tile, data in grow(Edge(), framed)[1]:
        path = tmp_path / "left" / tile.path
        for cut in range(len(data)):
            for old, content in before.items():
                old.write_bytes(content)
            path.write_bytes(data[:cut])
            assert reasons(tmp_path / "left") == ["note 0", "note 1"]
            assert path.read_bytes() == data
    assert (tmp_path / "left" / "checkpoint").read_bytes() != kept


def test_opening_says_what_it_found_and_what_it_dropped(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path, SIGNER)
    for n in range(3):
        ledger.append("note", **note(f"note {n}"))
    abandon(ledger)
    (segment,) = journal.segments(tmp_path / "journal")
    data = segment.read_bytes().rstrip(b"\0")
    segment.write_bytes(data[:-5])
    with Ledger.open(tmp_path, SIGNER) as again:
        assert len(again.replay.framed) == 2
        assert again.replay.dropped_bytes == len(data) // 3 - 5
        assert again.append("note", **note("note 2")) == 2
    assert reasons(tmp_path) == ["note 0", "note 1", "note 2"]
    assert journal.segments(tmp_path / "journal") == []


@pytest.mark.slow
def test_fifty_writers_that_are_killed_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    Ledger.create(tmp_path, SIGNER).close()
    chance = random.Random(4)
    told = dict[int, str]()
    command = [sys.executable, str(Path(__file__).parent / "nursery.py"), str(tmp_path), SIGNER.secret]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for _ in range(50):
            print(file=nursery.stdin, flush=True)
            told.update(killed_after(chance.uniform(0.005, 0.08), nursery.stdout))
            found = reasons(tmp_path)
            assert len(found) == len(set(found))
            assert {index: found[index] for index in told} == told
    assert len(told) > 50


def killed_after(seconds: float, said: Iterator[str]) -> dict[int, str]:
    """What a process told before it was killed, so many seconds after its first entry."""
    child = int(next(said))
    lines = [next(said)]
    assert lines[0] != "gone\n", "it ended by itself"
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    lines += itertools.takewhile(lambda line: line != "gone\n", said)
    return {int(index): reason.strip() for index, _, reason in (line.partition(" ") for line in lines)}
