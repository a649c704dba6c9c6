"""JSON lines by HTTP POST, signed where a secret is named."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from garrison.events.event import Event
from garrison.watch.export.destination import Destination
from garrison.watch.export.form import FORMS, Form
from garrison.watch.sending.http import post
from garrison.watch.sending.secret import Beside, secret
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


def send(settings: Settings, batch: str, events: Sequence[Event], beside: Beside) -> None:
    """One request."""
    body, who = b"".join(FORMS[settings.form](event) + b"\n" for event in events), f"export {settings.name}"
    headers = {"Content-Type": "application/x-ndjson", **named(batch)}
    if settings.gzip:
        body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
    if token := secret(settings.token_file, settings.token_env, beside, f"token of {who}"):
        headers["Authorization"] = f"Bearer {token}"
    headers |= signed(who, batch, body, secret(settings.secret_file, settings.secret_env, beside, f"secret of {who}"))
    post(who, settings.url, body, headers, ca=settings.ca, beside=beside, timeout_s=settings.timeout_s)
