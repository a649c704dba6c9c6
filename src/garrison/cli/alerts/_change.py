"""`garrison alerts ack`, `assign`, `note`, `close`, `silence`, `silences` and `unsilence`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import click

from garrison.cli.alerts._open import alerts_option, changing, doing, format_option, moment, opened, say, write_json
from garrison.errors import UsageError

_FOR: Final = re.compile(r"([0-9]{1,6})(min|h|d|w)")
_SECONDS: Final = {"min": 60, "h": 3600, "d": 86_400, "w": 604_800}

_numbers = click.argument("numbers", type=int, nargs=-1, required=True, metavar="NUMBER...")


@click.command(
    name="ack", epilog="\b\nExamples:\n  garrison alerts ack 12\n  garrison alerts ack 12 13 --text 'looking at it'"
)
@_numbers
@click.option("--text", default="", help="What is to be known; it stands in the ledger.")
@doing
def ack(numbers: tuple[int, ...], text: str, **where: Any) -> None:
    """Say that you see to alerts."""
    from garrison.watch.alerts import desk

    with changing(**where) as (alerts, actor):
        for number in numbers:
            desk.acknowledge(alerts, number, actor=actor, text=text)
            say(f"{number} is acknowledged by {actor}")


@click.command(name="assign", epilog="\b\nExamples:\n  garrison alerts assign 12 --to ann")
@_numbers
@click.option("--to", "assignee", required=True, help="Who is to see to them.")
@doing
def assign(numbers: tuple[int, ...], assignee: str, **where: Any) -> None:
    """Give alerts to somebody."""
    from garrison.watch.alerts import desk

    with changing(**where) as (alerts, actor):
        for number in numbers:
            desk.assign(alerts, number, assignee, actor=actor)
            say(f"{number} is for {assignee}")


@click.command(name="note", epilog="\b\nExamples:\n  garrison alerts note 12 'the key is of the staging cluster'")
@click.argument("number", type=int)
@click.argument("text")
@doing
def note(number: int, text: str, **where: Any) -> None:
    """Write down something about an alert."""
    from garrison.watch.alerts import desk

    if not text.strip():
        raise UsageError("there is nothing to note", hint="write it behind the number")
    with changing(**where) as (alerts, actor):
        desk.note(alerts, number, text, actor=actor)
        say(f"noted to {number}")


@click.command(
    name="close",
    epilog="""\b
Examples:
  garrison alerts close 12 --as threat 'key revoked, owner told'
  garrison alerts close 12 13 --as expected --reason CHG-1234
\b
What happens again within 7 days opens the alert again; later it is another alert.""",
)
@click.argument("rest", nargs=-1, required=True, metavar="NUMBER... [REASON]")
@click.option(
    "--as", "verdict", type=click.Choice(["threat", "expected", "false-alarm"]), required=True,
    help="What it was: true and dealt with, meant to be, or nothing.",
)  # fmt: skip
@click.option("--reason", default="", help="Why; the same as REASON.")
@doing
def close(rest: tuple[str, ...], verdict: str, reason: str, **where: Any) -> None:
    """Close alerts, with a reason."""
    from garrison.watch.alerts import desk
    from garrison.watch.alerts.alert import Verdict

    words, numbers = list(rest), []
    while words and words[0].isascii() and words[0].isdigit():
        numbers.append(int(words.pop(0)))
    why = " ".join([*words, reason]).strip()
    if not numbers or not why:
        raise UsageError("which alerts, and why?", hint="garrison alerts close NUMBER --as VERDICT 'REASON'")
    with changing(**where) as (alerts, actor):
        for number in numbers:
            desk.close(alerts, number, Verdict(verdict), why, actor=actor)
            say(f"{number} is closed as {verdict}")


@click.command(
    name="silence",
    epilog="""\b
Examples:
  garrison alerts silence --rule 'Unusual*' --principal batch --for 2d 'migration, CHG-1234'
  garrison alerts silence --asset staging-* --until 2026-12-01T08:00Z 'load tests'
\b
What is silenced is still kept, counted and shown (list --silenced). A silence ends by itself.""",
)
@click.argument("reason")
@click.option("--rule", default="", help="The id or title of a rule, or a measure; * for anything.")
@click.option("--principal", default="", help="Whom it is about; * for anything.")
@click.option("--asset", default="", help="What it is about; * for anything.")
@click.option("--for", "long", metavar="TIME", help="For so long: 30min, 12h, 2d, 1w.")
@click.option("--until", metavar="TIME", help="Until then: 2026-12-01T08:00Z.")
@click.option("--forever", is_flag=True, help="Without an end.")
@doing
def silence(reason: str, rule: str, principal: str, asset: str, *, forever: bool, **options: Any) -> None:
    """Tell nobody of some alerts for a while, with a reason."""
    from garrison.watch.alerts import desk
    from garrison.watch.alerts.silence import FOR_EVER, Silence
    from garrison.watch.alerts.store import now_us

    long, until = options.pop("long"), options.pop("until")
    if [forever, long is not None, until is not None].count(True) != 1:
        raise UsageError("for how long?", hint="write --for 2d, or --until TIME; --forever where it is to have no end")
    if not reason.strip():
        raise UsageError("a silence needs a reason", hint="say why nobody needs to know")
    until_us = FOR_EVER if forever else _end(long, until)
    with changing(**options) as (alerts, actor):
        made = desk.silence(
            alerts,
            Silence(
                name=rule,
                principal=principal,
                asset=asset,
                reason=reason,
                actor=actor,
                since_us=now_us(),
                until_us=until_us,
            ),
        )
    end = "until it is ended: nothing else ends it" if forever else f"until {moment(until_us)} UTC"
    say(f"silence {made.number}: {made.about}, {end}")


def _end(long: str | None, until: str | None) -> int:
    """When it is over. Raises UsageError for a time that is past."""
    from garrison.watch.alerts.store import now_us
    from garrison.watch.store.search import moment as parsed

    if long is not None:
        said = _FOR.fullmatch(long)
        if said is None or not int(said[1]):
            raise UsageError(f"{long} is no time", hint="write 30min, 12h, 2d or 1w")
        return now_us() + int(said[1]) * _SECONDS[said[2]] * 1_000_000
    end = parsed(until or "")
    if end <= now_us():
        raise UsageError(f"{until} is past", hint="name a time to come, as 2026-12-01T08:00Z")
    return end


@click.command(name="unsilence", epilog="\b\nExamples:\n  garrison alerts unsilence 2 'the migration is done'")
@click.argument("number", type=int)
@click.argument("reason", default="it is not needed any more")
@doing
def unsilence(number: int, reason: str, **where: Any) -> None:
    """End a silence before its time; what it kept quiet is told now."""
    from garrison.watch.alerts import desk

    with changing(**where) as (alerts, actor):
        ended = desk.end_silence(alerts, number, reason=reason, actor=actor)
        say(f"silence {number} is over: {ended.about}")


@click.command(name="silences")
@alerts_option
@click.option("--all", "everything", is_flag=True, help="Also those that are over.")
@format_option
def silences(path: Path, form: str, *, everything: bool) -> None:
    """List what nobody is told of, why, and until when."""
    from garrison.watch.alerts.silence import FOR_EVER
    from garrison.watch.alerts.store import now_us

    now = now_us()
    with opened(path) as alerts:
        holding = {silence.number for silence in alerts.silences(now)}
        found = [s for s in alerts.silences(now, also_over=True) if everything or s.until_us > now]
    if form == "json":
        write_json(found)
        return
    for silence_ in found:
        end = "for ever" if silence_.until_us >= FOR_EVER else f"until {moment(silence_.until_us)} UTC"
        waits = (
            "" if silence_.number in holding or silence_.until_us <= now else "; not yet: the ledger has not been told"
        )
        say(f"{silence_.number:>4}  {silence_.about}  {end}  {silence_.reason}  ({silence_.actor}{waits})")
    if not found:
        say("nothing is silenced")
