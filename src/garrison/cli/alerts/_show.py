"""`garrison alerts show`: all of one alert; and `routes`: what waits to be told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from garrison.cli.alerts._open import (
    STYLES,
    ago,
    alerts_option,
    findings_of,
    findings_option,
    format_option,
    moment,
    opened,
    painter,
    say,
    width,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from garrison.watch.alerts.alert import Alert, Change
    from garrison.watch.alerts.findings import Found
    from garrison.watch.alerts.risk import Risk
    from garrison.watch.responses.response import Request

_PLAIN: Final = re.compile(r"[A-Za-z0-9._:/@+-]+")
_LINES: Final = 40  # of an incident's story
_MOST_FINDINGS: Final = 8
_AROUND_US: Final = 60_000_000  # before an alert, to be looked at with it


@click.command(
    name="show",
    epilog="""\b
Examples:
  garrison alerts show 12
  garrison alerts show 12 --format json""",
)
@click.argument("number", type=int)
@alerts_option
@findings_option
@format_option
def show(number: int, path: Path, findings: Path | None, form: str) -> None:
    """Show all of one alert: what was seen, its events, why its incident has its risk, and what can be done."""
    from garrison.watch.alerts.risk import risk
    from garrison.watch.responses.queue import requests

    with opened(path) as alerts:
        alert = alerts.alert(number)
        incident = alerts.incident(alert.incident)
        report = findings_of(alerts, findings)
        found = {f.fingerprint: f for a in incident for f in report.of(a)}
        known = sorted(found.values(), key=lambda f: -f.risk)
        whole = risk(incident, known)
        story = alerts.changes(a.number for a in incident)
        asked = requests(alerts, of=[a.number for a in incident])
    if form == "json":
        write_json(
            {"alert": alert, "risk": whole, "findings": known, "incident": incident, "story": story, "responses": asked}
        )
        return
    _head(alert)
    _incident(alert, whole, incident, known)
    _story(story, incident)
    _to_do(alert, asked)


def _head(alert: Alert) -> None:
    from garrison.report.terminal.text import clean, wrapped

    paint = painter()
    mark = paint(f"✗ {alert.severity.name.lower()}", STYLES.get(alert.severity, "dim"))
    click.echo(f" {mark}  {paint(clean(alert.title), 'bold')}  {paint(f'#{alert.number}', 'dim')}")
    for line in wrapped(clean(alert.text), width(), "   ") if alert.text else ():
        click.echo(line)
    click.echo("")
    often = (
        f"{alert.events:,} event{'s' * (alert.events != 1)}, told {alert.signals:,} time{'s' * (alert.signals != 1)}"
    )
    rows = (
        (
            "status",
            " ".join(part for part in (alert.status, f"for {alert.assignee}" if alert.assignee else "") if part),
        ),
        ("closed as", f"{alert.verdict}: {alert.reason}" if alert.verdict else ""),
        ("silenced by", str(alert.silence) if alert.silence else ""),
        ("who", alert.principal),
        ("on what", f"{alert.asset_type} {alert.asset}".strip()),
        ("from", alert.src_ip),
        ("when", f"{moment(alert.since_us)} to {moment(alert.time_us)} UTC"),
        ("how often", often),
        ("noticed by", f"{alert.detector} {alert.name}"),
        ("tags", " ".join(alert.tags)),
    )
    for name, value in rows:
        if value:
            say(f"   {name:12}  {value}")


def _incident(alert: Alert, whole: Risk, incident: list[Alert], findings: list[Found]) -> None:
    from garrison.report.terminal.text import clean

    paint = painter()
    click.echo(f"\n {paint(f'Why {whole.score}', 'bold')}  of 100, the risk of incident {alert.incident}")
    for part in whole.parts:
        click.echo(f"   {paint(f'{part.points:>+4}', 'magenta')}  {clean(part.why)}")
    if sum(part.points for part in whole.parts) > whole.score:
        click.echo(f"         {whole.score} is the most")
    if findings:
        click.echo(f"\n {paint('What a scan found', 'bold')}")
        for found in findings[:_MOST_FINDINGS]:
            say(f"   {found.severity:8}  {found.check} on {found.asset}: {found.why}  {found.place}")
        if len(findings) > _MOST_FINDINGS:
            say(f"   and {len(findings) - _MOST_FINDINGS} more")
    others = [other for other in incident if other.number != alert.number]
    if others:
        click.echo(f"\n {paint('In the same incident', 'bold')}")
        for other in others[:_MOST_FINDINGS]:
            about = " on ".join(part for part in (other.principal, other.asset) if part)
            say(f"   {other.severity.name.lower():13}  {other.title}  {about}  #{other.number}")
        if len(others) > _MOST_FINDINGS:
            say(f"   and {len(others) - _MOST_FINDINGS} more: garrison alerts list --incident {alert.incident} --all")


def _story(story: Iterable[Change], incident: list[Alert]) -> None:
    """What happened and what was done, the first first: alerts by when what they tell began."""
    paint = painter()
    steps = [(a.since_us, f"#{a.number} begins: {a.title}") for a in incident]
    for change in story:
        by = f" by {change.actor}" if change.actor else ""
        text = f": {change.text}" if change.text else ""
        steps.append((change.time_us, f"#{change.alert} {change.what}{by}{text}"))
    steps.sort(key=lambda step: step[0])
    click.echo(f"\n {paint('What happened', 'bold')}")
    if len(steps) > _LINES:
        say(f"   {len(steps) - _LINES} steps before")
    for time_us, text in steps[-_LINES:]:
        say(f"   {moment(time_us)}  {text}")


def _to_do(alert: Alert, asked: Iterable[Request]) -> None:
    paint = painter()
    click.echo(f"\n {paint('What to do', 'bold')}")
    since = moment(alert.since_us - _AROUND_US).replace(" ", "T") + "Z"
    lines = []
    if alert.uids:
        lines.append((f"garrison logs search {_term('uid', alert.uids)} --since {since}", "its events"))
    if alert.principal:
        lines.append(
            (f"garrison logs search {_term('actor_user', [alert.principal])} --since {since}", "what else it did")
        )
    lines += [
        (f"garrison alerts approve {r.number} REASON", f"{r.response} of {r.target}: {r.why}")
        for r in asked if r.state == "waiting"
    ]  # fmt: skip
    if alert.status != "closed":
        lines.append((f"garrison alerts ack {alert.number}", "you see to it"))
        lines.append(
            (f"garrison alerts close {alert.number} --as threat|expected|false-alarm REASON", "it is dealt with")
        )
    for line, why in lines:
        say(f"   {line}")
        click.echo(paint(f"       {why}", "dim"))


def _term(field: str, values: Iterable[str]) -> str:
    """A filter of `garrison logs` that can be typed as it is shown, whatever stands in the values."""
    import shlex

    said = [v if _PLAIN.fullmatch(v) else '"{}"'.format(v.replace("\\", "\\\\").replace('"', '\\"')) for v in values]
    return shlex.quote(f"{field}={','.join(said)}")


@click.command(name="routes")
@alerts_option
@format_option
def routes(path: Path, form: str) -> None:
    """Tell what waits to be told, for which route, and why it was not taken."""
    from garrison.watch.alerts.store import now_us
    from garrison.watch.routes.outbox import lag

    with opened(path) as alerts:
        found = lag(alerts)
    if form == "json":
        write_json(found)
        return
    for route in found:
        oldest = f", the oldest made {ago(route.since_us, now_us())}" if route.waiting else ""
        lost = f", {route.lost} given up" if route.lost else ""
        say(f"{route.route}: {route.waiting} wait{oldest}{lost}: {route.trouble or 'not tried yet'}")
    if not found:
        say("everything has been told")


@click.command(name="try", epilog="\b\nExamples:\n  garrison alerts try watch.toml team")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("route")
def try_(file: Path, route: str) -> None:
    """Send a message by a ROUTE of a watch file, that says it is a test; tell whether it was taken."""
    from garrison.errors import UsageError, nearest
    from garrison.watch.file.read import read
    from garrison.watch.routes.message import trial
    from garrison.watch.routes.route import routes as kinds

    loaded = read(file)
    named = {one.name: one for one in loaded.watch.route}
    if route not in named:
        raise UsageError(f"no route is called {route}", hint=nearest(route, named, f"one of: {', '.join(named)}"))
    kinds()[type(named[route])].send(named[route], trial(), loaded.beside)
    say(f"{route} has taken it")
