"""Files as programs and logrotate leave them: renamed, copied and cut, packed, removed, while nobody looks or somebody is killed."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.watch.receive.conftest import Kept, failing, running, until

from garrison.errors import ConfigError
from garrison.events.event import Event
from garrison.watch.receive import tail
from garrison.watch.receive.input import Around
from garrison.watch.receive.inputs import file as input_
from garrison.watch.receive.positions import Positions

pytestmark = pytest.mark.slow


def line(number: int) -> str:
    return f"<13>1 2026-11-24T10:11:12Z gpu-1 train {number} - - step {number}\n"


def lines(*numbers: int) -> str:
    return "".join(map(line, numbers))


def following(around: Around, path: str | list[str], log: str = "syslog", **said: Any) -> AbstractContextManager[None]:
    return running(input_, around, log=log, path=path, **said)


def pids(kept: Kept) -> list[int]:
    """Numbers of lines, each event once, as the store keeps them."""
    return [event.pid for event in {event.uid: event for event in kept.events()}.values()]


def sees(kept: Kept, *numbers: int) -> None:
    until(lambda: sorted(pids(kept)) == sorted(numbers), lambda: pids(kept))


def test_lines_as_they_come_and_a_partial_one_waits(kept: Kept, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(lines(1, 2))
    with following(kept.around, "app.log"):
        sees(kept, 1, 2)
        with log.open("a") as file:
            file.write(line(3)[:20])
            file.flush()
            time.sleep(0.8)
            assert pids(kept) == [1, 2]
            file.write(line(3)[20:] + line(4))
        sees(kept, 1, 2, 3, 4)
    with log.open("a") as file:
        file.write(line(5))
    with following(kept.around, "app.log"):
        sees(kept, 1, 2, 3, 4, 5)
    assert len(kept.events()) == 5


def test_begin_at_the_end(kept: Kept, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(lines(1, 2))
    with following(kept.around, "*.log", begin="end"):
        until((tmp_path / "positions.db").exists)
        time.sleep(0.5)
        with log.open("a") as file:
            file.write(line(3))
        (tmp_path / "new.log").write_text(line(4))
        sees(kept, 3, 4)


def test_renamed_and_made_anew_while_read_and_while_not(kept: Kept, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(lines(1))
    with following(kept.around, "app.log"):
        sees(kept, 1)
        writer = log.open("a")
        log.rename(tmp_path / "app.log.1")
        log.write_text(lines(2))
        writer.write(line(3))  # who writes has not heard of it yet
        writer.flush()
        sees(kept, 1, 2, 3)
    writer.write(line(4))
    writer.close()
    for number in (5, 6):  # twice, while nobody reads
        (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
        log.rename(tmp_path / "app.log.1")
        log.write_text(lines(number))
        if number == 5:
            (tmp_path / "app.log.2").rename(tmp_path / "app.log.3")
    with following(kept.around, "app.log"):
        sees(kept, 1, 2, 3, 4, 5, 6)
    assert len(kept.events()) == 6


def test_copied_and_cut(kept: Kept, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(lines(*range(100)))
    with following(kept.around, ["app.log", "app.log.*"]):
        sees(kept, *range(100))
        shutil.copy(log, tmp_path / "app.log.1")
        os.truncate(log, 0)
        with log.open("a") as file:
            file.write(lines(*range(100, 300)))  # longer than it was: its size tells nothing
        sees(kept, *range(300))
    with log.open("a") as file:
        file.write(lines(300))
    shutil.copy(log, tmp_path / "app.log.2")  # what nobody has read stands in the copy alone
    os.truncate(log, 0)
    with log.open("a") as file:
        file.write(lines(301))
    with following(kept.around, ["app.log", "app.log.*"]):
        sees(kept, *range(302))


def test_removed_and_its_inode_used_again(kept: Kept, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(lines(1))
    with following(kept.around, "app.log"):
        sees(kept, 1)
        with log.open("a") as file:
            log.unlink()
            file.write(lines(2).rstrip())  # its end never comes
            file.flush()
        sees(kept, 1, 2)
    for number in range(3, 6):
        log.unlink(missing_ok=True)
        log.write_text(lines(number))  # file systems give such files the inode of the last one
        with following(kept.around, "app.log"):
            sees(kept, *range(1, number + 1))


def test_packed_rotations_are_read_once(kept: Kept, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(lines(1, 2))
    with following(kept.around, "app.log*", packed=True):
        sees(kept, 1, 2)
    with log.open("a") as file:
        file.write(lines(3))
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(lines(7, 8).encode()))
    (tmp_path / "app.log.3.gz").write_bytes(gzip.compress(lines(9).encode())[:-9])
    log.write_text(lines(4))
    for _ in range(2):
        with following(kept.around, "app.log*", packed=True):
            sees(kept, 1, 2, 3, 4, 7, 8)
            time.sleep(1.5)
    assert len(kept.events()) == 6


@pytest.mark.parametrize("packed", [False, True])
def test_rotated_while_nobody_read_and_long_ago(kept: Kept, tmp_path: Path, *, packed: bool) -> None:
    """Files that nobody has seen by any name: a copy is looked at twice before it is read, and by then is older than the first look."""
    log, old = tmp_path / "app.log", tmp_path / "app.log.7"
    old.write_text(lines(90))
    os.utime(old, (time.time() - 1_000,) * 2)
    log.write_text(lines(1))
    with following(kept.around, "app.log", packed=True):
        sees(kept, 1)
    positions = Positions.open(kept.around.state)
    positions.save((), scanned_ns=time.time_ns() - 100_000_000_000)
    positions.close()
    log.rename(tmp_path / "app.log.3")
    rotated = tmp_path / ("app.log.2.gz" if packed else "app.log.2")
    rotated.write_bytes(gzip.compress(lines(2, 3).encode()) if packed else lines(2, 3).encode())
    os.utime(rotated, (time.time() - 50,) * 2)
    log.write_text(lines(4))
    for _ in range(2):
        with following(kept.around, "app.log", packed=True):  # ended before the copy has been still for long enough
            until(lambda: 4 in pids(kept))
    with following(kept.around, "app.log", packed=True):
        sees(kept, 1, 2, 3, 4)
        time.sleep(1.5)
    assert len(kept.events()) == 4


def test_many_files_and_strange_ones(kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "_OPEN", 10)
    folder = tmp_path / "logs"
    folder.mkdir()
    os.mkfifo(folder / "pipe.log")
    (folder / "folder.log").mkdir()
    (folder / "empty.log").touch()
    (folder / "gone.log").symlink_to("nowhere")
    for number in range(40):
        (folder / f"{number}x.log").write_text(line(number))
    with following(kept.around, "logs/*.log"):
        until(lambda: sorted(pids(kept)) == list(range(40)), lambda: pids(kept), 20)
        for number in range(40):
            with (folder / f"{number}x.log").open("a") as file:
                file.write(line(100 + number))
        until(lambda: len(pids(kept)) == 80, lambda: pids(kept), 20)
    assert len(kept.events()) == 80


def test_hostile_lines_reach_the_quarantine(kept: Kept, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    with log.open("wb") as file:
        file.write(b"\0" * 100 + b"\n" + b"\xff\xfe\n" + b"x" * 5_000_000 + b"\n" + line(1).encode())
    with following(kept.around, "app.log"):
        sees(kept, 1)
    assert sum(len(one.line) for one in kept.strange) == 100 + 2 + 5_000_000


TRAIL = {
    "eventTime": "2026-11-24T10:11:12Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "PutObject",
    "awsRegion": "eu-west-1",
}


def test_documents_are_read_when_they_are_whole(kept: Kept, tmp_path: Path) -> None:
    data = json.dumps({"Records": [{**TRAIL, "eventID": f"e{n}"} for n in range(3)]})
    trail = tmp_path / "trail.json"
    trail.write_text(data[:100])
    with following(kept.around, "*.json", log="aws-cloudtrail"):
        time.sleep(1)
        assert not kept.events()
        trail.write_text(data)
        until(lambda: [event.uid for event in kept.events()] == ["e0", "e1", "e2"])
    (tmp_path / "more.json.gz").write_bytes(gzip.compress(data.replace('"eventID": "e', '"eventID": "f').encode()))
    with following(kept.around, ["*.json", "*.json.gz"], log="aws-cloudtrail", packed=True):
        until(lambda: len(kept.events()) == 6)
    assert not kept.strange


def test_output_of_containers_knows_whose_it_is(kept: Kept, tmp_path: Path) -> None:
    folder = tmp_path / "pods" / "ml_trainer-0_0a1b" / "main"
    folder.mkdir(parents=True)
    (folder / "0.log").write_text(
        "2026-11-24T10:11:12.123456789Z stdout P epoch \n2026-11-24T10:11:12.123456789Z stdout F 3\n"
    )
    with following(kept.around, "pods/*/*/*.log", log="container"):
        until(lambda: bool(kept.events()))
    (event,) = kept.events()
    assert (event.message, event.namespace, event.pod, event.container) == ("epoch 3", "ml", "trainer-0", "main")


def test_a_busy_spool_is_waited_for(tmp_path: Path) -> None:
    kept = Kept(tmp_path, max_bytes=30_000)
    (tmp_path / "app.log").write_text(lines(*range(300)))
    try:
        with following(kept.around, "app.log"):
            time.sleep(1)
            assert len(pids(kept)) < 300
            kept.spool._max_bytes = 1 << 30
            sees(kept, *range(300))
    finally:
        kept.close()


@pytest.mark.parametrize(("said", "wrong"), [({"path": ""}, "names no file"), ({"log": "nolog"}, "no log format")])
def test_what_cannot_hold_is_refused(kept: Kept, said: dict[str, str], wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        failing(input_, kept.around, **{"log": "syslog", "path": "a", **said})


CHILD = """
import asyncio, sys
from pathlib import Path
import msgspec
from garrison.watch.receive.input import Around
from garrison.watch.receive.inputs import file
from tests.watch.receive.conftest import Kept

folder = Path(sys.argv[1])
settings = {"type": "file", "name": "here", "log": "syslog", "path": "app.log", "packed": True}
settings, kept = msgspec.convert(settings, file.Settings), Kept(folder)
print("ready", flush=True)
asyncio.run(file.serve(settings, Around(kept.intake, folder / "state", lambda name: folder / name)))
"""
ROUNDS = 24
ROOT = Path(__file__).parents[4]


def test_killed_at_any_time_while_files_are_rotated(tmp_path: Path) -> None:
    """Nothing is lost, and nothing is two events."""
    chance, log, written = random.Random(2), tmp_path / "app.log", 0

    def rotate(round_: int) -> None:
        for number in range(ROUNDS, 0, -1):
            for end in ("", ".gz"):
                with contextlib.suppress(FileNotFoundError):
                    (tmp_path / f"app.log.{number}{end}").rename(tmp_path / f"app.log.{number + 1}{end}")
        if round_ % 3 == 1:  # copied and cut
            shutil.copy(log, tmp_path / "app.log.1")
            os.truncate(log, 0)
            return
        log.rename(tmp_path / "app.log.1")
        if round_ % 3 == 2:
            packed = gzip.compress((tmp_path / "app.log.1").read_bytes())
            (tmp_path / "app.log.1.gz").write_bytes(packed)
            (tmp_path / "app.log.1").unlink()

    for round_ in range(ROUNDS):
        with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            end = time.monotonic() + chance.uniform(0.1, 1.2)
            turn = time.monotonic() + chance.uniform(0.0, 1.0)
            while time.monotonic() < end:
                with log.open("a") as file:
                    for _ in range(chance.randrange(1, 40)):
                        file.write(line(written))
                        written += 1
                if time.monotonic() > turn:
                    rotate(round_)
                    turn = end
                time.sleep(0.01)
            child.send_signal(signal.SIGKILL)
    kept = Kept(tmp_path)
    try:
        around = Around(kept.intake, tmp_path / "state", kept.around.beside)
        with following(around, "app.log", packed=True):
            until(lambda: len(pids(kept)) >= written, lambda: (len(pids(kept)), written), 30)
            time.sleep(3)
        found: list[Event] = kept.events()
    finally:
        kept.close()
    assert len({event.uid for event in found}) == written
    assert {event.pid for event in found} == set(range(written))
    assert written > 3_000
