"""The demonstration of the gateway does what it says."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "examples/served-model"


FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
FLAT = [length for flower in FLOWERS for length in flower]
SHAPE = {"name": "flower", "datatype": "FP64", "shape": [2, 4]}
PACKED = json.dumps({"inputs": [{**SHAPE, "parameters": {"binary_data_size": 64}}]}).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    spec = importlib.util.spec_from_file_location("served_model", FOLDER / "server.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with ThreadingHTTPServer(("127.0.0.1", 0), module.Server) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def asked(server: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    connection = HTTPConnection(server, timeout=5)
    try:
        connection.request("POST", "/v2/models/iris/infer", body, headers or {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("data", [FLOWERS, FLAT, None])
def test_the_server_takes_data_in_each_form_of_the_protocol(server: str, data: list[Any] | None) -> None:
    if data is None:
        body = PACKED + struct.pack("<8d", *FLAT)
        status, said = asked(server, body, {"inference-header-content-length": str(len(PACKED))})
    else:
        status, said = asked(server, json.dumps({"inputs": [{**SHAPE, "data": data}]}).encode())
    assert status == 200
    (output,) = said["outputs"]
    assert output["shape"] == [2, 3]
    assert [round(p) for p in output["data"]] == [1, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"inputs": []}', PACKED, b'{"inputs": [{"shape": [1, 2], "data": [1, 2]}]}']
)
def test_the_server_refuses_what_is_no_request(server: str, body: bytes) -> None:
    assert asked(server, body)[0] == 400


@pytest.mark.slow
def test_one_is_let_through_and_three_are_refused(tmp_path: Path) -> None:
    command = tmp_path / "garrison"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m garrison "$@"\n')
    command.chmod(0o755)
    (tmp_path / "python").symlink_to(sys.executable)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([FOLDER / "demo.sh"], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"\(status (\d+)\)", done.stdout) == ["200", "401", "400", "403"]
    assert '"data": [1.00,0.00,0.00]' in done.stdout
    assert "1 incident, 1 alert" in done.stdout
    assert "4 events in 1 batches looked at: all as stored" in done.stdout
    assert "does not run" not in done.stdout + done.stderr
