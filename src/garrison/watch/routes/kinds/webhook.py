"""A webhook: the message as JSON, signed where a secret is named."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from garrison.watch.routes.message import Message
from garrison.watch.routes.route import Route
from garrison.watch.sending.http import hold_address, post
from garrison.watch.sending.secret import Beside, hold_one, secret, trust
from garrison.watch.sending.signing import named, signed


class Settings(Route, frozen=True, kw_only=True, tag_field="type", tag="webhook"):
    """`type = "webhook"`."""

    url: Annotated[str, Meta(description="https, or http on this machine.")] = ""
    url_file: Annotated[str, Meta(description="A file with the url, where that is a secret.")] = ""
    url_env: Annotated[str, Meta(description="Or the name of a variable.")] = ""
    secret_file: Annotated[str, Meta(description="Signs: whsec_ and 24 bytes or more in base64.")] = ""
    secret_env: Annotated[str, Meta(description="Or the name of a variable.")] = ""
    ca: Annotated[str, Meta(description="PEM file: who signs its certificate; the system's if empty.")] = ""


def hold(settings: Settings, beside: Beside) -> None:
    """One address, a secret that signs, certificates."""
    what = f"url of route {settings.name}"
    hold_one(what, url=settings.url, url_file=settings.url_file, url_env=settings.url_env)
    hold_address(f"route {settings.name}", _url(settings, beside))
    _signed("", b"", settings, beside)
    trust(settings.ca, beside)


def send(settings: Settings, message: Message, beside: Beside) -> None:
    """Post it."""
    body = msgspec.json.encode(message)
    headers = named(message.key) | _signed(message.key, body, settings, beside)
    who, url = f"route {settings.name}", _url(settings, beside)
    post(who, url, body, headers, ca=settings.ca, beside=beside, timeout_s=settings.timeout_s)


def _url(settings: Settings, beside: Beside) -> str:
    return settings.url or secret(settings.url_file, settings.url_env, beside, f"url of route {settings.name}")


def _signed(key: str, body: bytes, settings: Settings, beside: Beside) -> dict[str, str]:
    said = secret(settings.secret_file, settings.secret_env, beside, f"secret of route {settings.name}")
    return signed(f"route {settings.name}", key, body, said)
