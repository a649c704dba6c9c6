"""Syslog (RFC 5424) with events as CEF or JSON, over TLS (RFC 5425) or TCP (RFC 6587), framed by counting octets.

Syslog acknowledges nothing: a batch counts as taken when the receiver has read it to the end and closed. What it loses then is lost.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from garrison.events.ecs import moment
from garrison.events.event import Event
from garrison.watch.export.destination import Destination
from garrison.watch.export.form import FORMS, Form
from garrison.watch.sending.secret import Beside, trust
from garrison.watch.sending.syslog import PORT, framed, hand_over, hold_plaintext, name_of, priority_of


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


def hold(settings: Settings, beside: Beside) -> None:
    """No plaintext to others, certificates."""
    trust(settings.ca, beside, settings.certificate, settings.key)
    hold_plaintext(f"export {settings.name}", settings.security, settings.host, insecure=settings.insecure)


def send(settings: Settings, batch: str, events: Sequence[Event], beside: Beside) -> None:
    """Send a line for each event, and wait until the receiver has read them."""
    del batch
    hold_plaintext(f"export {settings.name}", settings.security, settings.host, insecure=settings.insecure)
    context = trust(settings.ca, beside, settings.certificate, settings.key) if settings.security == "tls" else None
    host = name_of(socket.gethostname())
    frames = b"".join(framed(_line(settings, event, host)) for event in events)
    hand_over(settings.host, settings.port, frames, context, settings.timeout_s)


def _line(settings: Settings, event: Event, host: str) -> bytes:
    priority = priority_of(settings.facility, event.severity_id)
    head = f"<{priority}>1 {moment(event.time_us)} {host} garrison - {name_of(event.product)[:32]} - "
    return head.encode() + FORMS[settings.form](event)
