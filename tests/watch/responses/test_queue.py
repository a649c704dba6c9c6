"""What is done about an alert: when it may be, how often, by whose word, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.watch.alerts.signals import HOUR, signal

from garrison.errors import BusyError, EventsError, UsageError
from garrison.events.event import Severity
from garrison.ledger import Ledger
from garrison.ledger.entry import parse
from garrison.ledger.keys.file import write_secret
from garrison.ledger.note import Ed25519Signer
from garrison.watch.alerts import desk, owed
from garrison.watch.alerts.alert import Alert, Verdict
from garrison.watch.alerts.store import Alerts, now_us
from garrison.watch.responses.queue import approve, drop, expire, perform, plan, reject, requests
from garrison.watch.responses.response import Request, Response, State

ASKS = Response(name="revoke")
AUTOMATIC = Response(name="revoke", approve="never", per_hour=2, protect=("prod-*",))


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[Alerts]:
    with Alerts.open(tmp_path / "alerts.db") as made:
        yield made


class Hand:
    """Does what it is told, or fails first."""

    def __init__(self, *fails: Exception) -> None:
        self.fails, self.done = list(fails), list[str]()

    def __call__(self, request: Request, alert: Alert) -> str:
        assert request.target == alert.principal
        if self.fails:
            raise self.fails.pop(0)
        self.done.append(request.target)
        return "revoked"


def states(alerts: Alerts) -> list[State]:
    return [request.state for request in requests(alerts)]


def happen(alerts: Alerts, *principals: str, severity: Severity = Severity.HIGH) -> None:
    alerts.record([signal(f"n-{p}", p, f"a-{p}", severity=severity, at=now_us()) for p in principals], {})


def test_nothing_is_done_before_somebody_else_agrees(alerts: Alerts) -> None:
    happen(alerts, "batch")
    hand, now = Hand(), now_us()
    assert plan(alerts, ASKS, now) == 1
    assert not perform(alerts, ASKS, hand, now_us)
    with pytest.raises(UsageError, match="whom it is about"):
        approve(alerts, 1, actor="batch", reason="it is fine")
    approve(alerts, 1, actor="ann", reason="confirmed")
    assert perform(alerts, ASKS, hand, now_us)
    assert (hand.done, states(alerts)) == (["batch"], [State.DONE])
    assert not perform(alerts, ASKS, hand, now_us)
    with pytest.raises(UsageError, match="response 1 is done"):
        approve(alerts, 1, actor="ann", reason="again")
    assert [change.text for change in alerts.changes([1])][1:] == [
        "revoke of batch is asked for, waits for garrison alerts approve 1: it needs approval",
        "revoke of batch: approve (confirmed)",
        "revoke of batch done: revoked",
    ]


def test_what_is_rejected_or_waits_too_long_is_not_done(alerts: Alerts) -> None:
    happen(alerts, "batch", "eve")
    hand = Hand()
    plan(alerts, ASKS, now_us())
    reject(alerts, 1, actor="ann", reason="the nightly job")
    later = now_us() + 25 * HOUR
    expire(alerts, later)
    assert not perform(alerts, ASKS, hand, lambda: later)
    assert states(alerts) == [State.REJECTED, State.EXPIRED]
    with pytest.raises(UsageError, match="response 2 is expired"):
        approve(alerts, 2, actor="ann", reason="late")
    with pytest.raises(UsageError, match="response 9 is not there"):
        reject(alerts, 9, actor="ann", reason="none")


def test_what_goes_ahead_by_itself_does_so_a_few_times_an_hour(alerts: Alerts) -> None:
    hand = Hand()
    happen(alerts, *(f"client-{n}" for n in range(5)))
    plan(alerts, AUTOMATIC, now_us())
    while perform(alerts, AUTOMATIC, hand, now_us):
        pass
    assert hand.done == ["client-0", "client-1"]
    assert states(alerts) == [State.DONE, State.DONE, State.WAITING, State.WAITING, State.WAITING]
    assert requests(alerts)[2].why == "2 were done within an hour without asking"
    happen(alerts, "late")
    plan(alerts, AUTOMATIC, now_us() + HOUR + 1)
    assert states(alerts)[-1] is State.APPROVED


def test_who_is_protected_is_let_be(alerts: Alerts) -> None:
    happen(alerts, "prod-scoring")
    assert plan(alerts, AUTOMATIC, now_us()) == 0
    assert requests(alerts) == []
    assert alerts.changes([1])[-1].text == "revoke is not done: prod-scoring is protected"


def test_only_what_it_is_for_gives_cause(alerts: Alerts) -> None:
    happen(alerts, "low", severity=Severity.MEDIUM)
    alerts.record([signal("nobody", "", "x", at=now_us()), signal("closed", "carl", "y", at=now_us())], {})
    desk.close(alerts, 3, Verdict.EXPECTED, "CHG-1", actor="ann")
    assert plan(alerts, ASKS, now_us()) == 0
    alerts.record([signal("n-low", "low", "a-low", severity=Severity.CRITICAL, at=now_us())], {})
    assert plan(alerts, ASKS, now_us()) == 1


def test_the_same_is_asked_for_once_at_a_time(alerts: Alerts) -> None:
    alerts.record([signal("one", "batch", "a", at=now_us()), signal("two", "batch", "b", at=now_us())], {})
    assert plan(alerts, ASKS, now_us()) == 1
    approve(alerts, 1, actor="ann", reason="yes")
    perform(alerts, ASKS, Hand(), now_us)
    alerts.record([signal("three", "batch", "c", at=now_us())], {})
    assert plan(alerts, ASKS, now_us()) == 1


def test_what_fails_for_now_is_tried_again_and_given_up_aloud(alerts: Alerts) -> None:
    happen(alerts, "batch", "eve")
    plan(alerts, AUTOMATIC, now_us())
    hand, now = Hand(BusyError("the store is busy"), EventsError("no such store")), now_us()
    perform(alerts, AUTOMATIC, hand, lambda: now)
    assert (requests(alerts)[0].state, requests(alerts)[0].outcome) == (State.APPROVED, "the store is busy")
    perform(alerts, AUTOMATIC, hand, lambda: now)
    assert states(alerts) == [State.APPROVED, State.FAILED]
    assert not perform(alerts, AUTOMATIC, hand, lambda: now)
    assert perform(alerts, AUTOMATIC, hand, lambda: now + 6_000_000)
    assert states(alerts) == [State.DONE, State.FAILED]
    failed = alerts.alerts()[-1]
    assert (failed.name, failed.text) == ("response-failed", "revoke of eve, for alert 2: no such store")


def test_tries_come_to_an_end(alerts: Alerts) -> None:
    happen(alerts, "batch")
    plan(alerts, AUTOMATIC, now_us())
    hand, now = Hand(*[BusyError("busy")] * 20), now_us()
    for hour in range(20):
        perform(alerts, AUTOMATIC, hand, lambda hour=hour: now + hour * HOUR)  # type: ignore[misc]
    assert (states(alerts), len(hand.fails)) == ([State.FAILED], 12)


def test_the_ledger_hears_of_it(alerts: Alerts, tmp_path: Path) -> None:
    signer = Ed25519Signer.generate("example.com/audit")
    write_secret(tmp_path / "key", signer.secret.encode())
    Ledger.create(tmp_path / "audit", signer).close()
    owed.bind(alerts, tmp_path / "audit")
    happen(alerts, "batch")
    plan(alerts, ASKS, now_us())
    approve(alerts, 1, actor="ann", reason="confirmed")
    perform(alerts, ASKS, Hand(), now_us)
    owed.pay(alerts, location=str(tmp_path / "key"))
    found = [parse(data) for data in Ledger.open(tmp_path / "audit").entries()]
    assert [(entry.kind, entry.action) for entry in found] == [("approval", "approve"), ("alert.status", "respond")]
    assert found[0].actor.startswith("person:")
    assert found[0].details["request"] == "revoke of batch"
    assert (found[1].actor, found[1].details["response"]) == ("service:garrison-watch", "revoke")


def test_a_defect_keeps_nothing_else(alerts: Alerts, caplog: pytest.LogCaptureFixture) -> None:
    happen(alerts, "batch", "eve")
    plan(alerts, AUTOMATIC, now_us())
    hand = Hand(ValueError("a defect"))
    while perform(alerts, AUTOMATIC, hand, now_us):
        pass
    assert (states(alerts), hand.done) == ([State.FAILED, State.DONE], ["eve"])
    assert requests(alerts)[0].outcome == "a defect: ValueError"
    assert "ValueError: a defect" in caplog.text


def test_what_no_response_does_any_more_is_not_done(alerts: Alerts) -> None:
    happen(alerts, "batch")
    plan(alerts, ASKS, now_us())
    drop(alerts, ["revoke"], now_us())
    assert states(alerts) == [State.WAITING]
    drop(alerts, ["other"], now_us())
    assert states(alerts) == [State.EXPIRED]
