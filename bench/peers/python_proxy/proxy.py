"""The gateway's policy as a Python proxy does it: ASGI on Granian, aiohttp to the upstream. PROXY names its settings.

Hashed key, permission, limit per client, size, JSON Schema (jsonschema-rs), and a line of JSON per request.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema_rs
import msgspec


class Settings(msgspec.Struct):
    """What is decided by."""

    upstream: str
    log: str
    keys: dict[str, tuple[str, str]]  # from digests to client and role
    permitted: set[tuple[str, str]]  # role and model
    per_second: float
    burst: float
    largest_bytes: int
    json_schema: dict[str, Any]


SETTINGS = msgspec.json.decode(Path(os.environ["PROXY"]).read_bytes(), type=Settings)
SCHEMA = jsonschema_rs.Draft202012Validator(SETTINGS.json_schema)
LOG = Path(SETTINGS.log).open("ab")  # noqa: SIM115 - for as long as the process lives
encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
buckets: dict[str, tuple[float, float]] = {}
sessions: list[aiohttp.ClientSession] = []


def refill(client: str) -> bool:
    """Whether the client's bucket has a token left; takes it."""
    now = time.monotonic()
    tokens, since = buckets.get(client, (SETTINGS.burst, now))
    tokens = min(SETTINGS.burst, tokens + (now - since) * SETTINGS.per_second)
    buckets[client] = (tokens - 1 if tokens >= 1 else tokens, now)
    return tokens >= 1


async def body_of(receive: Any) -> bytes | None:
    """All of a body; None if it is too large."""
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
        if len(body) > SETTINGS.largest_bytes:
            return None
    return body


async def judged(scope: Any, receive: Any) -> tuple[int, str, bytes]:
    """Status, client, and the body of a request that is let through."""
    headers = dict(scope["headers"])
    client, role = SETTINGS.keys.get(hashlib.sha256(headers.get(b"x-api-key", b"")).hexdigest(), ("", ""))
    if not client:
        return 401, "", b""
    if not refill(client):
        return 429, client, b""
    if (role, scope["path"].split("/")[3]) not in SETTINGS.permitted:
        return 403, client, b""
    body = await body_of(receive)
    if body is None:
        return 413, client, b""
    try:
        valid = SCHEMA.is_valid(decode(body))
    except msgspec.DecodeError:
        valid = False
    return (200, client, body) if valid else (400, client, b"")


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The proxy."""
    if scope["type"] != "http":
        return
    began = time.time()
    status, client, body = await judged(scope, receive)
    answer = b"{}"
    if status == 200:
        if not sessions:
            sessions.append(aiohttp.ClientSession(SETTINGS.upstream, connector=aiohttp.TCPConnector(limit=0)))
        async with sessions[0].post(scope["path"], data=body, headers={"content-type": "application/json"}) as response:
            status, answer = response.status, await response.read()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": answer})
    said = {"time": began, "client": client, "path": scope["path"], "status": status, "bytes": len(body)}
    LOG.write(encode(said | {"ms": (time.time() - began) * 1000}) + b"\n")
