"""Frames of syslog (RFC 5424) over TLS (RFC 5425) or TCP (RFC 6587).

Syslog acknowledges nothing: what is sent counts as taken when the receiver has read it to the end and closed the connection.
"""

from __future__ import annotations

import contextlib
import socket
import ssl

from garrison.errors import BusyError, ConfigError
from garrison.events.event import Severity
from garrison.ledger.web import is_loopback

PORT = 6514
_SEVERITY = {Severity.CRITICAL: 2, Severity.HIGH: 3, Severity.MEDIUM: 4, Severity.LOW: 5}  # RFC 5424, table 2
_INFORMATIONAL = 6


def hold_plaintext(who: str, security: str, host: str, *, insecure: bool) -> None:
    """Raises ConfigError where plaintext would go to another machine."""
    if security == "tcp" and not (insecure or is_loopback(host)):
        hint = 'write security = "tls", or insecure = true where the network is trusted'
        raise ConfigError(f"{who} would send in plaintext", hint=hint)


def priority_of(facility: int, severity: Severity) -> int:
    """PRI of RFC 5424, section 6.2.1."""
    return facility * 8 + _SEVERITY.get(severity, _INFORMATIONAL)


def hand_over(host: str, port: int, frames: bytes, context: ssl.SSLContext | None, timeout_s: float) -> None:
    """Send frames, and wait until the receiver has read them. Raises BusyError."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as plain:
            if context is None:
                plain.sendall(frames)
                plain.shutdown(socket.SHUT_WR)
                _await_end(plain)
                return
            with context.wrap_socket(plain, server_hostname=host) as secured:
                secured.sendall(frames)
                with contextlib.suppress(ssl.SSLEOFError):  # it may close without saying so
                    secured.unwrap()  # ours ends; returns when theirs does
    except (OSError, ssl.SSLError) as error:
        raise BusyError(f"the syslog receiver was not reached: {error}", hint="it is tried again") from error


def framed(said: bytes) -> bytes:
    """By counting octets (RFC 6587, section 3.4.1)."""
    return b"%d %s" % (len(said), said)


def name_of(host: str) -> str:
    """As HOSTNAME of RFC 5424 may be: printable ASCII, without a space."""
    return "".join(c for c in host if "!" <= c <= "~")[:255] or "-"


def _await_end(connection: socket.socket) -> None:
    """Until the receiver closes. Raises OSError where it resets, or does not in time."""
    while connection.recv(4096):
        pass
