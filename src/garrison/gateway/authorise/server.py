"""The service in several processes, on a Unix socket that its owner alone can reach, or on loopback behind a shared secret."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from garrison.errors import UsageError
from garrison.gateway.authorise.service import Service

_MAX_SOCKET_BYTES: Final = 103  # of the path of a Unix socket; macOS allows the fewest
_MIN_SECRET_BYTES: Final = 32
_WATCH_S: Final = 0.25
_LOOPBACK: Final = ("127.0.0.1", "::1")


def serve(
    bundle: Path, *, socket_path: Path | None = None, address: str = "", secret: bytes = b"", processes: int = 2
) -> None:
    """Answer until SIGTERM or SIGINT. Raises UsageError for a place where others than the gateway could ask."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    os.umask(0o077)  # the socket too is its owner's alone
    host, _, port = address.rpartition(":")
    if socket_path is None:
        _check_loopback(host.strip("[]"), port, secret)
        place: dict[str, Any] = {"address": host.strip("[]"), "port": int(port)}
    else:
        _clear(socket_path)
        place = {"uds": socket_path}
    load: Any = functools.partial(_load, bundle, secret, os.getpid())
    Granian(
        "garrison",
        **place,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=processes,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=5,
        log_level=LogLevels.warning,
    ).serve(target_loader=load, wrap_loader=False)


def end_with(parent: int) -> None:
    """End this process when its parent has ended: what is left over would keep the place of the next one."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _load(bundle: Path, secret: bytes, parent: int) -> Service:
    """What each process answers with."""
    end_with(parent)
    return Service(bundle, secret)


def read_secret(path: Path) -> bytes:
    """A shared secret from a file that its owner alone can read. Raises UsageError."""
    try:
        mode, secret = path.stat().st_mode, path.read_bytes().strip()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint="name the file of the secret") from error
    if mode & 0o077:
        raise UsageError(f"{path} can be read by others", hint=f"chmod 600 {path}")
    if len(secret) < _MIN_SECRET_BYTES or not secret.isalnum():
        raise UsageError(
            f"{path} holds no secret", hint=f"write {_MIN_SECRET_BYTES} or more random letters and digits to it"
        )
    return secret


def _check_loopback(host: str, port: str, secret: bytes) -> None:
    if host not in _LOOPBACK or not port.isdigit():
        raise UsageError(f"{host}:{port} is not on loopback", hint="write 127.0.0.1:PORT, or name a Unix socket")
    if not secret:
        raise UsageError("whoever is on this machine could ask", hint="name a file with a secret, or a Unix socket")


def _clear(path: Path) -> None:
    """Make way for a socket: one that nobody listens on is left over."""
    if len(os.fsencode(path)) > _MAX_SOCKET_BYTES:
        raise UsageError(
            f"{path} is too long for a Unix socket", hint=f"choose one of {_MAX_SOCKET_BYTES} bytes at most"
        )
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder", hint="make it first, for its owner only")
    if path.exists() and not path.is_socket():
        raise UsageError(f"{path} is there and is no socket", hint="choose another name")
    if path.exists():
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(ConnectionRefusedError):
            probe.connect(str(path))
            raise UsageError(f"somebody listens on {path} already", hint="end it first, or choose another name")
        path.unlink()


def command(bundle: Path, *, socket_path: Path, processes: int) -> list[str]:
    """How the supervisor starts the service as a process of its own, that ends with it."""
    arguments = ["--bundle", str(bundle), "--socket", str(socket_path), "--processes", str(processes)]
    return [sys.executable, "-m", __package__, *arguments, "--with-parent"]
