"""`garrison rules`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.cli.logs._options import store_option
from garrison.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from garrison.watch.rules.hunt import Hunted, Missing
    from garrison.watch.rules.look import Looked, Match
    from garrison.watch.rules.rule import About, Rules

_STYLES = {"CRITICAL": "bright_red", "HIGH": "red", "MEDIUM": "yellow", "LOW": "blue"}
_LEVELS = ["critical", "high", "medium", "low", "informational"]
_PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
_FORMAT = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text."
)


@click.group(
    name="rules",
    epilog="""\b
Examples:
  garrison rules list                                       the rules that are shipped
  garrison rules test rules/                                your own, each against its examples
  garrison rules match trail.json --log aws-cloudtrail      what they say of a log""",
)
def command() -> None:
    """Sigma rules: list them, hold them to their examples, look at a log with them.

    Needs the extra `watch`.
    """


@command.command(name="list", epilog="\b\nExample:\n  garrison rules list --level high --format json")
@_PATHS
@click.option("--level", type=click.Choice(_LEVELS), default="informational", help="Only this level or worse.")
@_FORMAT
def list_(paths: tuple[Path, ...], level: str, format_: str) -> None:
    """List the rules of PATHS, else those that are shipped.

    Those of PATHS are told as they stand beside the shipped ones: what has the id of one takes its place.
    """
    from garrison.watch.rules.read import pack
    from garrison.watch.rules.rule import Level

    found = _read(pack(), *paths)
    asked = [path.resolve() for path in paths or (pack(),)]

    def is_asked(path: str) -> bool:
        return any(Path(path).resolve().is_relative_to(folder) for folder in asked)

    told = [about for about in _abouts(found) if about.level >= Level[level.upper()] and is_asked(about.path)]
    if format_ == "json":
        _json([_plain(about) for about in told])
        return
    for about in told:
        instead = "  (in the place of Garrison's own)" if about.replaces else ""
        click.echo(_level(about) + _clean(f"  {about.title}{instead}"))
    click.echo(f"\n{counted(len(told), 'rule')}")
    found.broken = [one for one in found.broken if is_asked(one.path)]
    _tell_broken(found)


@command.command(epilog="\b\nExample:\n  garrison rules test rules/ --format json")
@_PATHS
@_FORMAT
def test(paths: tuple[Path, ...], format_: str) -> None:
    """Hold the rules of PATHS, else those that are shipped, to their examples.

    Exits with 1 where a rule does other than its examples say, or cannot be used.
    """
    from garrison.watch.rules.examples import mistakes
    from garrison.watch.rules.judge import Judge
    from garrison.watch.rules.read import pack
    from garrison.watch.rules.refer import live

    found = live(_read(*paths or (pack(),)))
    told = list(mistakes(found))
    idle = Judge(found.rules).idle
    if format_ == "json":
        _json({
            "rules": len(found.rules) + len(found.correlations),
            "mistakes": [{"path": m.path, "line": m.line, "message": m.message} for m in told],
            "broken": [{"path": b.path, "line": b.line, "message": b.message, "hint": b.hint} for b in found.broken],
            "idle": [_plain(rule.about) for rule in idle],
        })  # fmt: skip
    else:
        for mistake in told:
            click.echo(_clean(f"{mistake.path}:{mistake.line}  {mistake.message}"))
        _tell_broken(found)
        for rule in idle:
            click.echo(_clean(f"{rule.about.path}:{rule.about.line}  no log that is read here is {rule.logsource}"))
        count = counted(len(found.rules) + len(found.correlations), "rule")
        click.echo(f"{count}, {counted(len(told), 'mistake')}, {len(found.broken)} broken")
    if told or found.broken:
        sys.exit(1)


@command.command(
    epilog="""\b
Examples:
  garrison rules match audit.log --log kubernetes-audit --level medium
  garrison rules match trail/*.json.gz --log aws-cloudtrail --format json"""
)
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--log", "log", required=True, metavar="FORMAT", help="What the file is: aws-cloudtrail, syslog, ...")
@click.option(
    "--rules", "paths", multiple=True, type=click.Path(path_type=Path), help="Rules of yours, beside the shipped ones."
)
@click.option("--level", type=click.Choice(_LEVELS), default="low", help="Only this level or worse. Default: low.")
@_FORMAT
def match(files: tuple[Path, ...], log: str, paths: tuple[Path, ...], level: str, format_: str) -> None:
    """Look at the log in each FILE, packed with gzip or not, with the rules: one after the other.

    Exits with 1 where something matches, with 3 where lines were not of the format.
    """
    from garrison.errors import ExitCode
    from garrison.events.files import numbered
    from garrison.events.mappers import mapper
    from garrison.watch.rules.look import Looked, matches
    from garrison.watch.rules.read import pack
    from garrison.watch.rules.refer import live
    from garrison.watch.rules.rule import Level

    form, found, looked = mapper(log), live(_read(pack(), *paths)), Looked()
    told = 0
    show: Callable[[Match], None] = _line if format_ == "json" else _show
    lines = (line for _, _, line in numbered(form, files, looked.unread))
    for said in matches(found, form, lines, looked):
        if said.about.level >= Level[level.upper()]:
            told += 1
            show(said)
    _sum_up(looked, told, found)
    if looked.unread.count or found.broken:
        sys.exit(ExitCode.INCOMPLETE)
    if told:
        sys.exit(ExitCode.FINDINGS)


@command.command(
    epilog="""\b
Examples:
  garrison rules hunt "The account's trail is stopped or taken away" --since 30d
  garrison rules hunt a1e0d7e5-54c3-504a-8b35-0fbab6cd4e7f --rules mine --since 2026-11-01 --until 2026-11-20
\b
The store leaves out what cannot match, and the rule itself decides the rest: what is found is what would have been told as events came."""
)
@click.argument("name", metavar="RULE")
@store_option
@click.option("--since", default="7d", show_default=True, help="From when on: 30d, 2h, or a time of ISO 8601.")
@click.option("--until", default="", help="Until when; until now if unsaid.")
@click.option(
    "--rules", "paths", multiple=True, type=click.Path(path_type=Path), help="Rules of yours, beside the shipped ones."
)
@click.option("--format", "format_", type=click.Choice(["text", "json", "csv"]), default="text", help="Default: text.")
def hunt(name: str, place: str, since: str, until: str, *, paths: tuple[Path, ...], format_: str) -> None:
    """Look back over the stored events with RULE: its title, name or id.

    Exits with 1 where something matches. Also tells what correlations ask for that did not happen (lt, lte).
    """
    import time

    from garrison.cli.logs._options import client
    from garrison.errors import ExitCode
    from garrison.watch.rules.hunt import Hunted, named
    from garrison.watch.rules.hunt import hunt as look
    from garrison.watch.rules.read import pack
    from garrison.watch.store.guard import Role
    from garrison.watch.store.search import moment

    found = _read(pack(), *paths)
    rule, hunted, told = named(found, name), Hunted(), 0
    end = moment(until) if until else time.time_ns() // 1000
    show = {"text": _show_hunted, "json": _hunted_line, "csv": _hunted_row}[format_]
    if format_ == "csv":
        _row(_HUNTED)
    with client(place, Role.READER) as store:
        for said in look(store, found, rule, since_us=moment(since), until_us=end, hunted=hunted, passed=_progress):
            told += 1
            show(said)
    events, matches = counted(hunted.events, "event"), counted(told, "match", "matches")
    click.echo(f"{events}, {hunted.looked_at:,} looked at, {matches}", err=True)
    _tell_broken(found)
    if told:
        sys.exit(ExitCode.FINDINGS)


_HUNTED = ("rule", "since", "until", "actor_user", "src_ip", "api_operation", "resource", "group", "events", "uid")


def _progress(hunted: Hunted) -> None:
    """How far it is, on a terminal, in a line that the next one takes the place of."""
    if sys.stderr.isatty():
        end = "\r" if hunted.passed < hunted.events else "\r\x1b[K"
        click.echo(f"{hunted.passed * 100 // hunted.events:>3} % of {hunted.events:,} events{end}", nl=False, err=True)


def _show_hunted(said: Match | Missing) -> None:
    from garrison.watch.rules.hunt import Missing

    if not isinstance(said, Missing):
        _show(said)
        return
    click.echo(f"{_level(said.about)}  {_time(said.since_us)} to {_time(said.until_us)}  {said.about.title}")
    click.echo(_clean(f"{'':15}{', '.join(said.group)}  {counted(said.count, 'event')}".rstrip()))


def _hunted_line(said: Match | Missing) -> None:
    import msgspec

    from garrison.watch.rules.hunt import Missing

    if isinstance(said, Missing):
        told = {**msgspec.to_builtins(said), "rule": _plain(said.about)}
        del told["about"]
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    else:
        _line(said)


def _hunted_row(said: Match | Missing) -> None:
    from garrison.watch.rules.hunt import Missing

    if isinstance(said, Missing):
        since, until, group = _time(said.since_us), _time(said.until_us), " ".join(said.group)
        _row((said.about.title, since, until, "", "", "", "", group, said.count, ""))
        return
    event, hit = said.event, said.hit
    first_us = event.time_us if hit is None else hit.sightings[0].time_us
    group, count = ("", 1) if hit is None else (" ".join(hit.group), len(hit.sightings))
    what = (event.actor_user, event.src_ip, event.api_operation, event.resource, group, count, event.uid)
    _row((said.about.title, _time(first_us), _time(event.time_us), *what))


def _row(values: Iterable[object]) -> None:
    from garrison.report.csv import row

    sys.stdout.write(row(values))


def _time(at_us: int) -> str:
    from garrison.events.times import at

    return f"{at(at_us):%Y-%m-%d %H:%M:%S}"


def _read(*paths: Path) -> Rules:
    """The rules of paths. Raises UsageError for one that is not there, or in which there are none."""
    from garrison.errors import UsageError
    from garrison.watch.rules.read import is_empty, read_rules

    found = read_rules(paths)
    empty = [str(path) for path in paths if is_empty(path) or not (found.abouts or found.broken)]
    if empty:
        raise UsageError(f"there is no rule in {', '.join(empty)}", hint="rules are files that end in .yml or .yaml")
    return found


def _abouts(found: Rules) -> list[About]:
    return sorted(found.abouts, key=lambda about: (-about.level, about.title))


def _plain(about: About) -> dict[str, Any]:
    import msgspec

    said: dict[str, Any] = msgspec.to_builtins(about)
    return {**said, "level": about.level.name.lower()}


def _level(about: About) -> str:
    return click.style(f"{about.level.name.lower():13}", fg=_STYLES.get(about.level.name))


def _json(said: object) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(said), indent=2).decode() + "\n")


def _told(said: Match) -> dict[str, Any]:
    from garrison.watch.rules.judge import columns

    hit = said.hit
    sightings = [] if hit is None else [seen.uid for seen in hit.sightings]
    group = {} if hit is None else dict(zip(hit.correlation.group_by, hit.group, strict=True))
    return {"rule": _plain(said.about), "event": columns(said.event), "group": group, "events": sightings}


def _line(said: Match) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.encode(_told(said)).decode() + "\n")


def _show(said: Match) -> None:
    event = said.event
    who = " ".join(part for part in (event.actor_user, event.src_ip) if part)
    what = event.api_operation or event.process or event.message
    group = ""
    if said.hit is not None:
        group = f"  {counted(len(said.hit.sightings), 'event')} of {', '.join(said.hit.group)}"
    click.echo(f"{_level(said.about)}  {_time(event.time_us)}  {said.about.title}")
    click.echo(_clean(f"{'':15}{who}  {what}  {event.resource}{group}".rstrip()))


def _sum_up(looked: Looked, told: int, found: Rules) -> None:
    click.echo(f"{counted(looked.events, 'event')}, {counted(told, 'match', 'matches')}", err=True)
    if looked.unread.count:
        click.echo(_clean(str(looked.unread)), err=True)
    _tell_broken(found)


def _tell_broken(found: Rules) -> None:
    for broken in found.broken:
        click.echo(
            _clean(f"{broken.where}  {broken.message}" + (f"\n  {broken.hint}" if broken.hint else "")), err=True
        )


def _clean(text: str) -> str:
    """What stands in files and logs of somebody else is shown, not obeyed."""
    from garrison.report.terminal.text import clean

    return "\n".join(clean(line) for line in text.split("\n"))
