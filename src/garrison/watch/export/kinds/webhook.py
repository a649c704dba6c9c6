"""JSON lines by HTTP POST, signed where a secret is named."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from garrison.events.event import Event
from garrison.watch.export.destination import Destination
from garrison.watch.export.form import FORMS, Form
from garrison.watch.sending.http import hold_address, post
from garrison.watch.sending.secret import Beside, secret, trust
from garrison.watch.sending.signing import named, signed


class Settings(Destination, frozen=True, kw_only=True, tag_field="type", tag="webhook"):
    """`type = "webhook"`."""

    url: Annotated[str, Meta(min_length=1)]
    form: Form = Form.OCSF
    ca: Annotated[str, Meta(description="PEM file: who signs its certificate; the system's if empty.")] = ""
    token_file: Annotated[str, Meta(description="What is sent as Authorization: Bearer.")] = ""
    token_env: str = ""
    secret_file: Annotated[str, Meta(description="Signs: whsec_ and 24 bytes or more in base64.")] = ""
    secret_env: Annotated[str, Meta(description="Or the name of a variable.")] = ""
    gzip: bool = True


def hold(settings: Settings, beside: Beside) -> None:
    """An address, what proves who sends, certificates."""
    hold_address(f"export {settings.name}", settings.url)
    _proof(settings, "", b"", beside)
    trust(settings.ca, beside)


def send(settings: Settings, batch: str, events: Sequence[Event], beside: Beside) -> None:
    """One request."""
    body = b"".join(FORMS[settings.form](event) + b"\n" for event in events)
    headers = {"Content-Type": "application/x-ndjson", **named(batch)}
    if settings.gzip:
        body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
    headers |= _proof(settings, batch, body, beside)
    who = f"export {settings.name}"
    post(who, settings.url, body, headers, ca=settings.ca, beside=beside, timeout_s=settings.timeout_s)


def _proof(settings: Settings, batch: str, body: bytes, beside: Beside) -> dict[str, str]:
    """The headers that prove who sends."""
    who = f"export {settings.name}"
    token = secret(settings.token_file, settings.token_env, beside, f"token of {who}")
    key = secret(settings.secret_file, settings.secret_env, beside, f"secret of {who}")
    return ({"Authorization": f"Bearer {token}"} if token else {}) | signed(who, batch, body, key)
