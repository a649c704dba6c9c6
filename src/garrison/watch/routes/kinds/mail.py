"""Mail by SMTP (RFC 5321): over TLS from the beginning, or after STARTTLS, with the server's certificate verified.

`Message-ID` is the same each time it is tried, so that a mailbox shows one; `Auto-Submitted` keeps others from answering (RFC 3834).
"""

from __future__ import annotations

import email.message
import email.policy
import email.utils
import logging
import smtplib
import ssl
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from garrison.errors import BusyError, ConfigError
from garrison.ledger.web import is_loopback
from garrison.report.terminal.text import clean
from garrison.watch.routes.message import Message, paragraphs, subject
from garrison.watch.routes.route import Route
from garrison.watch.sending.secret import Beside, hold_one, secret, trust

_MOST_SUBJECT = 200
_log = logging.getLogger(__name__)
_Address = Annotated[str, Meta(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$", max_length=254)]


class Settings(Route, frozen=True, kw_only=True, tag_field="type", tag="mail"):
    """`type = "mail"`."""

    host: Annotated[str, Meta(min_length=1)]
    port: Annotated[int, Meta(gt=0, le=65_535)] = 587
    security: Annotated[Literal["starttls", "tls", "none"], Meta(description="none: to this machine only.")] = (
        "starttls"
    )
    ca: Annotated[str, Meta(description="PEM file: who signs its certificate; the system's if empty.")] = ""
    user: Annotated[str, Meta(description="Where the server asks who sends.")] = ""
    password_file: Annotated[str, Meta(description="A file with the password.")] = ""
    password_env: Annotated[str, Meta(description="Or the name of a variable.")] = ""
    sender: Annotated[_Address, Meta(description="Who it is from.")] = msgspec.field(name="from")
    to: Annotated[tuple[_Address, ...], Meta(min_length=1, description="Who it is for.")]


def hold(settings: Settings, beside: Beside) -> None:
    """No plaintext to others, a password where there is a user, certificates."""
    what = f"password of route {settings.name}"
    if settings.user:
        hold_one(what, password_file=settings.password_file, password_env=settings.password_env)
        secret(settings.password_file, settings.password_env, beside, what)
    trust(settings.ca, beside)
    if settings.security == "none" and not is_loopback(settings.host):
        raise ConfigError(f"route {settings.name} would send in plaintext", hint='write security = "starttls" or "tls"')


def send(settings: Settings, message: Message, beside: Beside) -> None:
    """Hand it to the server."""
    hold(settings, beside)
    password = secret(settings.password_file, settings.password_env, beside, f"password of route {settings.name}")
    context = trust(settings.ca, beside)
    try:
        with _connected(settings, context) as server:
            if settings.security == "starttls":
                server.starttls(context=context)
            if settings.user:
                server.login(settings.user, password)
            refused = server.send_message(letter(settings, message))
    except smtplib.SMTPResponseException as error:
        raise BusyError(f"the mail server answers {error.smtp_code}", hint="it is tried again") from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        raise BusyError(f"the mail server refuses who it is for ({codes})", hint="see the addresses under to") from None
    except (OSError, smtplib.SMTPException) as error:
        raise BusyError(f"the mail server was not reached: {error}", hint="it is tried again") from error
    for receiver, (code, _) in refused.items():  # others have it: to send it again would not help this one
        _log.warning("route %s: the mail server refuses %s (%s)", settings.name, receiver, code)


def letter(settings: Settings, message: Message) -> email.message.EmailMessage:
    """The mail. Nothing that a log holds can begin a header."""
    made = email.message.EmailMessage(policy=email.policy.SMTP)
    made["Subject"] = clean(subject(message).replace("\n", " "))[:_MOST_SUBJECT]
    made["From"] = settings.sender
    made["To"] = ", ".join(settings.to)
    made["Date"] = email.utils.formatdate(message.made_us / 1_000_000)
    made["Message-ID"] = f"<{message.key}@{message.watch}.garrison>"
    made["Auto-Submitted"] = "auto-generated"
    made["X-Garrison-Delivery"] = message.key
    parts = ["\n".join(clean(line) for text in paragraphs(told) for line in text.split("\n")) for told in message.told]
    made.set_content("\n\n".join(parts) + "\n")
    return made


def _connected(settings: Settings, context: ssl.SSLContext) -> smtplib.SMTP:
    if settings.security == "tls":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout_s, context=context)
    return smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_s)
