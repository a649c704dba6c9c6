"""What is to be told waits until it is taken, under one key; each route goes its own way."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
import pytest
from tests.watch.alerts.signals import HOUR, signal

from garrison.errors import BusyError
from garrison.events.event import Severity
from garrison.watch.alerts import desk
from garrison.watch.alerts.alert import Verdict, What
from garrison.watch.alerts.findings import Findings
from garrison.watch.alerts.silence import Silence
from garrison.watch.alerts.store import Alerts, now_us
from garrison.watch.routes.message import Message, paragraphs
from garrison.watch.routes.outbox import Lag, deliver, drop, forget, lag, plan
from garrison.watch.routes.route import Route

ROUTE = Route(name="team")
NONE = Findings(None)
SECOND = 1_000_000


class Receiver:
    """Takes messages, or not."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.fails = 0

    def __call__(self, message: Message) -> None:
        if self.fails:
            self.fails -= 1
            raise BusyError("the receiver answers 503", hint="later")
        self.got.append(message)


def told(receiver: Receiver) -> list[tuple[int, What]]:
    return [(told.alert.number, told.what) for message in receiver.got for told in message.told]


def pump(alerts: Alerts, receiver: Receiver, now: int, route: Route = ROUTE) -> None:
    plan(alerts, route, NONE, now)
    while deliver(alerts, route, receiver, lambda: now):
        pass


def test_an_alert_is_told_once_and_again_only_when_it_is_worse(alerts: Alerts) -> None:
    receiver, now = Receiver(), now_us()
    for _ in range(3):
        alerts.record([signal(at=now)], {})
        pump(alerts, receiver, now)
    alerts.record([signal(at=now, severity=Severity.CRITICAL)], {})
    pump(alerts, receiver, now)
    assert told(receiver) == [(1, What.OPENED), (1, What.RAISED)]
    assert receiver.got[1].told[0].risk == 70
    assert receiver.got[0].key != receiver.got[1].key


def test_what_is_not_taken_is_tried_again_as_it_was_ever_later(alerts: Alerts) -> None:
    receiver, now = Receiver(), now_us()
    receiver.fails = 4
    moments: list[int] = []
    for second in range(120):
        left = receiver.fails
        pump(alerts, receiver, now + second * SECOND)
        if receiver.fails < left or (receiver.got and len(moments) == 4):
            moments.append(second)
        if receiver.got:
            break
    pauses = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert len(moments) == 5
    assert pauses == sorted(pauses)
    assert pauses[-1] > 2 * pauses[0]
    assert lag(alerts) == []


def test_a_key_stays_the_same_and_so_do_the_words(alerts: Alerts) -> None:
    seen: list[bytes] = []

    def refuse(message: Message) -> None:
        seen.append(msgspec.json.encode(message))
        raise BusyError("no", hint="")

    now = now_us()
    plan(alerts, ROUTE, NONE, now)
    for minute in range(5):
        alerts.record([signal(at=now)], {})
        deliver(alerts, ROUTE, refuse, lambda minute=minute: now + minute * 60 * SECOND)  # type: ignore[misc]
    assert len(seen) > 3
    assert len(set(seen)) == 1


def test_what_is_given_up_is_lost_aloud(alerts: Alerts) -> None:
    receiver, now = Receiver(), now_us()
    receiver.fails = 99
    route = Route(name="dead", give_up_hours=1)
    pump(alerts, receiver, now, route)
    assert lag(alerts) == [Lag("dead", 1, 0, now, "the receiver answers 503")]
    pump(alerts, receiver, now + HOUR, route)
    assert lag(alerts)[0].lost == 1
    lost = alerts.alert(2)
    assert (lost.name, lost.asset, lost.severity) == ("route-gave-up", "dead", Severity.HIGH)
    assert "after 2 tries" in lost.text


def test_a_route_tells_of_what_it_is_for(alerts: Alerts) -> None:
    receiver, now = Receiver(), now_us()
    route = Route(name="narrow", severity="high", rules=("key-*",), principals=("batch",))
    alerts.record(
        [
            signal("key-used", at=now),
            signal("key-lost", "eve", at=now),
            signal("key-old", at=now, severity=Severity.LOW),
        ],
        {},
    )
    pump(alerts, receiver, now, route)
    assert told(receiver) == [(2, What.OPENED)]


def test_what_is_silenced_or_closed_by_then_is_not_told(alerts: Alerts) -> None:
    receiver, now = Receiver(), now_us()
    alerts.record([signal("other", "eve", "else", at=now)], {})
    said = Silence(principal="eve", reason="r", actor="ann", since_us=now, until_us=now + HOUR)
    made = desk.silence(alerts, said)
    desk.close(alerts, 1, Verdict.EXPECTED, "CHG-1", actor="ann")
    pump(alerts, receiver, now)
    assert receiver.got == []
    desk.end_silence(alerts, made.number, reason="over", actor="ann")
    pump(alerts, receiver, now)
    assert told(receiver) == [(2, What.HEARD)]


def test_that_an_alert_is_closed_is_told_where_it_is_asked_for(alerts: Alerts) -> None:
    quiet, receiver, now = Receiver(), Receiver(), now_us()
    route = Route(name="closes", closed=True)
    alerts.record([signal("other", "eve", "else", at=now)], {})
    desk.close(alerts, 2, Verdict.EXPECTED, "nobody was told", actor="ann")
    pump(alerts, receiver, now, route)
    pump(alerts, quiet, now)
    desk.close(alerts, 1, Verdict.THREAT, "key revoked", actor="ann")
    pump(alerts, receiver, now, route)
    pump(alerts, quiet, now)
    assert told(quiet) == [(1, What.OPENED)]
    assert told(receiver) == [(1, What.OPENED), (1, What.CLOSED)]
    assert "threat: key revoked" in paragraphs(receiver.got[1].told[0])
    alerts.record([signal(at=now_us() + 1)], {})
    desk.close(alerts, 1, Verdict.THREAT, "again", actor="ann")
    alerts.record([signal(at=now_us() + 1)], {})
    pump(alerts, receiver, now, route)
    assert told(receiver)[2:] == [(1, What.REOPENED)]


def test_a_digest_is_one_message_in_a_while(alerts: Alerts) -> None:
    receiver, now = Receiver(), now_us()
    route = Route(name="daily", digest_minutes=10)
    pump(alerts, receiver, now, route)
    for minute in range(1, 12):
        alerts.record([signal(f"n{minute}", f"p{minute}", f"a{minute}", at=now)], {})
        pump(alerts, receiver, now + minute * 60 * SECOND, route)
    assert [len(message.told) for message in receiver.got] == [1, 10]


def test_a_new_route_begins_an_hour_back(alerts: Alerts) -> None:
    receiver, now = Receiver(), now_us()
    pump(alerts, receiver, now + 2 * HOUR)
    assert receiver.got == []
    alerts.record([signal("late", at=now)], {}, now=now + 2 * HOUR)
    pump(alerts, receiver, now + 2 * HOUR)
    assert told(receiver) == [(2, What.OPENED)]


def test_one_that_is_not_taken_does_not_hold_up_the_others(alerts: Alerts) -> None:
    now, got = now_us(), []
    alerts.record([signal(f"n{n}", f"p{n}", f"a{n}", at=now) for n in range(5)], {})

    def picky(message: Message) -> None:
        if message.told[0].alert.number == 1:
            raise BusyError("the receiver answers 400", hint="")
        got.append(message.told[0].alert.number)

    for _ in range(3):
        plan(alerts, ROUTE, NONE, now)
        deliver(alerts, ROUTE, picky, lambda: now)
    assert got == [2, 3, 4, 5, 6]


def test_what_was_delivered_is_forgotten_in_time(alerts: Alerts) -> None:
    receiver, now = Receiver(), now_us()
    pump(alerts, receiver, now)
    forget(alerts, now + 6 * 24 * HOUR)
    assert len(alerts.database.rows("SELECT 1 FROM delivery")) == 1
    forget(alerts, now + 8 * 24 * HOUR)
    assert alerts.database.rows("SELECT 1 FROM delivery") == []
    pump(alerts, receiver, now + 8 * 24 * HOUR)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("name", ["", "a b", "../x"])
def test_names_are_plain(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": name}, Route)


def test_a_defect_of_a_route_keeps_nothing_else(alerts: Alerts, caplog: pytest.LogCaptureFixture) -> None:
    alerts.record([signal("other", "eve", "else", at=now_us())], {})
    got: list[int] = []

    def broken(message: Message) -> None:
        got.append(message.told[0].alert.number)
        raise ValueError("a defect")

    now = now_us()
    for _ in range(3):
        pump_once(alerts, broken, now)
    assert got == [1, 2]
    assert lag(alerts)[0].trouble == "a defect: ValueError"
    assert "ValueError: a defect" in caplog.text


def pump_once(alerts: Alerts, send: Callable[[Message], None], now: int) -> None:
    plan(alerts, ROUTE, NONE, now)
    deliver(alerts, ROUTE, send, lambda: now)


def test_what_waits_for_a_route_that_is_gone_is_given_up(alerts: Alerts) -> None:
    receiver, now = Receiver(), now_us()
    receiver.fails = 1
    pump(alerts, receiver, now)
    drop(alerts, ["team"])
    assert (lag(alerts)[0].waiting, lag(alerts)[0].lost) == (1, 0)
    drop(alerts, [])
    assert (lag(alerts)[0].waiting, lag(alerts)[0].lost) == (0, 1)
