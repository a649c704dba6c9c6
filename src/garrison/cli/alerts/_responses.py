"""`garrison alerts responses`, `approve` and `reject`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from garrison.cli.alerts._open import alerts_option, changing, doing, format_option, moment, opened, say, write_json
from garrison.errors import UsageError


@click.command(name="responses")
@alerts_option
@click.option("--all", "everything", is_flag=True, help="Also what was done, rejected, or has failed.")
@format_option
def responses(path: Path, form: str, *, everything: bool) -> None:
    """List what waits for approval."""
    from garrison.watch.responses.queue import requests
    from garrison.watch.responses.response import State

    with opened(path) as alerts:
        found = requests(alerts, tuple(State) if everything else (State.WAITING, State.APPROVED))
    if form == "json":
        write_json(found)
        return
    for asked in found:
        said = asked.outcome or asked.why
        until = f", until {moment(asked.until_us)} UTC" if asked.state is State.WAITING else ""
        by = f" by {asked.actor}" if asked.actor else ""
        about = f"{asked.response} of {asked.target}, for alert {asked.alert}"
        say(f"{asked.number:>4}  {asked.state}{by}{until}  {about}{f': {said}' if said else ''}")
    if not found:
        say("nothing waits")


@click.command(name="approve", epilog="\b\nExamples:\n  garrison alerts approve 3 'confirmed with the owner'")
@click.argument("number", type=int)
@click.argument("reason")
@doing
def approve(number: int, reason: str, **where: Any) -> None:
    """Have a response done that waits. Nobody approves what is about himself."""
    from garrison.watch.responses import queue

    with changing(**where) as (alerts, actor):
        asked = queue.approve(alerts, number, actor=actor, reason=_said(reason))
        say(f"{asked.response} of {asked.target} is approved; the watch does it")


@click.command(name="reject", epilog="\b\nExamples:\n  garrison alerts reject 3 'it is the nightly job'")
@click.argument("number", type=int)
@click.argument("reason")
@doing
def reject(number: int, reason: str, **where: Any) -> None:
    """Have a response not done that waits."""
    from garrison.watch.responses import queue

    with changing(**where) as (alerts, actor):
        asked = queue.reject(alerts, number, actor=actor, reason=_said(reason))
        say(f"{asked.response} of {asked.target} is rejected")


def _said(reason: str) -> str:
    if not reason.strip():
        raise UsageError("a decision needs a reason", hint="say why; it stands in the ledger")
    return reason.strip()[:2000]
