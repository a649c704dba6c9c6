"""The process that tells, as it is run: killed, with receivers that fail, beside others that write."""

from __future__ import annotations

import json
import random
import signal as signals
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import msgspec
import pytest
from tests.watch.alerts.signals import signal
from tests.watch.routes.conftest import Hook, await_true, free_port

from garrison.errors import ConfigError, EventsError
from garrison.ledger import Ledger
from garrison.ledger.entry import parse
from garrison.ledger.keys.file import write_secret
from garrison.ledger.note import Ed25519Signer
from garrison.ledger.settings import FILE
from garrison.watch.alerts import desk
from garrison.watch.alerts.findings import FINDINGS
from garrison.watch.alerts.silence import Silence
from garrison.watch.alerts.store import Alerts, now_us
from garrison.watch.responses.kinds import command
from garrison.watch.responses.queue import requests
from garrison.watch.responses.response import State
from garrison.watch.routes.kinds import webhook
from garrison.watch.routes.outbox import lag
from garrison.watch.tell import Telling, tell
from garrison.watch.tell.tell import faults, hold

PROGRAM = """
import sys, threading
from pathlib import Path
from garrison.watch.routes.kinds import webhook
from garrison.watch.tell import Telling, tell
routes = (webhook.Settings(name="one", url=sys.argv[2]), webhook.Settings(name="two", url=sys.argv[2], digest_minutes=0))
tell(Telling(routes=routes), Path(sys.argv[1]), None, threading.Event(), beside=Path)
"""


class Running:
    """A process that tells, in a thread of the test."""

    def __init__(self, settings: Telling, alerts: Path, ledger: Path | None = None) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(settings, alerts, ledger))
        self.raised: list[Exception] = []

    def _run(self, settings: Telling, alerts: Path, ledger: Path | None) -> None:
        try:
            tell(settings, alerts, ledger, self.stop, beside=lambda name: alerts.parent / name)
        except Exception as error:  # noqa: BLE001 - looked at by the test
            self.raised.append(error)

    def __enter__(self) -> list[Exception]:
        self.thread.start()
        return self.raised

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()


def numbers(hook: Hook) -> set[int]:
    return {told["alert"]["number"] for _, body in hook.got for told in json.loads(body)["told"]}


def test_an_alert_is_told_within_a_second(tmp_path: Path, hook: Hook) -> None:
    path = tmp_path / "alerts.db"
    with Running(Telling(routes=(webhook.Settings(name="one", url=hook.url),)), path), Alerts.open(path) as alerts:
        time.sleep(0.2)
        began = time.monotonic()
        alerts.record([signal(at=now_us())], {})
        await_true(lambda: bool(hook.got))
        assert time.monotonic() - began < 1.5


@pytest.mark.slow
def test_a_route_that_hangs_delays_no_other(tmp_path: Path, hook: Hook) -> None:
    path = tmp_path / "alerts.db"
    routes = (
        webhook.Settings(name="dead", url=f"http://127.0.0.1:{free_port()}/"),
        webhook.Settings(name="hangs", url=hook.url, timeout_s=2),
        webhook.Settings(name="works", url=hook.url, timeout_s=2),
    )
    hook.answers = [None]
    with Running(Telling(routes=routes), path), Alerts.open(path) as alerts:
        alerts.record([signal(at=now_us())], {})
        await_true(lambda: len(hook.got) == 2, 1.5)


@pytest.mark.slow
def test_silences_end_and_the_ledger_hears_while_it_runs(tmp_path: Path, hook: Hook) -> None:
    path, signer = tmp_path / "alerts.db", Ed25519Signer.generate("example.com/audit")
    write_secret(tmp_path / "key", signer.secret.encode())
    Ledger.create(tmp_path / "audit", signer).close()
    (tmp_path / "audit" / FILE).write_text('[key]\nlocation = "../key"\n')
    settings = Telling(routes=(webhook.Settings(name="one", url=hook.url),), findings="scan.json")
    with Running(settings, path, tmp_path / "audit") as raised, Alerts.open(path) as alerts:
        await_true(lambda: alerts.kept(FINDINGS) == str(tmp_path / "scan.json").encode())
        now = now_us()
        made = Silence(principal="batch", reason="r", actor="ann", since_us=now, until_us=now + 4_000_000)
        desk.silence(alerts, made)
        await_true(lambda: bool(alerts.silences(now_us())))
        alerts.record([signal(at=now_us())], {})
        assert alerts.alert(1).silence == 1
        await_true(lambda: numbers(hook) == {1})
        assert now_us() >= made.until_us
    assert raised == []
    assert [parse(data).kind for data in Ledger.open(tmp_path / "audit").entries()] == ["silence.change"]


def test_a_response_is_done_while_it_runs(tmp_path: Path) -> None:
    path, out = tmp_path / "alerts.db", tmp_path / "out"
    run = command.Settings(name="hook", approve="never", command=("/bin/sh", "-c", f"cat >> {out}; echo done"))
    with Running(Telling(responses=(run,)), path), Alerts.open(path) as alerts:
        alerts.record([signal(at=now_us(), uids=("u",))], {})
        await_true(lambda: len(alerts.changes([1])) == 3)
        assert [change.text for change in alerts.changes([1])][1:] == [
            "hook of batch is asked for",
            "hook of batch done: done",
        ]
    assert json.loads(out.read_bytes())["alert"]["uids"] == ["u"]


def test_a_route_that_can_tell_nobody_keeps_no_other(tmp_path: Path, hook: Hook) -> None:
    path = tmp_path / "alerts.db"
    broken = webhook.Settings(name="broken", url_file="none")
    telling = Telling(routes=(broken, webhook.Settings(name="one", url=hook.url)))
    (fault,) = faults(telling, lambda name: tmp_path / name)
    assert fault.startswith("route broken tells nobody: url of route broken: ")
    with Running(telling, path), Alerts.open(path) as alerts:
        alerts.record([signal(at=now_us())], {})
        await_true(lambda: bool(hook.got))
        await_true(lambda: any("url of route broken" in route.trouble for route in lag(alerts)))


def test_what_cannot_hold_is_refused(tmp_path: Path) -> None:
    one = webhook.Settings(name="one", url="https://example.com/")
    with pytest.raises(ConfigError, match="two routes are called one"):
        hold(Telling(routes=(one, one)))
    path = tmp_path / "alerts.db"
    path.write_bytes(b"no database, " * 99)
    path.chmod(0o600)
    with pytest.raises(EventsError, match="no file of alerts"):
        tell(Telling(), path, None, threading.Event(), beside=Path)


@pytest.mark.slow
def test_whoever_is_killed_tells_each_alert_at_least_once_under_one_key(tmp_path: Path, hook: Hook) -> None:
    path, rounds, random_ = tmp_path / "alerts.db", 32, random.Random(5)
    with Alerts.open(path) as alerts:
        for number in range(rounds):
            some = [signal(f"n{number}", f"p{number}-{n}", f"a{number}-{n}", at=now_us()) for n in range(4)]
            alerts.record(some, {})
            hook.answers = [random_.choice((200, 200, 500)) for _ in range(3)]
            before = len(hook.got)
            with subprocess.Popen([sys.executable, "-c", PROGRAM, str(path), hook.url]) as process:
                await_true(lambda before=before: len(hook.got) > before, 30)  # type: ignore[misc]
                time.sleep(random_.uniform(0, 0.01))
                process.send_signal(signals.SIGKILL)
        hook.answers = []
        with subprocess.Popen([sys.executable, "-c", PROGRAM, str(path), hook.url]) as process:
            waiting = "SELECT 1 FROM delivery WHERE state = 'waiting'"
            await_true(lambda: not alerts.database.rows(waiting) and len(numbers(hook)) == rounds * 4, 60)
            process.terminate()
    assert numbers(hook) == set(range(1, rounds * 4 + 1))
    bodies, keys = defaultdict(set), defaultdict(set)
    for headers, body in hook.got:
        key = headers["Idempotency-Key"]
        bodies[key].add(msgspec.json.encode({**json.loads(body)}))
        keys[json.loads(body)["told"][0]["alert"]["number"]].add(key)
    assert all(len(said) == 1 for said in bodies.values())  # what was told again was the same
    assert all(len(of) == 2 for of in keys.values())  # one key for each route
    assert max(Counter(headers["Idempotency-Key"] for headers, _ in hook.got).values()) > 1


RESPONDER = """
import sys, threading
from pathlib import Path
from garrison.watch.responses.kinds import command
from garrison.watch.tell import Telling, tell
run = ("/bin/sh", "-c", "said=$(cat); echo \\"$said\\" >> " + sys.argv[2] + "; sleep 0.02")
said = command.Settings(name="hook", approve="never", per_hour=1000, command=run)
tell(Telling(responses=(said,)), Path(sys.argv[1]), None, threading.Event(), beside=Path)
"""


@pytest.mark.slow
def test_whoever_is_killed_responds_at_least_once_under_one_number(tmp_path: Path) -> None:
    path, out, rounds, random_ = tmp_path / "alerts.db", tmp_path / "out", 12, random.Random(7)
    out.touch()
    with Alerts.open(path) as alerts:
        for number in range(rounds):
            alerts.record([signal(f"n{number}", f"p{number}-{n}", f"a{number}-{n}", at=now_us()) for n in range(3)], {})
            before = out.stat().st_size
            with subprocess.Popen([sys.executable, "-c", RESPONDER, str(path), str(out)]) as process:
                await_true(lambda before=before: out.stat().st_size > before, 30)  # type: ignore[misc]
                time.sleep(random_.uniform(0, 0.05))
                process.send_signal(signals.SIGKILL)
        with subprocess.Popen([sys.executable, "-c", RESPONDER, str(path), str(out)]) as process:
            await_true(
                lambda: {r.state for r in requests(alerts)} == {State.DONE} and len(requests(alerts)) == rounds * 3
            )
            process.terminate()
    done = [
        json.loads(line)["request"] for line in out.read_bytes().splitlines() if line
    ]  # killed before it was given anything
    assert {request["number"] for request in done} == set(range(1, rounds * 3 + 1))
    assert len({(request["number"], request["target"]) for request in done}) == rounds * 3
