"""Whatever a line holds, it becomes an event or goes into the quarantine, and the next one is looked at."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.watch.receive.conftest import Kept

from garrison.errors import BusyError
from garrison.events.event import Event
from garrison.events.mappers import mapper
from garrison.watch.receive.input import Count, Line, Sample, Source
from garrison.watch.receive.intake import MOST_BYTES, SpoolIntake
from garrison.watch.spool import Spool
from garrison.watch.store.rows import COLUMNS

GATEWAY = Source("here", mapper("garrison-gateway"))
GOOD = {"time": "2026-11-25T10:11:12.345Z", "request_id": "r1", "client": "ann@example.com", "decision": "allow"}
DEEP = b'{"time":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HOSTILE = {
    "too long": b'{"a":"' + b"x" * MOST_BYTES + b'"}',
    "deep": DEEP,
    "deep beside": json.dumps(GOOD).encode()[:-1] + b',"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no UTF-8": b'{"time":"2026-11-25T10:11:12Z","decision":"\xff\xfe"}',
    "NUL": b"\0" * 40,
    "nothing": b"",
    "a huge number": b'{"time":"2026-11-25T10:11:12Z","decision":"allow","status":' + b"9" * 5000 + b"}",
    "another document": b"[1,2]",
    "an escape of a terminal": b"\x1b]0;owned\x07\x1b[2J",
    "a lone surrogate": b'{"time":"2026-11-25T10:11:12Z","decision":"\\ud800"}',
}


def good(number: int, **more: object) -> Line:
    return Line(json.dumps({**GOOD, "request_id": f"r{number}", **more}).encode())


def test_one_hostile_line_never_stops_the_others(kept: Kept) -> None:
    lines = [good(n) for n in range(len(HOSTILE))]
    mixed = [line for pair in zip(map(Line, HOSTILE.values()), lines, strict=True) for line in pair]
    assert asyncio.run(kept.intake.take(GATEWAY, mixed)) == len(lines)
    assert [event.uid for event in kept.events()] == [f"r{n}" for n in range(len(HOSTILE))]
    assert [line for _, _, line, _ in kept.strange] == list(HOSTILE.values())
    assert all(reason and (name, form) == ("here", GATEWAY.form.NAME) for name, form, _, reason in kept.strange)
    assert kept.intake.counts == {
        ("here", Count.LINES): len(mixed),
        ("here", Count.BYTES): sum(len(line.data) for line in mixed),
        ("here", Count.EVENTS): len(lines),
        ("here", Count.QUARANTINED): len(HOSTILE),
    }


def test_nothing_behind_redaction_sees_what_it_took(kept: Kept) -> None:
    asyncio.run(kept.intake.take(GATEWAY, [good(1)]))
    (event,) = kept.events()
    assert (event.actor_user, event.log_name) == ("***", "here")
    assert b"ann@example.com" not in event.raw


def test_the_same_line_at_the_same_place_is_one_event(kept: Kept) -> None:
    syslog, line = Source("here", mapper("syslog")), b"<13>Nov 24 10:11:12 gpu-1 kernel: NVRM: Xid 79"
    asyncio.run(kept.intake.take(syslog, [Line(line, (1,)), Line(line, (2,)), Line(line, (1,))]))
    uids = [event.uid for event in kept.events()]
    assert (len(set(uids)), uids[0]) == (2, uids[2])


def test_what_a_column_cannot_hold_is_quarantined_alone(kept: Kept) -> None:
    """A mapper that tells more than a column holds is a defect of ours; its line is kept all the same."""

    class Broken:
        NAME, LABEL = "broken", "broken"

        def event(self, line: bytes) -> Event:
            event = GATEWAY.form.event(line)
            if event.uid == "r1":
                event.bytes_in = 1 << 70
            return event

    asyncio.run(kept.intake.take(Source("here", Broken()), [good(0), good(1), good(2)]))
    assert [event.uid for event in kept.events()] == ["r0", "r2"]
    assert len(kept.strange) == 1


def test_a_full_spool_refuses_and_says_how_much(tmp_path: Path) -> None:
    with Spool.open(tmp_path, COLUMNS, max_bytes=400_000) as spool:
        intake = SpoolIntake(
            {"here": spool},
            redact=lambda _, line: line,
            quarantine=None,  # type: ignore[arg-type] # nothing of this test goes there
            keep_samples=lambda *_: None,
        )
        with pytest.raises(BusyError, match="full"):
            asyncio.run(intake.take(GATEWAY, [good(n) for n in range(5_000)]))
        intake.close()
        refused = intake.counts["here", Count.REFUSED]
        assert refused > 0
        assert intake.counts["here", Count.EVENTS] + refused == 5_000
        assert spool.pending == intake.counts["here", Count.EVENTS]


def test_samples_are_kept_and_counted(kept: Kept) -> None:
    asyncio.run(kept.intake.sample("node", [Sample(1, "node_load1", 0.5)]))
    assert [sample.name for sample in kept.samples] == ["node_load1"]
    assert kept.intake.counts["node", Count.SAMPLES] == 1
