"""Envoy's admin interface, over its Unix socket."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

from garrison.errors import GarrisonError

_TIMEOUT_S = 2.0


class NotThereError(GarrisonError):
    """Envoy does not answer on its admin socket."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("envoy", timeout=_TIMEOUT_S)
        self.path = path

    def connect(self) -> None:
        """To the socket rather than to a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(str(self.path))


def ask(path: Path, what: str, method: str = "GET") -> str:
    """What Envoy answers. Raises NotThereError where it does not."""
    connection = _Connection(path)
    try:
        connection.request(method, what)
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise NotThereError(f"Envoy does not answer: {error}", hint="it may have just stopped") from error
    finally:
        connection.close()


def is_ready(path: Path) -> bool:
    """Whether Envoy takes requests."""
    try:
        return ask(path, "/ready").strip() == "LIVE"
    except NotThereError:
        return False


def counters(path: Path, pattern: str) -> dict[str, int]:
    """Counters and gauges whose name matches a regular expression."""
    lines = ask(path, f"/stats?usedonly&filter={pattern}").splitlines()
    pairs = (line.rpartition(": ") for line in lines)
    return {name: int(value) for name, _, value in pairs if value.isdigit()}
