"""An intake with a spool of its own, and what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from garrison.events.event import Event
from garrison.events.mappers import Mapper
from garrison.watch.receive.input import Around, Sample
from garrison.watch.receive.intake import SpoolIntake
from garrison.watch.spool import Spool
from garrison.watch.store.rows import COLUMNS, event_of


class Kept:
    """What a test asks of an intake: its events, and what went into the quarantine."""

    def __init__(self, folder: Path, *, names: Sequence[str] = ("here",), max_bytes: int = 1 << 30) -> None:
        self.spool = Spool.open(folder / "spool", COLUMNS, max_bytes=max_bytes)
        self.strange: list[tuple[str, str, bytes, str]] = []
        self.samples: list[Sample] = []
        self.intake = SpoolIntake(
            dict.fromkeys(names, self.spool),
            redact=self.redact,
            quarantine=self,
            keep_samples=lambda _, samples: self.samples.extend(samples),
        )
        self.around = Around(self.intake, folder, lambda name: folder / name)

    def redact(self, form: Mapper, line: bytes) -> bytes:
        del form
        return line.replace(b"ann@example.com", b"***")

    def put(self, input: str, form: str, line: bytes, reason: str) -> None:  # noqa: A002 - as the intake calls it
        self.strange.append((input, form, line, reason))

    def events(self) -> list[Event]:
        """What is in the spool, in its order; it stays there."""
        taken = self.spool.take(wait_s=0, most=1 << 30)
        rows = taken.batch.rows if taken else []
        return [event_of(_values(row))[0] for row in rows]


def _values(row: bytes) -> list[object]:
    count = len(COLUMNS)
    found: list[object] = msgspec.msgpack.decode(b"\xdc" + count.to_bytes(2, "big") + row)
    return found


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.intake.close()
    made.spool.close()
