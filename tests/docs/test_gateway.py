"""The quick start of the gateway, run as it stands on the page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from garrison.gateway.file.form import Gateway

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs/gateway.md").read_text("utf8")
START = PAGE.partition("## In five minutes")[2].partition("## The file")[0]
CALLS = 4


def free_ports(count: int) -> list[int]:
    import socket

    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports


@pytest.mark.slow
def test_the_quick_start_does_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "served-model"
    shutil.copytree(TOP / "examples/served-model", folder)
    command = tmp_path / "bin/garrison"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m garrison "$@"\n')
    command.chmod(0o755)
    (command.parent / "python").symlink_to(sys.executable)
    server, gateway = free_ports(2)
    blocks = [
        re.sub("8443", str(gateway), re.sub("8080", str(server), b))
        for b in re.findall(r"```sh\n(.*?)```", START, re.DOTALL)
    ]
    file = folder / "gateway.toml"
    file.write_text(file.read_text().replace("8443", str(gateway)).replace("8080", str(server)))
    ready = f"until curl -s --cacert certs/ca.pem https://localhost:{gateway}/ >/dev/null; do sleep 0.1; done\n"
    script = "set -e\n" + ready.join(
        [blocks[0], "".join(blocks[1:]).replace("garrison gateway explain", "! garrison gateway explain")]
    )
    script += "\nkill $(jobs -p); wait || true\n"
    env = {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    decoder, answers, text = json.JSONDecoder(), [], done.stdout
    while (at := text.find("{")) >= 0:
        answer, end = decoder.raw_decode(text[at:])
        answers.append(answer)
        text = text[at + end :]
    assert answers[0]["outputs"][0]["data"] == [1.0, 0.0, 0.0]
    assert [answer["error"].partition(" (")[0] for answer in answers[1:]] == [
        "the request carries no valid credential",
        "the body: expected inputs, at least one",
        "this client may not do this",
    ]
    assert "deny: ada (data-scientist) unload-model iris" in done.stdout
    lines = [json.loads(line) for line in (folder / "state/audit.jsonl").read_text().splitlines()]
    assert [x["status"] for x in lines if x["path"] != "/"] == [200, 401, 400, 403]


def test_the_file_on_the_page_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    gateway = msgspec.convert(tomllib.loads(block), Gateway)
    assert gateway.limits.role["service"].per_second == 500
    assert set(gateway.model) == {"iris"}
