"""The audit feed is moved, removed, and its disk or folder with it: each request is a line, or is refused."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gateway.run.conftest import FILE, Running

from garrison.errors import ExitCode

pytestmark = pytest.mark.slow
Run = Callable[..., Running]

APART = FILE.replace("[limits]", '[log]\nfile = "logs/audit.jsonl"\n\n[limits]')


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def status(gateway: Running) -> int:
    """What a request is answered; 0 where there is no answer."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        return gateway.status()
    return 0


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("gone", [Path.unlink, lambda path: path.rename(path.with_suffix(".1"))])
def test_one_that_is_gone_is_begun_anew_by_itself(run: Run, gone: Callable[[Path], object]) -> None:
    gateway = run().ready()
    feed, envoy = gateway.folder / "s/audit.jsonl", gateway.envoy()
    assert mode(feed) == 0o600
    assert gateway.status() == 200
    gateway.until(lambda: lines(feed), 5)
    gone(feed)
    gateway.until_said("audit.jsonl was moved, removed or replaced: it is opened anew")
    assert [gateway.status() for _ in range(5)] == [200] * 5
    gateway.until(lambda: len(lines(feed)) == 5, 5)
    assert mode(feed) == 0o600
    assert gateway.envoy() == envoy


def test_what_is_written_to_one_that_was_removed_is_in_the_next(run: Run) -> None:
    gateway = run().ready()
    feed = gateway.folder / "s/audit.jsonl"
    assert gateway.status("/v2/models/before") == 404
    gateway.until(lambda: lines(feed), 5)
    time.sleep(0.1)  # until that is seen
    gateway.process.send_signal(signal.SIGSTOP)  # nobody sees that it is removed
    feed.unlink()
    assert [gateway.status() for _ in range(5)] == [200] * 5
    time.sleep(0.2)  # lines are written every 50 ms
    gateway.process.send_signal(signal.SIGCONT)
    gateway.until_said("lines that were written since it was removed are added to")
    assert gateway.status() == 200
    gateway.until(lambda: [line["status"] for line in lines(feed)].count(200) == 6, 10)


def test_one_that_is_moved_away_and_told_of_is_for_its_owner_only(run: Run) -> None:
    gateway = run().ready()
    feed = gateway.folder / "s/audit.jsonl"
    assert gateway.status() == 200
    gateway.until(lambda: lines(feed), 5)
    feed.rename(feed.with_suffix(".1"))
    gateway.process.send_signal(signal.SIGHUP)
    assert gateway.status() == 200
    gateway.until(feed.exists, 5)
    gateway.until(lambda: len(lines(feed)) + len(lines(feed.with_suffix(".1"))) == 2, 5)
    assert mode(feed) == 0o600


def test_without_its_folder_nobody_is_let_in_until_it_is_back(run: Run) -> None:
    gateway = run(APART).ready()
    logs, elsewhere = gateway.folder / "logs", gateway.folder / "elsewhere"
    assert gateway.status() == 200
    logs.rename(elsewhere)
    gateway.until(lambda: gateway.status() == 503, 10)
    assert "the audit log cannot be written: [Errno 2]" in gateway.words()
    os.kill(gateway.envoy(), signal.SIGKILL)
    assert not logs.exists()
    elsewhere.rename(logs)
    gateway.until(lambda: status(gateway) == 200, 10)
    assert "the audit log can be written again: requests are taken" in gateway.words()
    last = {"decision": "allow", "status": 200}
    gateway.until(lambda: last.items() <= lines(logs / "audit.jsonl")[-1].items(), 5)


def test_a_folder_in_its_place_lets_nobody_in(run: Run) -> None:
    gateway = run(APART).ready()
    feed = gateway.folder / "logs/audit.jsonl"
    assert gateway.status() == 200
    feed.unlink()
    feed.mkdir()
    gateway.until(lambda: gateway.status() == 503, 10)
    assert "Is a directory" in gateway.words()
    feed.rmdir()
    gateway.until(lambda: gateway.status() == 200, 10)
    gateway.until(lambda: any(line["status"] == 200 for line in lines(feed)), 5)


def test_without_its_state_a_gateway_stops_until_it_is_back(run: Run) -> None:
    gateway = run().ready()
    state, elsewhere = gateway.folder / "s", gateway.folder / "elsewhere"
    assert gateway.status() == 200
    state.rename(elsewhere)
    gateway.until_said("was moved or removed; put it back")
    assert status(gateway) == 0
    assert not state.exists()
    elsewhere.rename(state)
    gateway.until(lambda: status(gateway) == 200, 10)
    gateway.until(lambda: len(lines(state / "audit.jsonl")) == 2, 5)
    state.rename(elsewhere)
    shutil.rmtree(elsewhere)
    gateway.until(lambda: gateway.words().count("put it back") == 2, 10)
    assert gateway.end() == 0
    assert not state.exists()


def test_a_place_that_cannot_be_is_told_at_the_start(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    gateway = run(APART)
    assert gateway.process.wait(20) == ExitCode.USAGE
    assert gateway.words().splitlines()[-2:] == [
        f"{gateway.file}:24  log.file: {tmp_path}/logs is no folder",
        "  name a place where a folder is, or can be made",
    ]


def test_so_is_a_state_that_cannot_be(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("a file")
    gateway = run()
    assert gateway.process.wait(20) == ExitCode.USAGE
    assert f"{gateway.file}:3  gateway.state: {tmp_path}/s is no folder" in gateway.words()


def test_what_a_start_alone_can_change_stays_as_it_was(run: Run) -> None:
    """A gateway that would look for its Envoy in another folder could tell it nothing any more."""
    gateway = run().ready()
    gateway.change('state = "s"', 'state = "t"')
    gateway.until_said("take effect at the next start")
    gateway.change('ml = "data-scientist"', 'nobody = "data-scientist"')
    gateway.until(lambda: gateway.status() == 401, 10)
    gateway.change("[limits]", '[log]\nfile = "other.jsonl"\n\n[limits]')
    gateway.until(lambda: gateway.words().count("take effect at the next start") > 1, 10)
    before = len(lines(gateway.folder / "s/audit.jsonl"))
    assert gateway.status() == 401
    gateway.until(lambda: len(lines(gateway.folder / "s/audit.jsonl")) > before, 5)
    assert not (gateway.folder / "t").exists()
    assert not (gateway.folder / "other.jsonl").exists()


def test_that_envoy_is_stopped_is_said_when_it_is(run: Run) -> None:
    gateway = run().ready()
    envoy = gateway.envoy()
    os.kill(envoy, signal.SIGSTOP)  # it does not heed SIGTERM
    (gateway.folder / "s").rename(gateway.folder / "elsewhere")
    gateway.until_said("Envoy is stopped")
    assert not Path(f"/proc/{envoy}").exists()
