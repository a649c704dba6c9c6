"""The judge over a store: `python bench/judge.py [--events 100000]`. A line per figure.

Events of the gateway and of CloudTrail are stored, and judged by the pack's rules, by baselines and by silences, as `garrison watch run`
does it; CPU seconds are those of the judge, the store's process apart. Then batches of which one event matches a rule are stored, and the
time is taken until the alert is on the disk. Last, weeks of hours are learnt from.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from garrison.events.event import Class, Event, Status
from garrison.events.mappers import mapped, mapper
from garrison.watch.alerts.store import Alerts
from garrison.watch.baselines.hour import HOUR_US
from garrison.watch.judge.baselines import Learning
from garrison.watch.judge.judge import Judge, run
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.settings import Baselines, Judging, Rules
from garrison.watch.judge.silence import SilenceDetector
from garrison.watch.judge.starting import judge_of
from garrison.watch.spool import Spool
from garrison.watch.store import reading
from garrison.watch.store.client import Node, connected, running, start
from garrison.watch.store.guard import Role
from garrison.watch.store.rows import COLUMNS, batch
from garrison.watch.store.write import keep
from measure import cpu_s, line
from watch_store import cloudtrail, gateway

_GROUP = 10_000
_DELAYS = 40
_WEEKS = 4
_SUBJECTS = 50
_RULE = """
title: A probe
id: 22222222-0000-4000-8000-000000000001
logsource: {product: garrison, service: events}
detection: {probe: {actor_user: probe}, condition: probe}
level: high
"""


class Bench:
    """A store, and what puts events into it."""

    def __init__(self, folder: Path, node: Node) -> None:
        self.folder, self.node, self._files = folder, node, 0

    def put(self, events: list[Event]) -> None:
        """Store events."""
        with Spool.open(self.folder / "spool", COLUMNS) as spool, connected(self.node.folder, Role.WRITER) as client:
            for at in range(0, len(events), _GROUP):
                spool.append(batch(events[at : at + _GROUP]))
                keep(client, spool, None)

    def alerts(self) -> Alerts:
        """A file of its own."""
        self._files += 1
        return Alerts.open(self.folder / f"alerts-{self._files}.db")


def events(count: int) -> Iterator[tuple[str, list[Event]]]:
    """Of each log, as the intake makes them."""
    chance = random.Random(7)
    now = time.time_ns() // 1000
    for log, lines in (("garrison-gateway", gateway), ("aws-cloudtrail", cloudtrail)):
        form = mapper(log)
        found = [mapped(form, one, log) for one in lines(count, chance)]
        for number, event in enumerate(found):
            event.log_name, event.time_us = log, now - count + number
        yield form.LABEL, found


def judged(bench: Bench, settings: Judging, name: str, count: int) -> None:
    """What judging costs, read from the store."""
    for label, found in events(count):
        with bench.alerts() as alerts, connected(bench.node.folder, Role.READER) as client:
            hour = time.time_ns() // 1000 // HOUR_US
            alerts.record(
                [], {"baselines/learning": msgspec.msgpack.encode(Learning(hour, hour))}
            )  # nothing is to learn
            judge = judge_of(alerts, settings, Path, say=print)
            judge.look(client)  # begin
            bench.put(found)
            before, began = cpu_s(bench.node.pid), time.process_time()
            while judge.judged < count:
                judge.look(client)
            judge.save()
            used = time.process_time() - began
            line(f"judge, {name}: {label}, events a CPU second", count / used, None, "ev/s")
            line("  of the store's process, an event", (cpu_s(bench.node.pid) - before) / count * 1e6, None, "us")


def read(bench: Bench, count: int) -> None:
    """What reading alone costs."""
    with bench.alerts() as alerts, connected(bench.node.folder, Role.READER) as client:
        memory = Memory(alerts)
        Judge(memory, [SilenceDetector(Judging().silence, {}, memory)]).look(client)
        began, seen = time.process_time(), 0
        import datetime as dt

        for one in reading.stored(client, {}, since=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)):
            seen += len(one.events)
            if seen >= count:
                break
        line("judge: reading alone, an event", (time.process_time() - began) / seen * 1e6, None, "us")


def delays(bench: Bench) -> None:
    """From the moment an event is handed to the spool until its alert is on the disk."""
    rules = bench.folder / "probe.yml"
    rules.write_text(_RULE)
    stop, taken = threading.Event(), []
    with bench.alerts() as alerts:
        path = alerts.database.path
    ready = threading.Event()

    def work() -> None:
        with Alerts.open(path) as mine:
            judge = judge_of(mine, Judging(rules=Rules(folders=(str(rules),))), Path, say=print)
            with connected(bench.node.folder, Role.READER) as client:
                judge.look(client)
            ready.set()
            run(judge, lambda: running(bench.node.folder, Role.READER), stop, print)

    judging = threading.Thread(target=work)
    judging.start()
    ready.wait()
    with Alerts.open(path) as alerts:
        for number in range(_DELAYS):
            began = time.perf_counter()
            bench.put([_probe(number)])
            while not any(one.asset == f"model-{number}" for one in alerts.alerts()):
                time.sleep(0.002)
            taken.append(time.perf_counter() - began)
    stop.set()
    judging.join()
    line("judge: from the spool to the alert, median", float(np.median(taken)), None, "s")
    line("judge: from the spool to the alert, 95 of 100", float(np.quantile(taken, 0.95)), 2, "s")


def _probe(number: int) -> Event:
    now = time.time_ns() // 1000
    return Event(
        time_us=now,
        class_uid=Class.API,
        uid=f"probe-{number}",
        product="bench",
        actor_user="probe",
        model=f"model-{number}",
    )


def learnt(bench: Bench, count: int) -> None:
    """Weeks of hours, learnt as at the first start."""
    now, chance = time.time_ns() // 1000 // HOUR_US - 1, random.Random(9)  # over, for late events too
    hours = _WEEKS * 168
    found = [
        Event(
            time_us=(now - 1 - number * hours // count) * HOUR_US + number % 1000, class_uid=Class.API, uid=f"past-{number}",
            product="past", actor_user=f"user-{chance.randrange(_SUBJECTS)}", model=f"m{chance.randrange(9)}", status_id=Status.SUCCESS,
            duration_us=chance.randrange(1, 90_000), src_ip=f"10.0.0.{chance.randrange(20)}", resource=f"r{chance.randrange(90)}",
        )
        for number in range(count)
    ]  # fmt: skip
    bench.put(found)
    with bench.alerts() as alerts, connected(bench.node.folder, Role.READER) as client:
        judge = judge_of(alerts, Judging(rules=Rules(pack=False)), Path, say=print)
        detector: Any = next(one for one in judge.detectors if one.name == "baselines")
        wall, began, before = time.perf_counter(), time.process_time(), cpu_s(bench.node.pid)
        while detector._learning is None or detector._learning.next < now:  # noqa: SLF001
            judge.look(client)
        judge.save()
        used = time.process_time() - began + cpu_s(bench.node.pid) - before
        wall = time.perf_counter() - wall
    line(f"judge: {_WEEKS} weeks learnt of {_SUBJECTS + 9} subjects, waiting", wall, None, "s")
    line("  hours of subjects a CPU second, the store's included", hours * (_SUBJECTS + 9) / used, None, "h/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--events", type=int, default=100_000, help="of each log")
    said = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    node = start(folder / "store")
    try:
        bench = Bench(folder, node)
        delays(bench)
        judged(bench, Judging(baselines=Baselines(enabled=False)), "rules alone", said.events)
        judged(bench, Judging(), "rules and baselines", said.events)
        read(bench, said.events)
        learnt(bench, said.events)
    finally:
        node.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
