"""Tighten the rate of a client at the gateway for a while, with `garrison gateway tighten`. It loosens by itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from garrison.errors import BusyError
from garrison.watch.responses.program import garrison
from garrison.watch.responses.response import ACTOR, Case, Response, needs
from garrison.watch.sending.secret import Beside


class Settings(Response, frozen=True, kw_only=True, tag_field="type", tag="tighten-limit"):
    """`type = "tighten-limit"`."""

    gateway: Annotated[str, Meta(min_length=1, description="The gateway file.")]
    per_second: Annotated[float, Meta(gt=0, le=1_000_000, description="What the client has left.")] = 0.1
    minutes: Annotated[int, Meta(ge=1, le=10_080, description="For how long.")] = 60


def hold(settings: Settings, beside: Beside) -> None:
    """Raises ConfigError where there is no gateway file."""
    needs(settings.gateway, beside, "name the file that garrison gateway run was given")


def respond(settings: Settings, case: Case) -> str:
    """Tighten it."""
    client = case.request.target
    ended = garrison(
        "gateway", "tighten", str(case.beside(settings.gateway)), f"--client={client}", "--per-second",
        f"{settings.per_second:g}", "--minutes", str(settings.minutes), "--actor", ACTOR,
        "--reason", f"alert {case.alert.number}: {case.alert.title}"[:500], timeout_s=settings.timeout_s,
    )  # fmt: skip
    if ended.code:
        raise BusyError(f"the limit was not tightened: {ended.said}", hint="it is tried again")
    return f"{client} has {settings.per_second:g} requests a second for {settings.minutes} minutes"
