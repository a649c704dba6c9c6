"""Lua as the tests run it: in LuaJIT beside them, and in a real Envoy."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from lupa import luajit21

from garrison.gateway.run.program import find_envoy

Run = Callable[[str], Any]
Ask = Callable[..., tuple[int, bytes]]
Serve = Callable[[str], Any]

_LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


@pytest.fixture
def run() -> Run:
    """Runs a chunk in a state of its own; what it returns can be called with bytes."""
    state = luajit21.LuaRuntime(encoding=None, unpack_returned_tuples=True)
    return lambda code: state.execute(code.encode())


@pytest.fixture
def envoy(tmp_path: Path) -> Serve:
    """Serves a Lua filter in a real Envoy, behind it an answer that never varies."""

    @contextmanager
    def serve(code: str) -> Iterator[Ask]:
        config, admin = tmp_path / "envoy.json", tmp_path / "admin.txt"
        config.write_text(json.dumps(_bootstrap(code)))
        command = [str(find_envoy()), "-c", str(config), "--use-dynamic-base-id", "--concurrency", "1", "-l", "error"]
        with subprocess.Popen([*command, "--admin-address-path", str(admin)]) as process:
            try:
                port = _port(admin, process)

                def ask(body: bytes, **headers: str) -> tuple[int, bytes]:
                    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
                        connection.request("POST", "/", body, {k.replace("_", "-"): v for k, v in headers.items()})
                        response = connection.getresponse()
                        return response.status, response.read()

                yield ask
            finally:
                process.terminate()
                process.wait(20)

    return serve


def _port(admin: Path, process: subprocess.Popen[bytes]) -> int:
    """Where the listener came up; the system chose its port."""
    for _ in range(400):
        assert process.poll() is None, "Envoy has stopped"
        if admin.exists() and admin.read_text().count(":") == 1:
            host, _, port = admin.read_text().strip().partition(":")
            with closing(http.client.HTTPConnection(host, int(port), timeout=5)) as connection:
                connection.request("GET", "/listeners?format=json")
                listeners = json.loads(connection.getresponse().read()).get("listener_statuses", [])
            if listeners:
                found: int = listeners[0]["local_address"]["socket_address"]["port_value"]
                return found
        time.sleep(0.05)
    raise AssertionError("Envoy does not come up")


def _bootstrap(code: str) -> dict[str, Any]:
    local = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    lua = {"@type": _LUA, "default_source_code": {"inline_string": code}}
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "test",
        "http_filters": [
            {"name": "lua", "typed_config": lua},
            {"name": "router", "typed_config": {"@type": _ROUTER}},
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {"prefix": "/"},
                            "direct_response": {"status": 200, "body": {"inline_string": "reached"}},
                        }
                    ],
                }
            ]
        },
    }
    listener = {
        "name": "test",
        "address": local,
        "per_connection_buffer_limit_bytes": 4 << 20,
        "filter_chains": [{"filters": [{"name": "manager", "typed_config": manager}]}],
    }
    return {"admin": {"address": local}, "static_resources": {"listeners": [listener]}}
