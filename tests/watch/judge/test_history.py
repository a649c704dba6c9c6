"""What the store counts of an hour is what counting its events one by one gives; and weeks are learnt from it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from tests.watch.judge.conftest import Put
from tests.watch.judge.test_detector import ALL

from garrison.events.event import Class, Event, Status
from garrison.events.mappers import mapper
from garrison.events.mappers.garrison_gateway import LABEL as GATEWAY
from garrison.watch.alerts.signal import Signal
from garrison.watch.alerts.store import Alerts
from garrison.watch.baselines.hour import HOUR_US, Hour, Measure
from garrison.watch.judge import history
from garrison.watch.judge.baselines import BaselineDetector, Learning
from garrison.watch.judge.detector import Subject, subjects_of
from garrison.watch.judge.judge import Judge
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.settings import Baselines
from garrison.watch.judge.starting import uses
from garrison.watch.store import samples
from garrison.watch.store.client import Node, connected
from garrison.watch.store.guard import Role

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

HOUR = 498_000
SKETCHED = {Measure.LATENCY, Measure.SLOWEST, Measure.MODELS, Measure.RESOURCES}
country = {"10.0.0.1": "DE", "10.0.0.2": "FR"}.get


def some(count: int, hour: int, chance: random.Random) -> list[Event]:
    return [
        Event(
            time_us=hour * HOUR_US + chance.randrange(HOUR_US), class_uid=chance.choice([Class.API, Class.PROCESS]),
            uid=f"{hour}-{number}", product=chance.choice([GATEWAY, "other"]), actor_user=chance.choice(["ann", "bob", "anonymous", ""]),
            actor_uid="u", status_id=chance.choice(list(Status)), status_code=chance.choice([0, 200, 404]), status_detail=chance.choice(["", "unknown user"]),
            host=chance.choice(["", "gpu-1"]), model=chance.choice(["", "iris", "fraud"]), resource=f"r{chance.randrange(9)}",
            src_ip=f"10.0.0.{chance.randrange(4)}", process=chance.choice(["", "sh"]), duration_us=1000 + chance.randrange(1000),
            bytes_in=chance.randrange(900), bytes_out=chance.randrange(90),
        )
        for number in range(count)
    ]  # fmt: skip


def ann(hour: int) -> Event:
    return Event(
        time_us=hour * HOUR_US, class_uid=Class.API, uid=f"ann-{hour}", product=GATEWAY, actor_user="ann", status_id=Status.SUCCESS
    )  # fmt: skip


def counted(events: list[Event], hour: int) -> dict[Subject, Hour]:
    found: dict[Subject, Hour] = {}
    for event in events:
        if event.time_us // HOUR_US == hour:
            for subject in subjects_of(event):
                found.setdefault(subject, Hour(start=hour)).observe(event, country=country(event.src_ip) or "")
    return found


def test_the_store_counts_as_one_by_one(node: Node, put: Put) -> None:
    events = some(2_000, HOUR, random.Random(1)) + some(600, HOUR + 1, random.Random(2))
    lines = [mapper(name).event(line) for name, line in ALL.items()]
    put(events + lines)
    with connected(node.folder, Role.READER) as client:
        assert history.first_hour(client, HOUR - 5) == HOUR
        assert history.first_hour(client, HOUR * 2) is None
        both = history.hours_of(client, HOUR - 1, HOUR + 2, lambda _: "")
        assert [bool(both[HOUR + n]) for n in (-1, 0, 1)] == [False, True, True]
        for hour in (HOUR, HOUR + 1, lines[0].time_us // HOUR_US):
            mine = counted(events + lines, hour)
            theirs = history.hours_of(client, hour, hour + 1, lambda peer: country(peer) or "")[hour]
            assert mine.keys() == theirs.keys()
            assert mine
            for subject, one in mine.items():
                _alike(one, theirs[subject])


def _alike(one: Hour, other: Hour) -> None:
    assert (one.start, one.requests, one.errors) == (other.start, other.requests, other.errors)
    mine, theirs = one.measured(), other.measured()
    assert mine.keys() == theirs.keys()
    for measure, value in mine.items():
        assert theirs[measure] == pytest.approx(value, rel=0.1 if measure in SKETCHED else 1e-9)
    assert {field: set(seen) for field, seen in one.values.items()} == {
        field: set(seen) for field, seen in other.values.items()
    }


def test_weeks_are_learnt_from_the_store_once_and_told_of_to_nobody(
    alerts: Alerts, node: Node, put: Put, clock: Callable[[], int]
) -> None:
    now = clock() // HOUR_US
    chance = random.Random(3)
    for first in range(now - 100, now, 20):
        put(
            [event for hour in range(first, first + 20) for event in some(300 if hour == now - 9 else 30, hour, chance)]
        )
        put([ann(hour) for hour in range(first, first + 20)])
    with connected(node.folder, Role.READER) as client:
        for _ in range(3):  # it ends in between
            memory = Memory(alerts)
            detector = BaselineDetector(Baselines(learn_days=28), memory)
            judge = Judge(memory, [detector])
            for _ in range(4):
                judge.look(client)
            judge.save()
        until = clock() + HOUR_US * 2
        while detector._learning is None or detector._learning.next < detector._learning.end:
            detector.look(client, until)
        memory.note(detector.remember())
        memory.write([])
    assert alerts.alerts() == []
    state = detector._state(("client", "ann"))  # type: ignore[arg-type]
    assert state.seasons[Measure.REQUESTS].seen[-2] == 100  # of the hours that were heard, each once
    assert state.last_hour == now - 1


def test_what_hosts_used_is_a_measure_of_their_hours(alerts: Alerts, node: Node, clock: Callable[[], int]) -> None:
    now = clock() // HOUR_US

    def uses(client: Client, since_us: int, until_us: int) -> Iterator[tuple[str, Measure, int, float]]:
        del client
        for hour in range(since_us // HOUR_US, until_us // HOUR_US):
            if hour >= now - 100:
                yield "gpu-1", Measure.GPU, hour, 0.97 if hour == now + 2 else 0.2 + 0.01 * (hour % 3)

    memory = Memory(alerts)
    detector = BaselineDetector(Baselines(), memory, uses=uses)
    with connected(node.folder, Role.READER) as client:
        detector._learning = Learning(now - 100, now + 1)
        told: list[Signal] = []
        for hour in range(now, now + 4):
            at = (hour + 1) * HOUR_US + 11 * 60_000_000
            for _ in range(20):
                detector.look(client, at)
                told += detector.tick(at)
    (signal,) = told
    assert (signal.asset, signal.asset_type, signal.title) == ("gpu-1", "host", "Host gpu-1 has unusual GPU use")
    assert "seen: 97.0%" in signal.text
    assert detector._subjects["host", "gpu-1"].closed == now + 3  # type: ignore[index]


def test_use_is_read_from_the_table_of_samples(node: Node) -> None:
    with connected(node.folder, Role.READER) as client, connected(node.folder, Role.WRITER) as writer:
        assert list(uses(client, 0, HOUR_US)) == []
        rows = [
            {"time_us": (HOUR * HOUR_US + minute * 60_000_000) / 1e6, "name": "DCGM_FI_DEV_GPU_UTIL", "value": 50 + minute, "host": "gpu-1"}
            for minute in range(0, 60, 10)
        ]  # fmt: skip
        writer.raw_insert(samples.TABLE, list(rows[0]), b"".join(map(msgspec.json.encode, rows)), fmt="JSONEachRow")
        ((*what, value),) = uses(client, HOUR * HOUR_US, (HOUR + 1) * HOUR_US)
        assert (what, round(value, 3)) == (["gpu-1", Measure.GPU, HOUR], 0.75)
        assert list(uses(client, 0, HOUR_US)) == []
