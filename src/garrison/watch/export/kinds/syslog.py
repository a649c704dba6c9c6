"""Syslog (RFC 5424) with events as CEF or JSON, over TLS (RFC 5425) or TCP (RFC 6587), framed by counting octets.

Syslog acknowledges nothing: a batch counts as taken when the receiver has read it to the end and closed. What it loses then is lost.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from garrison.errors import ConfigError
from garrison.events.ecs import moment
from garrison.events.event import Event, Severity
from garrison.ledger.web import is_loopback
from garrison.watch.export.destination import Beside, Destination
from garrison.watch.export.form import FORMS, Form
from garrison.watch.routes.kinds.syslog import PORT, framed, hand_over, name_of
from garrison.watch.routes.secret import trust

_SEVERITY = {Severity.CRITICAL: 2, Severity.HIGH: 3, Severity.MEDIUM: 4, Severity.LOW: 5}  # RFC 5424, table 2
_INFORMATIONAL = 6


class Settings(Destination, frozen=True, kw_only=True, tag_field="type", tag="syslog"):
    """`type = "syslog"`."""

    host: Annotated[str, Meta(min_length=1)]
    port: Annotated[int, Meta(gt=0, le=65_535)] = PORT
    form: Form = Form.CEF
    security: Annotated[Literal["tls", "tcp"], Meta(description="tcp: to this machine, or with insecure.")] = "tls"
    insecure: Annotated[bool, Meta(description="Allow plaintext to another machine.")] = False
    ca: Annotated[str, Meta(description="PEM file: who signs its certificate; the system's if empty.")] = ""
    certificate: Annotated[str, Meta(description="PEM file: our own certificate, if it asks.")] = ""
    key: Annotated[str, Meta(description="PEM file: the private key of that.")] = ""
    facility: Annotated[int, Meta(ge=0, le=23)] = 13  # log audit


def send(settings: Settings, batch: str, events: Sequence[Event], beside: Beside) -> None:
    """Send a line for each event, and wait until the receiver has read them."""
    del batch
    if settings.security == "tcp" and not (settings.insecure or is_loopback(settings.host)):
        hint = 'write security = "tls", or insecure = true where the network is trusted'
        raise ConfigError(f"export {settings.name} would send in plaintext", hint=hint)
    context = trust(settings.ca, beside, settings.certificate, settings.key) if settings.security == "tls" else None
    host = name_of(socket.gethostname())
    frames = b"".join(framed(_line(settings, event, host)) for event in events)
    hand_over(settings.host, settings.port, frames, context, settings.timeout_s)


def _line(settings: Settings, event: Event, host: str) -> bytes:
    priority = settings.facility * 8 + _SEVERITY.get(event.severity_id, _INFORMATIONAL)
    head = f"<{priority}>1 {moment(event.time_us)} {host} garrison - {name_of(event.product)[:32]} - "
    return head.encode() + FORMS[settings.form](event)
