"""The outbox: what is to be told waits in the file of alerts until its receiver has taken it.

Planning reads what happened behind the route's position and writes deliveries and the position in one transaction. Whoever is killed
between a receiver's answer and the note of it delivers once more, with the same key and the same words.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Callable, Collection, Sequence
from typing import Final

import msgspec

from garrison.errors import GarrisonError
from garrison.events.event import Severity
from garrison.watch.alerts.alert import Alert, Change, Status, What
from garrison.watch.alerts.findings import Findings
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.alerts.store import Alerts
from garrison.watch.routes.message import Message, Told, told
from garrison.watch.routes.route import Route

WAITING, DONE, LOST = "waiting", "done", "lost"
_SECOND_US: Final = 1_000_000
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 2.0, 900.0
_AT_ONCE: Final = 20  # deliveries of a pass
_MOST_NEWS: Final = 500  # of a plan
_MOST_TOLD: Final = 100  # in one message
_BACK_US: Final = 3600 * _SECOND_US
"""How far back a route begins that is new."""
_KEPT_US: Final = 7 * 86_400 * _SECOND_US
"""How long what was delivered is remembered."""

_message = msgspec.json.Decoder(Message).decode  # before threads use it

_log = logging.getLogger(__name__)

Send = Callable[[Message], None]


class Lag(msgspec.Struct, frozen=True):
    """How far a route is behind."""

    route: str
    waiting: int
    lost: int
    since_us: int  # when the oldest that waits was made
    trouble: str


def plan(alerts: Alerts, route: Route, findings: Findings, now: int) -> int:
    """Make deliveries of what has happened; how many."""
    after, last_us = position(alerts, route.name, now)
    if route.digest_minutes and now - last_us < route.digest_minutes * 60 * _SECOND_US:
        return 0
    if not (news := alerts.news(after, _MOST_NEWS)):
        return 0
    said = [told(alerts, *pair, findings) for pair in _wanted(alerts, route, news)]
    each = 1 if not route.digest_minutes else _MOST_TOLD
    groups = [said[at : at + each] for at in range(0, len(said), each)]
    with alerts.database.change():
        if position(alerts, route.name, now)[0] != after:  # another process tells too
            return 0
        for group in groups:
            _put(alerts, route, group, now)
        move(alerts, route.name, news[-1].number, now if groups else last_us)
    return len(groups)


def deliver(alerts: Alerts, route: Route, send: Send, now: Callable[[], int]) -> bool:
    """Hand over what is due, until one is not taken; whether there may be more."""
    query = "SELECT key, tries, said FROM delivery WHERE route = ? AND state = ? AND due_us <= ? ORDER BY due_us, number LIMIT ?"
    due = alerts.database.rows(query, (route.name, WAITING, now(), _AT_ONCE))
    for key, tries, said in due:
        message = _message(said)
        try:
            send(message)
        except GarrisonError as error:
            _failed(alerts, route, message, tries=tries + 1, trouble=error.message, now=now())
            return False
        except Exception as error:  # noqa: BLE001 - a defect must not keep the other messages
            _log.exception("route %s", route.name)
            _failed(alerts, route, message, tries=tries + 1, trouble=f"a defect: {type(error).__name__}", now=now())
            return False
        with alerts.database.change():
            statement = "UPDATE delivery SET state = ?, tries = tries + 1, trouble = '' WHERE key = ?"
            alerts.database.do(statement, (DONE, key))
    return len(due) == _AT_ONCE


def lag(alerts: Alerts) -> list[Lag]:
    """What waits for routes, and what was lost; and of whose trouble that is."""
    rows = alerts.database.rows(
        "SELECT route, sum(state = ?), sum(state = ?), min(CASE WHEN state = ? THEN made_us END), max(trouble)"
        " FROM delivery WHERE state <> ? GROUP BY route ORDER BY route",
        (WAITING, LOST, WAITING, DONE),
    )
    return [Lag(route, waiting, lost, since or 0, trouble) for route, waiting, lost, since, trouble in rows]


def drop(alerts: Alerts, routes: Collection[str]) -> None:
    """Give up what waits for routes that there are not any more; `routes` are those that there are."""
    rows = alerts.database.rows("SELECT DISTINCT route FROM delivery WHERE state = ?", (WAITING,))
    with alerts.database.change():
        for name in {route for (route,) in rows} - set(routes):
            statement = "UPDATE delivery SET state = ?, trouble = ? WHERE state = ? AND route = ?"
            alerts.database.do(statement, (LOST, "the watch file names no such route any more", WAITING, name))


def forget(alerts: Alerts, now: int) -> None:
    """Let go of what was delivered long ago."""
    with alerts.database.change():
        alerts.database.do("DELETE FROM delivery WHERE state <> ? AND made_us < ?", (WAITING, now - _KEPT_US))


def position(alerts: Alerts, name: str, now: int) -> tuple[int, int]:
    """The last change that a route or a response has read, and when it made something of one."""
    found = alerts.database.rows("SELECT change, time_us FROM reader WHERE name = ?", (name,))
    if found:
        return found[0][0], found[0][1]
    ((before,),) = alerts.database.rows(
        "SELECT coalesce(max(number), 0) FROM change WHERE time_us < ?", (now - _BACK_US,)
    )
    return before, 0


def move(alerts: Alerts, name: str, change: int, time_us: int) -> None:
    """Within a change: remember how far it has read."""
    alerts.database.do("INSERT OR REPLACE INTO reader VALUES (?, ?, ?)", (name, change, time_us))


def _wanted(alerts: Alerts, route: Route, news: Sequence[Change]) -> list[tuple[Change, Alert]]:
    """The changes that it tells of, one of each alert, with the alert as it is now; nothing of what is silenced."""
    firsts: dict[int, Change] = {}
    for change in news:
        if firsts.get(change.alert, change).what is What.CLOSED:
            firsts[change.alert] = change
        else:
            firsts.setdefault(change.alert, change)
    pairs = [(change, alerts.alert(number)) for number, change in firsts.items()]
    return [pair for pair in pairs if _tells(route, *pair)]


def _tells(route: Route, change: Change, alert: Alert) -> bool:
    """That an alert is closed is told where it was told before; what was opened and closed meanwhile is not told at all."""
    closed = change.what is What.CLOSED
    if closed is not (alert.status is Status.CLOSED) or (closed and not route.closed):
        return False
    return not alert.silence and route.covers(alert)


def _put(alerts: Alerts, route: Route, group: Sequence[Told], now: int) -> None:
    steps = "\0".join(f"{told.alert.number}:{told.what}:{told.time_us}" for told in group)
    key = hashlib.sha256(f"{alerts.id}\0{route.name}\0{steps}".encode()).hexdigest()[:32]
    message = Message(key, alerts.id, now, tuple(group))
    alerts.database.do(
        "INSERT OR IGNORE INTO delivery (key, route, state, made_us, due_us, said) VALUES (?, ?, ?, ?, ?, ?)",
        (key, route.name, WAITING, now, now, msgspec.json.encode(message)),
    )


def _failed(alerts: Alerts, route: Route, message: Message, *, tries: int, trouble: str, now: int) -> None:
    """Try it again after a pause that grows; or, after a time, give it up, and tell that too."""
    lost = now - message.made_us >= route.give_up_hours * 3600 * _SECOND_US
    pause_s = min(_FIRST_PAUSE_S * 2 ** min(tries - 1, 20), _LONGEST_PAUSE_S) * random.uniform(0.8, 1.2)  # noqa: S311
    with alerts.database.change():
        alerts.database.do(
            "UPDATE delivery SET state = ?, tries = ?, due_us = ?, trouble = ? WHERE key = ?",
            (LOST if lost else WAITING, tries, now + round(pause_s * _SECOND_US), trouble, message.key),
        )
        if lost:
            alerts.record([_lost(route, tries, trouble, now)], {}, now=now)


def _lost(route: Route, tries: int, trouble: str, now: int) -> Signal:
    return Signal(
        detector=Detector.WATCH, name="route-gave-up", title="Alerts could not be told", severity=Severity.HIGH,
        since_us=now, time_us=now, asset=route.name, asset_type="route",
        text=f"the route {route.name} gave a message up after {tries} tries in {route.give_up_hours:g} hours: {trouble}",
    )  # fmt: skip
