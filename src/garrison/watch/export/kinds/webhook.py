"""JSON lines by HTTP POST, signed where a secret is named: HMAC-SHA-256 over the time, a dot and the body."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import time
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from garrison.events.event import Event
from garrison.watch.export.destination import Destination
from garrison.watch.export.form import FORMS, Form
from garrison.watch.sending.http import post
from garrison.watch.sending.secret import Beside, secret


class Settings(Destination, frozen=True, kw_only=True, tag_field="type", tag="webhook"):
    """`type = "webhook"`."""

    url: Annotated[str, Meta(min_length=1)]
    form: Form = Form.OCSF
    ca: Annotated[str, Meta(description="PEM file: who signs its certificate; the system's if empty.")] = ""
    token_file: Annotated[str, Meta(description="What is sent as Authorization: Bearer.")] = ""
    token_env: str = ""
    secret_file: Annotated[str, Meta(description="What bodies are signed with.")] = ""
    secret_env: str = ""
    gzip: bool = True


def send(settings: Settings, batch: str, events: Sequence[Event], beside: Beside) -> None:
    """One request. `X-Garrison-Batch` is the same each time it is tried."""
    body = b"".join(FORMS[settings.form](event) + b"\n" for event in events)
    headers = {"Content-Type": "application/x-ndjson", "X-Garrison-Batch": batch}
    if settings.gzip:
        body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
    if token := secret(settings.token_file, settings.token_env, beside, f"export {settings.name}: token"):
        headers["Authorization"] = f"Bearer {token}"
    if key := secret(settings.secret_file, settings.secret_env, beside, f"export {settings.name}: secret"):
        now = str(int(time.time()))
        signed = hmac.new(key.encode(), now.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers |= {"X-Garrison-Time": now, "X-Garrison-Signature": f"sha256={signed}"}
    who = f"export {settings.name}"
    post(who, settings.url, body, headers, ca=settings.ca, beside=beside, timeout_s=settings.timeout_s)
