"""Lines of the quarantine, mapped again by the mappers of today: what is an event now goes into the store, redacted.

They stay in the quarantine until their days are over. That does no harm: to retry them again finds their events in the store.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.errors import GarrisonError, UnmappedError
from garrison.events.event import Event
from garrison.events.mappers import mapped, mapper
from garrison.ledger import Ledger
from garrison.watch.quarantine.reading import Kept
from garrison.watch.redact.redactor import Redactor
from garrison.watch.spool import Spool
from garrison.watch.store.rows import COLUMNS, batch
from garrison.watch.store.write import keep

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_AT_ONCE: Final = 1_000
_MOST_BYTES: Final = 1 << 20  # of a line that the intake maps; a longer one is no line of any log


class Retried(msgspec.Struct):
    """What became of them; `because` is the first reason why one is still no event."""

    events: int = 0
    doubles: int = 0
    strange: int = 0
    because: str = ""


def retry(
    lines: Iterable[Kept],
    redactor: Redactor,
    folder: Path,
    *,
    client: Client,
    ledger: Ledger | None,
    classes: Mapping[str, str],
) -> Retried:
    """Map lines and store their events. `folder` has the spools in which they wait, `classes` the retention of each input.

    Raises BusyError where the store takes nothing now, LedgerError; call it again then.
    """
    done = Retried()
    with contextlib.ExitStack() as open_:
        spools: dict[str, Spool] = {}
        for name in {path.name for path in folder.glob("*")} | {*classes.values(), "standard"}:
            spools[name] = open_.enter_context(Spool.open(folder / name, COLUMNS))
        groups: dict[str, list[Event]] = {name: [] for name in spools}
        for name, event in _events(lines, redactor, classes, done):
            groups[name].append(event)
            if len(groups[name]) >= _AT_ONCE:
                _append(spools[name], groups[name], done)
                groups[name] = []
        for name, spool in spools.items():
            _append(spool, groups[name], done)
            kept = keep(client, spool, ledger, retention=name)
            done.events += kept.events
            done.doubles += kept.doubles
    return done


def _events(
    lines: Iterable[Kept], redactor: Redactor, classes: Mapping[str, str], done: Retried
) -> Iterator[tuple[str, Event]]:
    """The events of lines with their classes: a line is named by what it holds, so that one that was sent twice is one event."""
    for kept in lines:
        try:
            if len(kept.line) > _MOST_BYTES:
                raise UnmappedError(f"{len(kept.line):,} bytes are no line")
            form = mapper(kept.head.form)
            event = mapped(form, redactor.line(form, kept.line))
        except GarrisonError as error:
            _strange(done, kept.at, error)
            continue
        event.log_name = kept.head.input
        yield classes.get(kept.head.input, "standard"), event


def _append(spool: Spool, events: list[Event], done: Retried) -> None:
    """Put events into a spool; where one has what no column holds, the others."""
    try:
        spool.append(batch(events))
    except UnmappedError:
        for event in events:
            try:
                spool.append(batch([event]))
            except UnmappedError as error:
                _strange(done, event.uid, error)


def _strange(done: Retried, at: str, error: GarrisonError) -> None:
    done.strange += 1
    done.because = done.because or f"{at}: {error.message}"
