"""A bundle with a residue, the service that decides by it, and what Envoy would ask."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from garrison.gateway.authorise.bundle import Bundle, write_bundle
from garrison.policy.policies import read_policies
from garrison.policy.request import Model
from garrison.policy.vocabulary import read_vocabulary

START_S = 20
ROLES = '[claims]\nteams = "strings"\n'
POLICIES = """\
forbid (principal, action, resource in Label::"restricted")
unless { context.source.isInRange(ip("10.0.0.0/8")) && context.now > datetime("2020-01-01") };

@id("own-team-only")
forbid (principal, action, resource == Model::"churn")
unless { context.claims has teams && context.claims.teams.contains("churn") };

forbid (principal, action, resource == Model::"broken") when { context.request has size_bytes &&
  context.request.size_bytes + 9223372036854775807 > 0 };
"""
MODELS = (Model("fraud", frozenset({"restricted"})), Model("churn"), Model("broken"), Model("plain"))
ASKED = {
    "x-garrison-client": "batch",
    "x-garrison-role": "service",
    "x-garrison-action": "infer",
    "x-garrison-model": "fraud",
    "x-garrison-login": "key",
    "x-garrison-source": "10.0.0.7",
}


def make_bundle(folder: Path, policies: str = POLICIES, roles: str = ROLES) -> Path:
    """A bundle as the compiler writes it."""
    (folder / "own.cedar").write_text(policies)
    (folder / "roles.toml").write_text(roles)
    loaded = read_policies([folder / "own.cedar"], read_vocabulary(folder / "roles.toml"))
    write_bundle(folder / "bundle.json", Bundle(loaded, MODELS))
    return folder / "bundle.json"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        try:
            self.sock.connect(str(self.path))
        except OSError:
            self.close()
            raise


def ask(connection: http.client.HTTPConnection, headers: Mapping[str, str]) -> tuple[int, str, str]:
    """Status, body and the policy that decided."""
    connection.request("POST", "/v2/models/fraud/infer", headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body, answer.headers.get("x-garrison-policy", "")


@contextmanager
def service(*arguments: str, ready: http.client.HTTPConnection) -> Iterator[subprocess.Popen[str]]:
    """The service as a process of its own, while the block runs."""
    command = [sys.executable, "-m", "garrison.gateway.authorise", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + START_S
        while True:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until
            try:
                ready.connect()
                break
            except OSError:
                time.sleep(0.02)
        ready.close()
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def claims(**said: object) -> str:
    """Claims as jwt_authn forwards them."""
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
