"""What is to be done, waits for approval, and was done: in the file of alerts, each step in the alert's story and owed to the ledger."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from garrison.errors import BusyError, GarrisonError, UsageError
from garrison.events.event import Severity
from garrison.watch.alerts.alert import Alert, Status, What
from garrison.watch.alerts.owed import actor_of, owe, owe_status
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.alerts.store import Alerts, now_us
from garrison.watch.responses.response import ACTOR, Request, Response, State
from garrison.watch.routes.outbox import move, position

_SECOND_US: Final = 1_000_000
_HOUR_US: Final = 3600 * _SECOND_US
_MOST_TRIES: Final = 8
_PAUSE_S: Final = 5
_MOST_NEWS: Final = 500
_UNENDED: Final = (State.WAITING, State.APPROVED)
_UNASKED: Final = (State.APPROVED, State.DONE, State.FAILED)  # where nobody approved it

_log = logging.getLogger(__name__)
_request = msgspec.json.Decoder(Request).decode  # before threads use it

Respond = Callable[[Request, Alert], str]


def plan(alerts: Alerts, response: Response, now: int) -> int:
    """Ask for what the news gives cause to; how often."""
    reader = f"response/{response.name}"
    after, _ = position(alerts, reader, now)
    if not (news := alerts.news(after, _MOST_NEWS)):
        return 0
    asked = 0
    with alerts.database.change():
        if position(alerts, reader, now)[0] != after:  # another process responds too
            return 0
        for number in dict.fromkeys(change.alert for change in news):
            alert = alerts.alert(number)
            if alert.principal and not alert.silence and alert.status is not Status.CLOSED and response.covers(alert):
                asked += _ask(alerts, response, alert, now)
        move(alerts, reader, news[-1].number, now)
    return asked


def perform(alerts: Alerts, response: Response, respond: Respond, now: Callable[[], int]) -> bool:
    """Do one thing that may be done; whether there was one."""
    ready = [r for r in requests(alerts, (State.APPROVED,)) if r.response == response.name and r.due_us <= now()]
    if not ready:
        return False
    request, alert = ready[0], alerts.alert(ready[0].alert)
    try:
        outcome = respond(request, alert)
    except BusyError as error:
        if request.tries + 1 < _MOST_TRIES:
            pause = _PAUSE_S * 2**request.tries * _SECOND_US
            with alerts.database.change():
                _put(alerts, request, tries=request.tries + 1, due_us=now() + pause, outcome=error.message)
            return True
        _ended(alerts, request, State.FAILED, error.message, now())
    except GarrisonError as error:
        _ended(alerts, request, State.FAILED, error.message, now())
    except Exception as error:  # noqa: BLE001 - a defect must not keep the other responses
        _log.exception("response %s", response.name)
        _ended(alerts, request, State.FAILED, f"a defect: {type(error).__name__}", now())
    else:
        _ended(alerts, request, State.DONE, outcome, now())
    return True


def drop(alerts: Alerts, responses: Collection[str], now: int) -> None:
    """What is asked of responses that there are not any more is not done; `responses` are those that there are."""
    for request in requests(alerts, _UNENDED):
        if request.response not in responses:
            _ended(alerts, request, State.EXPIRED, "the watch file names no such response any more", now)


def expire(alerts: Alerts, now: int) -> None:
    """What nobody approved in time is not done."""
    for request in requests(alerts, (State.WAITING,)):
        if request.until_us <= now:
            _ended(alerts, request, State.EXPIRED, "nobody approved it in time", now)


def approve(alerts: Alerts, number: int, *, actor: str, reason: str) -> Request:
    """Have it done. Raises UsageError where it does not wait any more, or for whom it is about."""
    return _decide(alerts, number, State.APPROVED, action="approve", actor=actor, reason=reason)


def reject(alerts: Alerts, number: int, *, actor: str, reason: str) -> Request:
    """Have it not done. Raises UsageError as `approve`."""
    return _decide(alerts, number, State.REJECTED, action="reject", actor=actor, reason=reason)


def requests(alerts: Alerts, states: Collection[State] = State, *, of: Collection[int] = ()) -> list[Request]:  # type: ignore[assignment]
    """Those in some states, the first first; of some alerts, or of all."""
    marks = ", ".join("?" * len(states))
    about = f" AND alert IN ({', '.join('?' * len(of))})" if of else ""
    query = f"SELECT said FROM response WHERE state IN ({marks}){about} ORDER BY number"  # noqa: S608 - our own words
    rows = alerts.database.rows(query, [*map(str, states), *of])
    return [_request(said) for (said,) in rows]


def _ask(alerts: Alerts, response: Response, alert: Alert, now: int) -> bool:
    target = alert.principal
    if any(fnmatchcase(target, pattern) for pattern in response.protect):
        alerts.tell(alert.number, What.RESPONDED, now, ACTOR, f"{response.name} is not done: {target} is protected")
        return False
    mine = [request for request in requests(alerts) if request.response == response.name]
    if any(request.target == target and request.state in _UNENDED for request in mine):
        return False
    lately = sum(1 for r in mine if r.asked_us > now - _HOUR_US and not r.actor and r.state in _UNASKED)
    why = "" if response.approve == "never" else "it needs approval"
    if not why and lately >= response.per_hour:
        why = f"{lately} were done within an hour without asking"
    request = Request(
        response=response.name, alert=alert.number, target=target, state=State.WAITING if why else State.APPROVED,
        asked_us=now, until_us=now + round(response.wait_hours * _HOUR_US), why=why,
    )  # fmt: skip
    number = alerts.database.do(
        "INSERT INTO response (alert, name, state, said) VALUES (?, ?, '', '')", (alert.number, response.name)
    )
    _put(alerts, request, number=number)
    waits = f", waits for garrison alerts approve {number}: {why}" if why else ""
    alerts.tell(alert.number, What.RESPONDED, now, ACTOR, f"{response.name} of {target} is asked for{waits}")
    return True


def _decide(alerts: Alerts, number: int, state: State, *, action: str, actor: str, reason: str) -> Request:
    now = now_us()
    with alerts.database.change():
        found = next((request for request in requests(alerts) if request.number == number), None)
        if found is None or found.state is not State.WAITING or found.until_us <= now:
            how = "is not there" if found is None else f"is {found.state if found.until_us > now else State.EXPIRED}"
            raise UsageError(f"response {number} {how}", hint="garrison alerts responses lists those that wait")
        alert = alerts.alert(found.alert)
        if actor in (found.target, alert.principal):
            raise UsageError(f"{actor} is whom it is about", hint="somebody else has to decide it")
        request = _put(alerts, found, state=state, actor=actor, reason=reason, ended_us=0 if state in _UNENDED else now)
        text = f"{found.response} of {found.target}: {action}{f' ({reason})' if reason else ''}"
        alerts.tell(found.alert, What.RESPONDED, now, actor, text)
        fields = {
            "action": action,
            "object": {"type": "request", "name": f"{alerts.id}/response/{number}"},
            "reason": reason,
            "details": {
                "requested_by": actor_of(alerts, ACTOR),
                "request": f"{found.response} of {found.target}",
            },
        }
        owe(alerts, "approval", actor, fields)
    return request


def _ended(alerts: Alerts, request: Request, state: State, outcome: str, now: int) -> None:
    with alerts.database.change():
        _put(alerts, request, state=state, outcome=outcome, ended_us=now, tries=request.tries + 1)
        text = f"{request.response} of {request.target} {state}: {outcome}"
        alerts.tell(request.alert, What.RESPONDED, now, ACTOR, text)
        if state is not State.EXPIRED:
            owe_status(alerts, request.alert, "respond", ACTOR, text, response=request.response)
        if state is State.FAILED:
            alerts.record([_failed(request, outcome, now)], {}, now=now)


def _failed(request: Request, outcome: str, now: int) -> Signal:
    return Signal(
        detector=Detector.WATCH, name="response-failed", title="A response failed", severity=Severity.HIGH, since_us=now,
        time_us=now, asset=request.response, asset_type="response",
        text=f"{request.response} of {request.target}, for alert {request.alert}: {outcome}",
    )  # fmt: skip


def _put(alerts: Alerts, request: Request, **said: Any) -> Request:
    changed = msgspec.structs.replace(request, **said)
    statement = "UPDATE response SET state = ?, said = ? WHERE number = ?"
    alerts.database.do(statement, (changed.state, msgspec.json.encode(changed), changed.number))
    return changed
