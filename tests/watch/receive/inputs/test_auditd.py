"""Linux's own audit: rules by auditctl, records by auditd, followed as a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.watch.receive.conftest import Kept, running, until

from garrison.events.event import Class
from garrison.watch.receive.inputs import file

pytestmark = pytest.mark.slow

KEY = "garrison-test"
RULE = ["always,exit", "-F", "arch=b64", "-S", "execve", "-F", f"key={KEY}"]
CONFIG = """log_file = {folder}/audit.log
log_format = ENRICHED
write_logs = yes
flush = SYNC
freq = 1
max_log_file = 8
num_logs = 2
max_log_file_action = ROTATE
space_left = 75
space_left_action = IGNORE
admin_space_left = 50
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
"""


def _status() -> dict[str, str]:
    found = subprocess.run(["auditctl", "-s"], check=False, capture_output=True, text=True, timeout=10)
    return dict(line.split(maxsplit=1) for line in found.stdout.splitlines() if " " in line)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """What auditd writes of every program that begins."""
    if os.geteuid() or shutil.which("auditd") is None or _status().get("pid") != "0":
        pytest.skip("auditd is not installed, or runs already, or the kernel lets nobody here audit")
    folder = tmp_path / "audit"
    folder.mkdir(mode=0o700)
    (folder / "auditd.conf").write_text(CONFIG.format(folder=folder))
    before = _status()["enabled"]
    with subprocess.Popen(["auditd", "-n", "-c", str(folder), "-s", "enable"], stderr=subprocess.PIPE) as auditd:
        try:
            until(lambda: _status()["pid"] != "0")
            subprocess.run(["auditctl", "-a", *RULE], check=True, timeout=10)
            yield folder / "audit.log"
        finally:
            subprocess.run(["auditctl", "-d", *RULE], check=True, timeout=10)
            auditd.terminate()
            auditd.communicate(timeout=20)
            subprocess.run(["auditctl", "-e", before], check=True, capture_output=True, timeout=10)


def test_a_program_that_begins_is_told(kept: Kept, log: Path) -> None:
    with running(file, kept.around, log="auditd", path=str(log)):
        subprocess.run(["/bin/echo", "a word", "of ours"], check=True, capture_output=True, timeout=10)
        until(lambda: any(event.cmd_line == "/bin/echo a word of ours" for event in kept.events()))
    events = kept.events()
    said = next(event for event in events if event.cmd_line == "/bin/echo a word of ours" and event.message == "EXECVE")
    assert said.class_uid == Class.PROCESS
    call = next(event for event in events if event.request_uid == said.request_uid and event.message == "SYSCALL")
    assert (call.process, call.status_detail) == (os.path.realpath("/bin/echo"), KEY)
    assert not kept.strange
