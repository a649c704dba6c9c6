"""What people do about alerts. Each change is written into the alert's story, and owed to the ledger where there is one."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from garrison.errors import UsageError
from garrison.watch.alerts.alert import Alert, Status, Verdict, What, cut
from garrison.watch.alerts.owed import actor_of, name_of, owe, owe_status
from garrison.watch.alerts.silence import FOR_EVER, Silence
from garrison.watch.alerts.store import Alerts, now_us

_MAX_TEXT = 2000


def acknowledge(alerts: Alerts, number: int, *, actor: str, text: str = "") -> Alert:
    """Somebody sees to it. Raises UsageError for what is closed."""
    with alerts.database.change():
        alert = _changed(_not_closed(alerts, number), alerts, status=Status.ACKNOWLEDGED)
        alerts.tell(number, What.ACKNOWLEDGED, now_us(), actor, _bounded(text))
        owe_status(alerts, number, "acknowledge", actor, _bounded(text))
    return alert


def assign(alerts: Alerts, number: int, assignee: str, *, actor: str) -> Alert:
    """Somebody is to see to it. Raises UsageError for what is closed."""
    with alerts.database.change():
        alert = _changed(_not_closed(alerts, number), alerts, assignee=_bounded(assignee))
        alerts.tell(number, What.ASSIGNED, now_us(), actor, f"to {_bounded(assignee)}")
        owe_status(alerts, number, "assign", actor, assignee=actor_of(alerts, assignee))
    return alert


def close(alerts: Alerts, number: int, verdict: Verdict, reason: str, *, actor: str) -> Alert:
    """It is dealt with. Raises UsageError for what is closed already."""
    with alerts.database.change():
        said = {"status": Status.CLOSED, "verdict": verdict, "reason": _bounded(reason), "closed_us": now_us()}
        alert = _changed(_not_closed(alerts, number), alerts, **said)
        alerts.tell(number, What.CLOSED, alert.closed_us, actor, f"{verdict}: {alert.reason}")
        owe_status(alerts, number, "close", actor, f"{verdict}: {alert.reason}")
    return alert


def note(alerts: Alerts, number: int, text: str, *, actor: str) -> None:
    """Something to be known about it."""
    with alerts.database.change():
        alerts.alert(number)
        alerts.tell(number, What.NOTED, now_us(), actor, _bounded(text))
        about = {"type": "alert", "name": name_of(alerts, number)}
        owe(alerts, "note", actor, {"object": about, "reason": _bounded(text)})


def silence(alerts: Alerts, wanted: Silence) -> Silence:
    """Tell nobody of what it covers, as soon as the ledger knows, where there is one. Raises UsageError for one of everything."""
    if not wanted.about:
        hint = "name a rule, a principal or an asset, with * for a part of it"
        raise UsageError("a silence of everything", hint=hint)
    with alerts.database.change():
        made = alerts.put_silence(msgspec.structs.replace(wanted, reason=_bounded(wanted.reason)))
        fields = _silence_fields(made, "silence", made.reason)
        if made.until_us < FOR_EVER:
            fields["details"] = {"until": dt.datetime.fromtimestamp(made.until_us // 1_000_000, dt.UTC)}
        owe(alerts, "silence.change", made.actor, fields, silence=made.number)
        alerts.hush(now_us())
    return made


def end_silence(alerts: Alerts, number: int, *, reason: str, actor: str) -> Silence:
    """Tell again of what it covers, at once. Raises UsageError where it holds no more."""
    now = now_us()
    with alerts.database.change():
        found = next((s for s in alerts.silences(now, also_over=True) if s.number == number), None)
        if found is None or found.until_us <= now:
            raise UsageError(f"no silence {number} holds", hint="garrison alerts silences lists them")
        ended = alerts.put_silence(msgspec.structs.replace(found, until_us=now))
        owe(alerts, "silence.change", actor, _silence_fields(ended, "end", _bounded(reason)))
        alerts.hush(now)
    return ended


def _silence_fields(made: Silence, action: str, reason: str) -> dict[str, Any]:
    kind = "rule" if made.name else "alert"
    return {"action": action, "object": {"type": kind, "name": made.about.removeprefix("rule ")}, "reason": reason}


def _not_closed(alerts: Alerts, number: int) -> Alert:
    alert = alerts.alert(number)
    if alert.status is Status.CLOSED:
        raise UsageError(f"alert {number} is closed", hint="it opens by itself when it happens again; add a note to it")
    return alert


def _changed(alert: Alert, alerts: Alerts, **said: Any) -> Alert:
    changed = msgspec.structs.replace(alert, **said)
    alerts.put(changed)
    return changed


def _bounded(text: str) -> str:
    return cut(text.strip(), _MAX_TEXT)
