"""`garrison alerts [list]` and `follow`: incidents with their alerts, the worst first; and what is to come."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from garrison.cli.alerts._open import (
    STYLES,
    ago,
    alerts_option,
    findings_of,
    findings_option,
    moment,
    opened,
    painter,
    told_down,
    width,
    write_json,
)
from garrison.words import counted

if TYPE_CHECKING:
    from garrison.report.terminal.text import Painter
    from garrison.watch.alerts.alert import Alert
    from garrison.watch.alerts.findings import Findings
    from garrison.watch.alerts.risk import Risk
    from garrison.watch.alerts.store import Alerts

    Ranked = tuple[Risk, list[Alert]]

_SHOWN: Final = 4  # kinds of alerts of an incident, without --all
_SEVERITIES: Final = ["informational", "low", "medium", "high", "critical"]
_LOOK_S: Final = 0.5
_COLUMNS: Final = (
    "incident", "risk", "alert", "severity", "status", "title", "name", "detector", "principal", "asset", "source", "since",
    "last", "events", "signals", "assignee", "verdict", "reason", "silence", "text",
)  # fmt: skip


@click.command(
    name="list",
    epilog="""\b
Examples:
  garrison alerts list --status all --since 7d
  garrison alerts list --incident 12 --all
  garrison alerts list --format csv > alerts.csv""",
)
@alerts_option
@findings_option
@click.option("--since", help="Seen from then on: 2h, 30min, 7d ago, or 2026-11-25T10:00Z.")
@click.option("--severity", type=click.Choice(_SEVERITIES), default="low", show_default=True, help="From this on.")
@click.option(
    "--status", type=click.Choice(["unclosed", "open", "acknowledged", "closed", "all"]), default="unclosed",
    show_default=True,
)  # fmt: skip
@click.option("--incident", type=int, help="Only this one.")
@click.option("--principal", default="", help="Only of this one.")
@click.option("--asset", default="", help="Only about this one.")
@click.option("--silenced", is_flag=True, help="Also what is silenced.")
@click.option("--all", "everything", is_flag=True, help="Each alert of each incident.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", help="Default: text.")
def list_(path: Path, *, findings: Path | None, form: str, everything: bool, **asked: Any) -> None:
    """List what was noticed: incidents, the worst first."""
    with opened(path) as alerts:
        found = _ranked(alerts, findings_of(alerts, findings), asked)
    is_down = told_down(path)
    if form == "json":
        write_json([_data(risk, incident) for risk, incident in found])
    elif form == "csv":
        from garrison.report.csv import row

        rows = [_COLUMNS, *(_cells(risk, alert) for risk, incident in found for alert in incident)]
        sys.stdout.write("".join(row(cells) for cells in rows))
    else:
        _screen(found, everything=everything, is_down=is_down)


@click.command(name="follow")
@alerts_option
@click.option("--severity", type=click.Choice(_SEVERITIES), default="low", show_default=True, help="From this on.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def follow(path: Path, *, severity: str, form: str) -> None:
    """Go on with what happens from now on, a line each, until Ctrl-C."""
    from garrison.report import json_text
    from garrison.watch.alerts.which import severity_of

    paint = painter()
    with opened(path) as alerts:
        after = alerts.last_change()
        while True:
            for change in alerts.news(after):
                after, alert = change.number, alerts.alert(change.alert)
                if alert.severity < severity_of(severity):
                    continue
                if form == "json":
                    sys.stdout.write(json_text({"what": change.what, "alert": alert}) + "\n")
                else:
                    said = f"{moment(change.time_us)}  {change.what:9}  #{alert.number}"
                    _line(f"{said}  {_about(alert)}", alert, paint)
                sys.stdout.flush()
            time.sleep(_LOOK_S)


def _ranked(alerts: Alerts, findings: Findings, asked: dict[str, Any]) -> list[Ranked]:
    """What was asked for, each incident with its whole risk."""
    from garrison.watch.alerts.alert import Status
    from garrison.watch.alerts.risk import risk
    from garrison.watch.alerts.which import severity_of
    from garrison.watch.store.search import moment as parsed

    said = asked["status"]
    unclosed = (Status.OPEN, Status.ACKNOWLEDGED)
    statuses = tuple(Status) if said == "all" else unclosed if said == "unclosed" else (Status(said),)
    since_us = parsed(asked["since"]) if asked["since"] else 0
    ranked = []
    for incident in alerts.incidents(since_us=since_us, statuses=statuses):
        shown = [
            alert for alert in incident
            if alert.status in statuses and alert.time_us >= since_us and alert.severity >= severity_of(asked["severity"])
            and asked["incident"] in (None, alert.incident) and asked["principal"] in ("", alert.principal)
            and asked["asset"] in ("", alert.asset) and (asked["silenced"] or not alert.silence)
        ]  # fmt: skip
        if shown:
            known = {found.fingerprint: found for alert in incident for found in findings.of(alert)}
            ranked.append((risk(incident, known.values()), shown))
    return sorted(ranked, key=lambda pair: (-pair[0].score, -max(alert.time_us for alert in pair[1])))


def _screen(found: list[Ranked], *, everything: bool, is_down: bool) -> None:
    from garrison.report.terminal.text import clean, cut, wrapped
    from garrison.watch.alerts.store import now_us

    paint, cells, now = painter(), width(), now_us()
    count = sum(len(incident) for _, incident in found)
    if not found:
        click.echo(f" {'nothing has been noticed' if is_down else paint('✓ nothing to see to', 'green bold')}")
        return
    head = f"{counted(len(found), 'incident')}, {counted(count, 'alert')}"
    click.echo(f" {paint(head, 'dim')}\n")
    for risk, incident in found:
        who = " and ".join(_some([alert.principal for alert in incident], 2)) or "nobody known"
        what = ", ".join(_some([alert.asset for alert in incident], 2))
        head = cut(clean(f"{who}{f' on {what}' if what else ''}"), cells - 24)
        last = ago(max(alert.time_us for alert in incident), now)
        click.echo(f" {paint(f'{risk.score:>3}', 'bold')}  {paint(head, 'bold')}  {paint(last, 'dim')}")
        why = clean(" · ".join(f"+{part.points} {part.why}" for part in risk.parts))
        for line in wrapped(why, cells, "      "):
            click.echo(paint(line, "magenta"))
        worst_first = sorted(incident, key=lambda alert: (-alert.severity, alert.number))
        alike = [[alert] for alert in worst_first] if everything else _alike(worst_first)
        shown = alike if everything else alike[:_SHOWN]
        for some in shown:
            _entry(some, paint, cells)
        if hidden := sum(map(len, alike[len(shown) :])):
            click.echo(paint(f"      and {hidden} more (--all)", "dim"))
        click.echo("")
    first = max(found[0][1], key=lambda alert: alert.severity).number
    click.echo(paint(f" garrison alerts show {first} · garrison alerts ack {first}", "dim"))


def _alike(alerts: list[Alert]) -> list[list[Alert]]:
    """Those that say the same of different things, together."""
    found: dict[tuple[object, ...], list[Alert]] = {}
    for alert in alerts:
        same = alert.title, alert.severity, alert.status, alert.assignee, alert.silence
        found.setdefault(same, []).append(alert)
    return list(found.values())


def _entry(alike: list[Alert], paint: Painter, cells: int) -> None:
    from garrison.report.terminal.text import clean, columns, cut

    alert, signals = alike[0], sum(alert.signals for alert in alike)
    mark = paint(f"✗ {alert.severity.name.lower():13}", STYLES.get(alert.severity, "dim"))
    beside = [f"×{signals}"] if signals > 1 else []
    beside += [alert.status.value] if alert.status != "open" else []
    beside += [f"for {alert.assignee}"] if alert.assignee else []
    beside += [f"silence {alert.silence}"] if alert.silence else []
    number = f"#{alert.number}" + (f" and {len(alike) - 1} more" if len(alike) > 1 else "")
    right = clean("  ".join([*beside, number]))
    room = cells - 22
    title = cut(clean(alert.title), room - columns(right) - 2)
    gap = " " * max(2, room - columns(title) - columns(right))
    click.echo(f"      {mark} {title}{gap}{paint(right, 'dim')}")


def _line(text: str, alert: Alert, paint: Painter) -> None:
    from garrison.report.terminal.text import clean

    click.echo(paint(clean(text), STYLES.get(alert.severity, "dim")))


def _about(alert: Alert) -> str:
    parts = (alert.severity.name.lower(), alert.title, alert.principal, alert.asset)
    return "  ".join(part for part in parts if part)


def _some(names: list[str], most: int) -> list[str]:
    """The first of several names, and how many more there are."""
    known = [name for name in dict.fromkeys(names) if name]
    return known[:most] + ([f"{len(known) - most} more"] if len(known) > most else [])


def _data(risk: Risk, incident: list[Alert]) -> dict[str, Any]:
    parts = [{"points": part.points, "why": part.why} for part in risk.parts]
    return {"incident": incident[0].incident, "risk": risk.score, "because": parts, "alerts": incident}


def _cells(risk: Risk, alert: Alert) -> tuple[object, ...]:
    return (
        alert.incident, risk.score, alert.number, alert.severity.name.lower(), alert.status, alert.title, alert.name,
        alert.detector, alert.principal, alert.asset, alert.src_ip, moment(alert.since_us), moment(alert.time_us),
        alert.events, alert.signals, alert.assignee, alert.verdict or "", alert.reason, alert.silence or "", alert.text,
    )  # fmt: skip
