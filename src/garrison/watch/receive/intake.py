"""The intake: lines become events, and are on the disk when their sender is told so.

What a line holds is a stranger's: whatever it does to a mapper, it goes into the quarantine with the reason, and the next line is looked
at. Mapping and writing run in threads, so that the loop goes on to serve others meanwhile; those who come together share a sync of the
disk. `Spool` takes what is of one retention class: each input has the spool of its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from garrison.errors import BusyError, GarrisonError, UnmappedError
from garrison.events.event import Event
from garrison.events.mappers import mapped
from garrison.watch.quarantine.quarantine import Quarantine
from garrison.watch.receive.input import Count, Line, Sample, Source
from garrison.watch.redact.redactor import Redactor
from garrison.watch.spool import Batch, Spool
from garrison.watch.store.rows import batch

if TYPE_CHECKING:
    from garrison.watch.models.sketching import Sketching

MOST_BYTES = 1 << 20
"""Of a line; a longer one is no line of any log. Inputs hand it over in pieces, `wrong`, and those go into the quarantine."""

SKETCHED = "garrison-gateway"
"""The format of logs that tells what models were asked (garrison.watch.models.sketching)."""

_AT_ONCE = 1_000  # lines in one thread, and in one batch
_THREADS = 8  # they wait for the disk most of the time

KeepSamples = Callable[[str, Sequence[Sample]], None]


class SpoolIntake:
    """The intake of a watch. `counts` is what was counted of each input since it began."""

    def __init__(
        self,
        spools: Mapping[str, Spool],
        redactor: Redactor,
        quarantine: Quarantine,
        *,
        sketching: Sketching | None = None,
        keep_samples: KeepSamples,
    ) -> None:
        """`spools`: by the names of inputs; those of one retention class share one. `sketching`: where models are watched."""
        self.counts: Counter[tuple[str, Count]] = Counter()
        self._spools, self._redactor, self._quarantine = spools, redactor, quarantine
        self._sketching, self._keep_samples = sketching, keep_samples
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="intake")

    async def take(self, source: Source, lines: Sequence[Line]) -> int:
        """See `Intake`."""
        loop, name, taken = asyncio.get_running_loop(), source.name, 0
        for at in range(0, len(lines), _AT_ONCE):
            part = lines[at : at + _AT_ONCE]
            try:
                events = await loop.run_in_executor(self._threads, self._keep, source, part)
            except BusyError:
                self.count(name, Count.REFUSED, len(lines) - at)
                raise
            self.count(name, Count.LINES, len(part))
            self.count(name, Count.BYTES, sum(len(line.data) for line in part))
            self.count(name, Count.EVENTS, events)
            self.count(name, Count.QUARANTINED, len(part) - events)
            taken += events
        return taken

    async def sample(self, source: str, samples: Sequence[Sample]) -> None:
        """See `Intake`."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._keep_samples, source, samples)
        self.count(source, Count.SAMPLES, len(samples))

    def count(self, source: str, what: Count, by: int = 1) -> None:
        """See `Intake`."""
        self.counts[source, what] += by

    def close(self) -> None:
        """Wait until what was begun is on the disk."""
        self._threads.shutdown()

    def _keep(self, source: Source, lines: Sequence[Line]) -> int:
        """How many of the lines are events; the others are in the quarantine. Raises BusyError."""
        events, strange = self._events(source, lines)
        try:
            rows = batch(events)
        except UnmappedError:
            rows, unkept = _one_by_one(events)
            strange += unkept
        self._spools[source.name].append(rows)
        if strange:
            self._quarantine.put_all(source.name, source.form.NAME, strange)
        return len(lines) - len(strange)

    def _events(self, source: Source, lines: Sequence[Line]) -> tuple[list[Event], list[tuple[bytes, str]]]:
        """The events of lines, and the lines that are none, with the reasons."""
        form, name, redact = source.form, source.name, self._redactor.line
        sketches = self._sketching.sketches if self._sketching and form.NAME == SKETCHED else None
        events: list[Event] = []
        strange: list[tuple[bytes, str]] = []
        for line, is_plain in zip(lines, self._redactor.plain(form, [line.data for line in lines]), strict=True):
            if line.wrong or len(line.data) > MOST_BYTES:
                strange.append((line.data, line.wrong or f"{len(line.data):,} bytes are no line"))
                continue
            try:
                event = mapped(form, line.data if is_plain else redact(form, line.data), *line.place)
                if sketches is not None:  # of the line as it came: redaction may drop what was asked
                    event.sketches = sketches(line.data)
            except GarrisonError as error:
                strange.append((line.data, error.message))
            except Exception as error:  # noqa: BLE001 - one stranger's line stops no other
                strange.append((line.data, f"{form.LABEL} cannot be read: {type(error).__name__}: {error}"))
            else:
                event.log_name = name
                events.append(event)
        return events, strange


def _one_by_one(events: Sequence[Event]) -> tuple[Batch, list[tuple[bytes, str]]]:
    """Events as rows, less those that no column holds: these as they came, with the reasons."""
    kept, unkept = [], []
    for event in events:
        try:
            batch([event])
        except UnmappedError as error:
            unkept.append((event.raw, error.message))
        else:
            kept.append(event)
    return batch(kept), unkept
