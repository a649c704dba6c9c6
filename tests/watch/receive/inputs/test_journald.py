"""Journals as systemd writes them, followed by journalctl."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.watch.receive.conftest import Kept, failing, running, until

from garrison.errors import ConfigError
from garrison.watch.receive.input import Around
from garrison.watch.receive.inputs import journald

pytestmark = pytest.mark.slow

BOOT, MACHINE = "0123456789abcdef" * 2, "fedcba9876543210" * 2
REMOTE = "/lib/systemd/systemd-journal-remote"


def entries(*numbers: int) -> bytes:
    """Entries in the Journal Export Format."""
    found = []
    for number in numbers:
        moment = 1_795_515_072_000_000 + number
        found.append(
            f"__REALTIME_TIMESTAMP={moment}\n__MONOTONIC_TIMESTAMP={number + 1}\n_BOOT_ID={BOOT}\n_MACHINE_ID={MACHINE}\n"
            f"_HOSTNAME=gpu-1\nPRIORITY=6\nSYSLOG_IDENTIFIER=train\n_SYSTEMD_UNIT=train.service\n_PID={number}\n"
            f"MESSAGE=step {number}\n\n"
        )
    return "".join(found).encode()


def write(folder: Path, *numbers: int) -> None:
    """Entries into the journal of a folder."""
    folder.mkdir(exist_ok=True)
    command = [REMOTE, f"--output={folder / 'remote.journal'}", "-"]
    subprocess.run(command, input=entries(*numbers), check=True, capture_output=True, timeout=20)


def test_entries_once_whoever_ends(kept: Kept, tmp_path: Path) -> None:
    write(tmp_path / "journal", 1, 2)
    with running(journald, kept.around, directory="journal"):
        until(lambda: len(kept.events()) == 2)
        write(tmp_path / "journal", 3)
        until(lambda: len(kept.events()) == 3)
    write(tmp_path / "journal", 4)
    with running(journald, kept.around, directory="journal"):
        until(lambda: len(kept.events()) == 4)
        time.sleep(0.5)
    events = kept.events()
    assert [(event.message, event.process, event.resource) for event in events] == [
        (f"step {number}", "train", "train.service") for number in (1, 2, 3, 4)
    ]
    assert len({event.uid for event in events}) == 4


def test_a_child_that_ends_is_begun_again(kept: Kept, tmp_path: Path) -> None:
    write(tmp_path / "journal", 1)
    with running(journald, kept.around, directory="journal"):
        until(lambda: len(kept.events()) == 1)
        children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
        (child,) = {int(pid) for one in children for pid in one.read_text().split() if _name(pid) == "journalctl"}
        os.kill(child, signal.SIGKILL)
        write(tmp_path / "journal", 2)
        until(lambda: len(kept.events()) == 2)


def _name(pid: str) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_units_and_the_end(kept: Kept, tmp_path: Path) -> None:
    write(tmp_path / "journal", 1)
    with running(journald, kept.around, directory="journal", unit=["other.service"]):
        time.sleep(1)
    with running(journald, kept.around, directory="journal", begin="end"):
        time.sleep(1)
        write(tmp_path / "journal", 2)
        until(lambda: bool(kept.events()))
    assert [event.pid for event in kept.events()] == [2]


def test_without_journalctl(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match="not installed"):
        failing(journald, kept.around)


CHILD = """
import asyncio, sys
from pathlib import Path
import msgspec
from garrison.watch.receive.input import Around
from garrison.watch.receive.inputs import journald
from tests.watch.receive.conftest import Kept

kept = Kept(Path(sys.argv[1]))
settings = msgspec.convert({"type": "journald", "name": "here", "directory": "journal"}, journald.Settings)
print("ready", flush=True)
asyncio.run(journald.serve(settings, kept.around))
"""


def test_killed_at_any_time(tmp_path: Path) -> None:
    chance, written = random.Random(1), 0
    for _ in range(8):
        command = [sys.executable, "-c", CHILD, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[4]) as child:
            assert child.stdout is not None
            child.stdout.readline()
            write(tmp_path / "journal", *range(written, written + 500))
            written += 500
            time.sleep(chance.uniform(0, 0.4))
            child.send_signal(signal.SIGKILL)
    kept = Kept(tmp_path)
    try:
        with running(journald, Around(kept.intake, tmp_path, kept.around.beside), directory="journal"):
            until(lambda: len({event.uid for event in kept.events()}) >= written, seconds=20)
        assert {event.pid for event in kept.events()} == set(range(written))
        assert len({event.uid for event in kept.events()}) == written
    finally:
        kept.close()
