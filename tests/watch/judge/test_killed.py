"""A judge that is killed again and again says what one says that nobody disturbs, and remembers the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from tests.watch.judge.conftest import Put, refused
from tests.watch.judge.killed import made
from tests.watch.judge.test_rules import RULES

from garrison.events.event import Class, Event, Status
from garrison.watch.alerts.store import Alerts
from garrison.watch.baselines.baseline import Baseline, Kind
from garrison.watch.baselines.hour import HOUR_US, Hour, Measure
from garrison.watch.baselines.keep import loaded
from garrison.watch.judge.baselines import Learning
from garrison.watch.store.client import Node, connected
from garrison.watch.store.guard import Role

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

ROUNDS = 50
PAST_HOURS = 48


def served(uid: str, client: str, at_us: int) -> Event:
    """A request that went well."""
    return Event(
        time_us=at_us, class_uid=Class.API, uid=uid, product="test", actor_user=client, model="iris", status_id=Status.SUCCESS,
        log_name="app", bytes_in=len(uid),
    )  # fmt: skip


def test_killed_in_every_phase(tmp_path: Path, node: Node, put: Put) -> None:
    dice, now = random.Random(5), time.time_ns() // 1000
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    past = range(now // HOUR_US - PAST_HOURS, now // HOUR_US)
    put([served(f"past-{hour}-{n}", f"c{n % 3}", hour * HOUR_US + n) for hour in past for n in range(9)])
    with connected(node.folder, Role.READER) as client, Alerts.open(tmp_path / "calm.db") as calm:
        first = made(calm, rules)
        first._begin(client)
        _from_this_hour(calm)
        with Alerts.open(tmp_path / "killed.db") as killed:
            made(killed, rules)._begin(client)
            _from_this_hour(killed)
        stored = _disturb(tmp_path, node, put, dice, rules)
        with Alerts.open(tmp_path / "killed.db") as killed:
            last, undisturbed = made(killed, rules), made(calm, rules)
            undisturbed.look(client)
            until = time.monotonic() + 60
            for judge in (last, undisturbed):
                while not _has_learnt(judge._memory.of("baselines/learning")) and time.monotonic() < until:
                    judge.look(client)
                    judge.save()
                judge.look(client)
                judge.save()
            assert undisturbed.judged == stored
            assert last.judged < stored / 2  # the others by those that were killed
            assert _told(killed) == _told(calm)
            assert len(_told(calm)) >= 8
            assert _remembered(killed) == _remembered(calm)


def _disturb(tmp_path: Path, node: Node, put: Put, dice: random.Random, rules: Path) -> int:
    command = [
        sys.executable,
        "-m",
        "tests.watch.judge.killed",
        str(node.folder),
        str(tmp_path / "killed.db"),
        str(rules),
    ]
    stored = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        for _ in range(ROUNDS):
            print("next", file=parent.stdin, flush=True)
            process = int(parent.stdout.readline())
            for _ in range(dice.randrange(4)):
                events = [_some(stored + n, dice) for n in range(dice.randrange(1, 30))]
                put(events)
                stored += len(events)
                time.sleep(dice.random() * 0.1)
            time.sleep(dice.random() * 0.25)
            os.kill(process, signal.SIGKILL)
            assert parent.stdout.readline() == "gone\n"
        parent.stdin.close()
    return stored


def _some(number: int, dice: random.Random) -> Event:
    now = time.time_ns() // 1000
    who = f"c{dice.randrange(4)}"
    if dice.random() < 0.5:
        return served(f"s{number}", who, now)
    return refused(number, client=who, at_us=now, action=dice.choice(["infer", "infer", "admin"]))


def _from_this_hour(alerts: Alerts) -> None:
    """Hours are counted as they come from this one on; those before it are learnt."""
    hour = time.time_ns() // 1000 // HOUR_US
    alerts.record([], {"baselines/learning": msgspec.msgpack.encode(Learning(hour - PAST_HOURS, hour - 2))})


def _has_learnt(said: bytes | None) -> bool:
    found = msgspec.msgpack.decode(said or b"", type=Learning)
    return found.next == found.end


def _told(alerts: Alerts) -> dict[tuple[str, str, str], tuple[object, ...]]:
    return {
        (alert.name, alert.principal, alert.asset): (
            alert.signals, alert.events, alert.severity, alert.since_us, alert.time_us, alert.uids, alert.text, alert.status,
        )
        for alert in alerts.alerts()
    }  # fmt: skip


def _remembered(alerts: Alerts) -> dict[str, object]:
    """Positions and groups as they are; of sketches, in which chance plays a part, what was counted."""
    found: dict[str, object] = {}
    for name, data in alerts.kept_under("").items():
        if name.startswith("baselines/hour/"):
            *_, hour = loaded(data, tuple[Kind, str, Hour])
            found[name] = (hour.requests, hour.errors, hour.bytes_in, hour.values)
        elif name.startswith("baselines/state/"):
            seasons = loaded(data, Baseline).seasons
            found[name] = seasons[Measure.REQUESTS].seen.tolist(), seasons[Measure.REQUESTS].middle.tolist()
        elif not name.startswith(("silence/", "health/")):  # they say when the watch listened
            found[name] = data
    return found
