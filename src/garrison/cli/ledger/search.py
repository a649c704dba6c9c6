"""`garrison ledger search`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.cli.ledger._open import (
    entry_data,
    entry_line,
    format_option,
    key_option,
    ledger_option,
    named,
    reading,
    say,
    write_json,
)
from garrison.errors import UsageError

if TYPE_CHECKING:
    from garrison.ledger.entry import Entry


@click.command(
    name="search",
    epilog="""\b
Examples:
  garrison ledger search fraud                           entries with a word in them, whatever its case
  garrison ledger search --kind model.deploy --since 2026-11-01
  garrison ledger search --object model:fraud            all that was done to it
  garrison ledger search --digest sha256:9f86d08         by the beginning of a digest
  garrison ledger search --actor service:ci --format json""",
)
@click.argument("words", nargs=-1)
@ledger_option
@click.option("--kind", help="Only entries of this kind.")
@click.option("--actor", help="Only what this actor did.")
@click.option("--object", "thing", metavar="TYPE[:NAME]", help="Only what was done to this.")
@click.option("--digest", help="Only entries that name a digest that begins so.")
@click.option(
    "--since", metavar="TIME", help="Only from this time on, as of ISO 8601: 2026-11-25, 2026-11-25T09:30:00Z."
)
@click.option("--until", metavar="TIME", help="Only before this time.")
@click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(min=1), help="At the most so many, the newest."
)
@key_option
@format_option
def command(
    folder: Path | None, words: tuple[str, ...], limit: int, vkey: str | None, form: str, **options: Any
) -> None:
    """Search the entries: those in which each of WORDS stands and that fit the options, the oldest first."""
    from collections import deque

    from garrison.ledger.entry import parse

    since, until = _time(options["since"]), _time(options["until"])
    lowered = [word.lower() for word in words]
    found: deque[tuple[int, bytes]] = deque(maxlen=limit)
    ledger, _ = reading(named(folder), vkey)
    for index, data in enumerate(ledger.entries()):
        text = data.decode("utf8", "replace").lower()
        if all(word in text for word in lowered):
            said = parse(data)
            if (since is None or said.time >= since) and (until is None or said.time < until) and _fits(said, options):
                found.append((index, data))
    if form == "json":
        write_json([entry_data(*each) for each in found])
        return
    for each in found:
        say(entry_line(*each))
    say(f"{len(found):,} found" if len(found) < limit else f"the newest {limit:,}; --limit gives more")


def _fits(said: Entry, options: dict[str, Any]) -> bool:
    type_, _, name = (options["thing"] or "").partition(":")
    digests = [said.previous, *([said.object.digest] if said.object else []), *map(str, said.details.values())]
    return (
        options["kind"] in {None, said.kind}
        and options["actor"] in {None, said.actor}
        and (not type_ or (said.object is not None and said.object.type == type_ and name in {"", said.object.name}))
        and (options["digest"] is None or any(digest.startswith(options["digest"]) for digest in digests))
    )


def _time(text: str | None) -> dt.datetime | None:
    """A time; without a zone it is UTC. Raises UsageError."""
    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text} is no time", hint="write 2026-11-25 or 2026-11-25T09:30:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
