"""The page on watching: its file is one, and its commands do what it says, one after the other."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.watch.run.watching import free_port, until

PAGE = (Path(__file__).parents[2] / "docs/watch.md").read_text("utf8")
LINE = {
    "time": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),  # the page looks two hours back
    "decision": "deny",
    "request_id": "r1",
    "client": "ada",
    "action": "load-model",
    "model": "iris",
}


@pytest.mark.slow
def test_the_commands_of_the_page_run_one_after_the_other(tmp_path: Path) -> None:
    pytest.importorskip("chdb")
    file = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
    (tmp_path / "watch.toml").write_text(file.replace("8444", str(free_port())))
    (tmp_path / "state").mkdir()
    (tmp_path / "state/audit.jsonl").write_text(json.dumps(LINE) + "\n")
    (block,) = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    running: subprocess.Popen[bytes] | None = None
    told = []
    program = f"{shlex.quote(sys.executable)} -m garrison"

    def run(line: str) -> subprocess.CompletedProcess[str]:
        command = line.replace("garrison", program, 1)
        return subprocess.run(
            command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )

    try:
        for line in (said[2:] for said in block.splitlines()):
            if " run " in line:
                command = [sys.executable, *("-m " + line).split()]
                running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
                until(lambda: "iris" in run("garrison alerts").stdout)
                until(lambda: run("garrison watch status watch.toml").returncode == 0)
                continue
            done = run(line)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            told.append(done.stdout)
    finally:
        if running is not None:
            running.send_signal(signal.SIGTERM)
            running.wait(60)
    assert running is not None
    assert "watch.toml is right: 2 inputs" in told[2]
    assert "input gateway (file): 1 lines" in told[3]
    assert "load-model" in told[4]
    assert told[-1].startswith("1 events in 1 batches looked at: all as stored")
    keys = (tmp_path / "senders.keys").read_text()
    assert re.fullmatch(r"batch-job \S+ sha256:[0-9a-f]{64}\n", keys)
