"""`garrison review`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.cli.ledger._open import ledger_option
from garrison.cli.logs._options import client, say, store_option

if TYPE_CHECKING:
    from garrison.watch.review.review import Review

_DAY_US = 86_400_000_000


@click.command(
    name="review",
    epilog="""\b
Examples:
  garrison review                                                     the last day, held against 30 days before
  garrison review --since 2026-11-24 --until 2026-11-25 --format html -o review.html
  garrison review --ledger audit --record --reviewer ann              and write down that Ann has seen it""",
)
@store_option
@click.option("--since", default="1d", show_default=True, help="From then on: 1d, 12h, or a time of ISO 8601.")
@click.option("--until", help="Until then. Default: now.")
@click.option(
    "--days", default=30, show_default=True, type=click.IntRange(1, 3650), help="Days before, as what is usual."
)
@click.option(
    "--alerts", type=click.Path(path_type=Path), envvar="GARRISON_ALERTS", show_envvar=True, metavar="FILE",
    help="The file of alerts, for open incidents.",
)  # fmt: skip
@click.option("--quarantine", type=click.Path(path_type=Path), metavar="DIR", help="Lines that could not be read.")
@ledger_option
@click.option("--record", is_flag=True, help="Write the review, by its digest, into the ledger.")
@click.option(
    "--reviewer", envvar="GARRISON_ACTOR", show_envvar=True, help="Who has reviewed. Default: who is logged in."
)
@click.option("--sign-with", metavar="LOCATION", help="The key of the ledger, where ledger.toml names none.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown", "html"]), default="text", help="Default: text."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it there.")
def command(place: str, since: str, until: str | None, days: int, **options: Any) -> None:
    """Review the logs of a day: what is new, rare, loud, refused or silent, what is open, and what was changed.

    Needs the extra watch.
    """
    from garrison.errors import UsageError
    from garrison.watch.review.review import review
    from garrison.watch.store.guard import Role
    from garrison.watch.store.search import moment

    if options["record"] and (options["folder"] is None or options["alerts"] is None):
        raise UsageError(
            "a review is recorded in a ledger, its reviewer by the pseudonym that alerts give",
            hint="give --ledger and --alerts",
        )
    begin, end = moment(since), moment(until) if until else time.time_ns() // 1000
    if begin >= end:
        raise UsageError("this time ends before it begins", hint="give --since a time before --until")
    with client(place, Role.READER) as store:
        said = review(store, since_us=begin, until_us=end, before_us=begin - days * _DAY_US)
    _beside(said, options["alerts"], options["quarantine"], options["folder"])
    data = "".join(_written(said, options["form"])).encode()
    if options["output"] is not None:
        from garrison.cli.ledger._open import write_file

        write_file(options["output"], data)
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    if options["record"]:
        _record(said, data, options)


def _beside(said: Review, alerts: Path | None, folder: Path | None, ledger: Path | None) -> None:
    """What stands elsewhere, where it was named."""
    from garrison.cli.ledger._open import reading
    from garrison.watch.review import beside

    if alerts is not None:
        said.incidents = beside.incidents(alerts)
    if folder is not None:
        said.quarantine = beside.quarantine(folder, said.since_us)
    if ledger is not None:
        said.changes = beside.changes(reading(ledger, None)[0], said.since_us, said.until_us)


def _written(said: Review, form: str) -> Any:
    from garrison.watch.review import forms

    if form == "json":
        from garrison.report import json_text

        return [json_text(said), "\n"]
    return {"text": forms.text, "markdown": forms.markdown, "html": forms.page}[form](said)


def _record(said: Review, data: bytes, options: dict[str, Any]) -> None:
    """Who has seen which report, in the ledger."""
    import hashlib

    from garrison.cli.alerts._open import changing
    from garrison.watch.alerts import owed
    from garrison.watch.review.told import title

    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    with changing(options["alerts"], options["folder"], options["sign_with"], options["reviewer"]) as (alerts, actor):
        name = options["output"].name if options["output"] is not None else title(said)
        fields = {"object": {"type": "file", "name": name, "digest": digest}, "reason": f"Reviewed: {title(said)}"}
        with alerts.database.change():
            owed.owe(alerts, "note", actor, fields)
    say(f"recorded: {digest}", error=True)
