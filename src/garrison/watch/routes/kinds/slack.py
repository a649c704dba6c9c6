"""Slack, and what takes the same: Mattermost, Rocket.Chat, Discord's /slack. An incoming webhook, whose address is its secret.

Text is Slack's mrkdwn: of it `&`, `<` and `>` are escaped (https://docs.slack.dev/messaging/formatting-message-text), so that nothing
in a log becomes a link or calls somebody.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from garrison.report.terminal.text import clean
from garrison.watch.routes.message import Message, paragraphs, subject
from garrison.watch.routes.route import Route
from garrison.watch.sending.http import hold_address, post
from garrison.watch.sending.secret import Beside, hold_one, secret, trust

_MOST_ALERTS = 10
_MOST_CHARACTERS = 2900  # of the 3000 that a section may have
_MOST_SUBJECT = 300


class Settings(Route, frozen=True, kw_only=True, tag_field="type", tag="slack"):
    """`type = "slack"`."""

    url_file: Annotated[str, Meta(description="A file with the address of the incoming webhook.")] = ""
    url_env: Annotated[str, Meta(description="Or the name of a variable.")] = ""
    ca: Annotated[str, Meta(description="PEM file: who signs its certificate; the system's if empty.")] = ""


def hold(settings: Settings, beside: Beside) -> None:
    """One address, certificates."""
    hold_one(f"url of route {settings.name}", url_file=settings.url_file, url_env=settings.url_env)
    hold_address(f"route {settings.name}", _url(settings, beside))
    trust(settings.ca, beside)


def send(settings: Settings, message: Message, beside: Beside) -> None:
    """Post it."""
    body = msgspec.json.encode(blocks(message))
    who, url, headers = f"route {settings.name}", _url(settings, beside), {"Idempotency-Key": message.key}
    post(who, url, body, headers, ca=settings.ca, beside=beside, timeout_s=settings.timeout_s)


def _url(settings: Settings, beside: Beside) -> str:
    return secret(settings.url_file, settings.url_env, beside, f"url of route {settings.name}")


def blocks(message: Message) -> dict[str, Any]:
    """A section for each alert, and words for notifications."""
    sections = ["\n".join(paragraphs(told)) for told in message.told[:_MOST_ALERTS]]
    if rest := len(message.told) - _MOST_ALERTS:
        sections += [f"and {rest} more: garrison alerts"] if rest > 0 else []
    return {
        "text": _escaped(subject(message)[:_MOST_SUBJECT]),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": _escaped(text)}} for text in sections],
    }


def _escaped(text: str) -> str:
    """Shortened first, so that no escape is cut in two."""
    kept = "\n".join(clean(line) for line in text.split("\n"))
    while len(escaped := kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")) > _MOST_CHARACTERS:
        kept = kept[: len(kept) - max(1, (len(escaped) - _MOST_CHARACTERS) // 5)]
    return escaped
