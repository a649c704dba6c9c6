"""A day held against the days before: every list has what belongs into it, and nothing that a log says becomes markup."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from garrison.events.event import Class, Event, Severity, Status
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.alerts.store import Alerts
from garrison.watch.review import beside
from garrison.watch.review.forms import markdown, page, text
from garrison.watch.review.review import Counts, Review, review
from garrison.watch.spool import Spool
from garrison.watch.store.client import connected, start
from garrison.watch.store.guard import Role
from garrison.watch.store.rows import COLUMNS, batch
from garrison.watch.store.write import keep

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

DAY_US = 86_400_000_000
NOW_US = 1_795_514_400_000_000
HOSTILE = "<img src=x onerror=alert(1)>|`*\x1b[2J"


def event(days: float, user: str, **more: object) -> Event:
    given: dict[str, object] = {"actor_user": user, "api_operation": "Get", "log_name": "trail", **more}
    at_us = NOW_US - int(days * DAY_US)
    return Event(time_us=at_us, class_uid=Class.API, uid=f"{user}{days}{given}", product="test", **given)  # type: ignore[arg-type]


EVENTS = [
    *(event(2 + n, "ann") for n in range(20)),
    *(event(0.1 + n / 100, "ann") for n in range(5)),
    event(40, "bob"),  # too long ago to be known
    event(0.5, "bob", src_ip="203.0.113.9", severity_id=Severity.HIGH),
    event(10, "eve"),
    event(0.5, "eve", status_id=Status.FAILURE, decision="denied"),
    event(0.4, HOSTILE, api_operation="Delete"),
    event(3, "ann", log_name="vault", host="h1"),
    event(-0.1, "later"),  # after the time that is reviewed
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    folder = tmp_path_factory.mktemp("review")
    node = start(folder / "store")
    with Spool.open(folder / "spool", COLUMNS) as spool, connected(folder / "store", Role.WRITER) as client:
        spool.append(batch(EVENTS))
        keep(client, spool, None)
    with connected(folder / "store", Role.READER) as client:
        yield review(client, since_us=NOW_US - DAY_US, until_us=NOW_US, before_us=NOW_US - 31 * DAY_US)
    node.stop()


def names(said: Review, part: str, column: str = "actor_user") -> list[str]:
    return [seen.name for seen in getattr(said, part)[column].first]


def test_each_list_has_what_belongs_into_it(said: Review) -> None:
    assert said.counts == Counts(events=8, failed=1, denied=1, graver=1)
    assert said.before.events == 22
    assert names(said, "new") == [HOSTILE, "bob"]
    assert names(said, "new", "src_ip") == ["203.0.113.9"]
    assert names(said, "new", "api_operation") == ["Delete"]
    assert names(said, "rare") == ["eve"]
    assert names(said, "refused") == ["eve"]
    assert names(said, "loudest")[0] == "ann"
    loudest = said.loudest["actor_user"]
    assert (loudest.total, loudest.first[0].events, loudest.first[0].before) == (4, 5, 21)
    assert [(silent.source, silent.host, silent.before) for silent in said.silent] == [("vault", "h1", 1)]
    assert sum(step.events for step in said.hours) == said.counts.events


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.seen.add(tag)


def test_what_a_log_says_is_text_in_every_form(said: Review) -> None:
    shown = "".join(text(said))
    assert "\x1b" not in shown
    assert "all were heard" not in shown
    tags = Tags()
    tags.feed("".join(page(said)))
    assert "table" in tags.seen
    assert not tags.seen & {"img", "script"}
    row = next(line for line in "".join(markdown(said)).splitlines() if "onerror" in line)
    assert r"\<img src=x onerror=alert(1)\>\|\`\*" in row


def test_open_incidents_stand_first(said: Review, tmp_path: Path) -> None:
    with Alerts.open(tmp_path / "alerts.db") as alerts:
        for severity in (Severity.LOW, Severity.CRITICAL):
            signal = Signal(
                detector=Detector.RULE, name=severity.name, title=f"A {severity.name} thing", severity=severity,
                since_us=NOW_US - 10, time_us=NOW_US, principal=severity.name,
            )  # fmt: skip
            alerts.record([signal], {})
    said.incidents = beside.incidents(tmp_path / "alerts.db")
    assert [incident.severity for incident in said.incidents] == ["critical", "low"]
    assert "".join(text(said)).index("A CRITICAL thing") < "".join(text(said)).index("Silent sources")
