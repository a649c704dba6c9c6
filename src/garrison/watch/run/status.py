"""What the processes of a watch have told, put together: what is received, what waits, and who is behind."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from garrison.errors import EventsError
from garrison.watch.alerts.store import Alerts
from garrison.watch.file.read import Loaded
from garrison.watch.routes import outbox
from garrison.watch.run.told import EVERY_S, Beating, Input, Judged, Received, Said, Spooled, began, told
from garrison.words import counted

_OLD_S: Final = 5 * EVERY_S


class Process(msgspec.Struct, frozen=True):
    """One of them: whether it runs, and for how long it has."""

    running: bool
    pid: int = 0
    up_s: int = 0


class Status(msgspec.Struct, frozen=True):
    """All of it."""

    processes: dict[str, Process]
    inputs: dict[str, Input]
    spools: dict[str, Spooled]
    stored: int
    doubles: int
    judged: int
    has_judged: bool  # whether there was ever a judge here
    behind_s: int  # the judge: by how much what it has judged is older than what is stored
    broken_rules: int
    deliveries: int  # that wait
    waits: str  # what keeps events from being stored


def status(loaded: Loaded) -> Status:
    """What is told in the state folder of a watch file."""
    state = loaded.state
    received, judged = told(state, "receive", Received), told(state, "judge", Judged)
    here, said = received[1] if received else Received(), judged[1] if judged else Judged()
    is_behind = any(said.batches.get(begins, "") < last for begins, last in here.batches.items())
    since = began(state)
    since_s = said.stored_s or (int(since.timestamp()) if since else here.stored_s)
    return Status(
        processes=processes(state, parts(loaded)),
        inputs=here.inputs,
        spools=here.spools,
        stored=here.stored,
        doubles=here.doubles,
        judged=said.events,
        has_judged=judged is not None,
        behind_s=max(here.stored_s - since_s, 1) if is_behind else 0,
        broken_rules=said.broken_rules,
        deliveries=_deliveries(loaded),
        waits=here.waits,
    )


def parts(loaded: Loaded) -> tuple[str, ...]:
    """The processes of a watch, by the names that they tell of themselves under."""
    return ("receive", *(["store"] if isinstance(loaded.store, Path) else []), "judge", "tell")


def processes(state: Path, names: Iterable[str]) -> dict[str, Process]:
    """Whether those of a state folder run."""
    return {name: _process(found[0] if (found := told(state, name, Beating)) else None) for name in names}


def _process(said: Said | None) -> Process:
    if said is None or time.time() - said.at_s > _OLD_S or not _lives(said.pid):
        return Process(running=False)
    return Process(running=True, pid=said.pid, up_s=int(time.time() - said.began_s))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _deliveries(loaded: Loaded) -> int:
    if not loaded.alerts.is_file():
        return 0
    with contextlib.suppress(EventsError), Alerts.open(loaded.alerts) as alerts:
        return sum(route.waiting for route in outbox.lag(alerts))
    return 0


def as_text(found: Status) -> Iterator[str]:
    """For people."""
    for name, process in found.processes.items():
        yield f"{name:10} " + (
            f"runs, process {process.pid}, for {process.up_s:,} s" if process.running else "does not run"
        )
    for name, one in found.inputs.items():
        counts = ", ".join(f"{number:,} {what}" for what, number in one.counts.items())
        yield f"input {name} ({one.type}): {counts or 'nothing yet'}" + (f"; waits: {one.waits}" if one.waits else "")
    for name, spool in found.spools.items():
        yield f"spool {name}: {counted(spool.events, 'event')} to be stored, {spool.size_bytes:,} bytes"
    doubles = f", {found.doubles:,} were there already" if found.doubles else ""
    yield f"store: {counted(found.stored, 'event')} stored{doubles}" + (
        f"; waits: {found.waits}" if found.waits else ""
    )
    behind = f"{found.behind_s:,} s behind" if found.behind_s else "nothing behind"
    broken = f", broken rules: {found.broken_rules:,}" if found.broken_rules else ""
    yield "judge: " + (
        f"{counted(found.judged, 'event')} judged, {behind}{broken}" if found.has_judged else "not judged yet"
    )
    yield f"deliveries that wait: {found.deliveries:,}"


def as_prometheus(found: Status) -> Iterator[str]:
    """In Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). Counters are since each process began."""
    for name, kind, samples in (
        ("up", "gauge", [(f'process="{n}"', int(p.running)) for n, p in found.processes.items()]),
        ("input_total", "counter", [(f'input={_quoted(n)},what="{what}"', c) for n, i in found.inputs.items() for what, c in i.counts.items()]),
        ("input_waiting", "gauge", [(f"input={_quoted(n)}", int(bool(i.waits))) for n, i in found.inputs.items()]),
        ("spool_events", "gauge", [(f'class="{n}"', s.events) for n, s in found.spools.items()]),
        ("spool_bytes", "gauge", [(f'class="{n}"', s.size_bytes) for n, s in found.spools.items()]),
        ("stored_events_total", "counter", [("", found.stored)]),
        ("doubled_events_total", "counter", [("", found.doubles)]),
        ("storing_waits", "gauge", [("", int(bool(found.waits)))]),
        ("judged_events_total", "counter", [("", found.judged)]),
        ("judge_behind_seconds", "gauge", [("", found.behind_s)]),
        ("broken_rules", "gauge", [("", found.broken_rules)]),
        ("deliveries_waiting", "gauge", [("", found.deliveries)]),
    ):  # fmt: skip
        yield f"# TYPE garrison_watch_{name} {kind}"
        for labels, value in samples:
            yield f"garrison_watch_{name}{{{labels}}} {value}" if labels else f"garrison_watch_{name} {value}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
