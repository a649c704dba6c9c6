"""Syslog (RFC 5424) with the alert as CEF, over TLS (RFC 5425) or TCP (RFC 6587), framed by counting octets.

Syslog acknowledges nothing. So each delivery is a connection of its own, which the receiver closes when it has read all that came: one
that is reset, or does not end, is tried again. What a receiver loses after it has read is lost.
"""

from __future__ import annotations

import datetime as dt
import socket
from typing import Annotated, Literal

from msgspec import Meta

from garrison import __version__
from garrison.events.cef import Header, address, cef, labelled
from garrison.watch.routes.message import Message, Told
from garrison.watch.routes.route import Route
from garrison.watch.sending.secret import Beside, trust
from garrison.watch.sending.syslog import PORT, framed, hand_over, hold_plaintext, name_of, priority_of


class Settings(Route, frozen=True, kw_only=True, tag_field="type", tag="syslog"):
    """`type = "syslog"`."""

    host: Annotated[str, Meta(min_length=1)]
    port: Annotated[int, Meta(gt=0, le=65_535)] = PORT
    security: Annotated[Literal["tls", "tcp"], Meta(description="tcp: to this machine, or with insecure.")] = "tls"
    insecure: Annotated[bool, Meta(description="Allow plaintext to another machine.")] = False
    ca: Annotated[str, Meta(description="PEM file: who signs its certificate; the system's if empty.")] = ""
    certificate: Annotated[str, Meta(description="PEM file: our own certificate, if it asks.")] = ""
    key: Annotated[str, Meta(description="PEM file: the private key of that.")] = ""
    facility: Annotated[int, Meta(ge=0, le=23)] = 10  # security/authorization messages
    hostname: Annotated[str, Meta(description="What is said to send; this machine's name if empty.")] = ""


def hold(settings: Settings, beside: Beside) -> None:
    """No plaintext to others, certificates."""
    trust(settings.ca, beside, settings.certificate, settings.key)
    hold_plaintext(f"route {settings.name}", settings.security, settings.host, insecure=settings.insecure)


def send(settings: Settings, message: Message, beside: Beside) -> None:
    """Send a line for each alert, and wait until the receiver has read them."""
    hold(settings, beside)
    context = trust(settings.ca, beside, settings.certificate, settings.key) if settings.security == "tls" else None
    frames = b"".join(framed(line(settings, message, told)) for told in message.told)
    hand_over(settings.host, settings.port, frames, context, settings.timeout_s)


def line(settings: Settings, message: Message, told: Told) -> bytes:
    """One message of syslog."""
    alert = told.alert
    priority = priority_of(settings.facility, alert.severity)
    time = (
        dt.datetime.fromtimestamp(told.time_us / 1_000_000, dt.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
    host = name_of(settings.hostname or socket.gethostname())
    return f"<{priority}>1 {time} {host} garrison - {told.what} - {event(message, told)}".encode()


def event(message: Message, told: Told) -> str:
    """An alert as CEF. `externalId` is the same each time it is tried."""
    alert = told.alert
    header = Header(
        product="watch", version=__version__, event_class=alert.name, name=alert.title, severity=alert.severity
    )
    return cef(
        header,
        [
            ("externalId", message.key),
            ("rt", alert.time_us // 1000),
            ("start", alert.since_us // 1000),
            ("end", alert.time_us // 1000),
            ("cnt", alert.events),
            ("cat", alert.detector),
            ("act", told.what),
            ("suser", alert.principal),
            *address("src", alert.src_ip),
            ("msg", alert.text),
            *labelled("cn1", "alert", alert.number),
            *labelled("cn2", "risk", told.risk),
            *labelled("cn3", "incident", alert.incident),
            *labelled("cs1", "asset", alert.asset),
            *labelled("cs2", "assetType", alert.asset_type),
            *labelled("cs3", "tags", " ".join(alert.tags)),
            *labelled("cs4", "because", "; ".join(told.because)),
            *labelled("cs5", "events", " ".join(alert.uids)),
        ],
    )
