"""A service of Envoy's rate-limit protocol (envoy.service.ratelimit.v3): so many requests of each descriptor, then no more.

Usage: rate_service.py PORT FILE, where FILE is a JSON of limits by descriptor ("client=ada" or "client=ada,model=iris"), read
anew for each request; what is asked is printed, a line of JSON each. A limit of -1 is never answered.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

OK, OVER = 1, 2
SECOND = 1


def fields(data: bytes) -> list[tuple[int, Any]]:
    """The fields of a message (https://protobuf.dev/programming-guides/encoding/)."""
    found: list[tuple[int, Any]] = []
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 2:
            length, at = varint(data, at)
            found.append((tag >> 3, data[at : at + length]))
            at += length
        else:
            value, at = varint(data, at)
            found.append((tag >> 3, value))
    return found


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def written(number: int, value: int | bytes) -> bytes:
    """A field."""
    if isinstance(value, bytes):
        return bytes([number << 3 | 2, len(value)]) + value
    rest = b""
    while value >= 128:
        rest, value = rest + bytes([value & 127 | 128]), value >> 7
    return bytes([number << 3]) + rest + bytes([value])


def descriptors(request: bytes) -> tuple[str, list[str]]:
    """The domain of a RateLimitRequest, and its descriptors in words."""
    told = fields(request)
    words = []
    for value in (v for n, v in told if n == 2):
        entries = [dict(fields(entry)) for n, entry in fields(value) if n == 1]
        words.append(",".join(f"{entry[1].decode()}={entry[2].decode()}" for entry in entries))
    return next(v.decode() for n, v in told if n == 1), words


class Service:
    def __init__(self, file: Path) -> None:
        self.file, self.counts = file, dict[str, int]()

    def should_rate_limit(self, request: bytes, context: Any) -> bytes:
        del context
        domain, words = descriptors(request)
        print(json.dumps({"domain": domain, "descriptors": words}), flush=True)
        limits = json.loads(self.file.read_text())
        statuses, over = b"", False
        for word in words:
            if word not in limits:
                statuses += written(2, written(1, OK))
                continue
            if limits[word] < 0:
                time.sleep(5)
            self.counts[word] = self.counts.get(word, 0) + 1
            left = max(0, limits[word] - self.counts[word])
            code = OVER if self.counts[word] > limits[word] else OK
            over = over or code == OVER
            current = written(1, limits[word]) + written(2, SECOND)
            status = written(1, code) + written(2, current) + written(3, left) + written(4, written(1, 1))
            statuses += written(2, status)
        return written(1, OVER if over else OK) + statuses


service = Service(Path(sys.argv[2]))
server = grpc.server(ThreadPoolExecutor(8))
method = grpc.unary_unary_rpc_method_handler(service.should_rate_limit)
handlers = {"ShouldRateLimit": method}
server.add_generic_rpc_handlers(
    (grpc.method_handlers_generic_handler("envoy.service.ratelimit.v3.RateLimitService", handlers),)
)
server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
server.start()
print("ready", flush=True)
server.wait_for_termination()
