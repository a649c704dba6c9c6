"""Looking back finds what was found when events came: with the pack on its own examples, and on lines that hide what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from garrison.errors import UsageError
from garrison.events.event import Class, Event
from garrison.events.mappers import mapped, mapper, names
from garrison.watch.rules.examples import AT
from garrison.watch.rules.hunt import Hunted, Missing, hunt, named
from garrison.watch.rules.judge import ANY, Judge, formats, record_of
from garrison.watch.rules.look import Match
from garrison.watch.rules.read import pack, read_rules
from garrison.watch.rules.rule import Rules
from garrison.watch.spool import Spool
from garrison.watch.store.client import connected
from garrison.watch.store.guard import Role
from garrison.watch.store.rows import COLUMNS, batch
from garrison.watch.store.write import keep

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

FIRST_US = 1_795_514_400_000_000
END_US = FIRST_US + 10**13
FORMS = {mapper(name).LABEL: mapper(name) for name in names()}


@pytest.fixture(scope="module")
def found() -> Rules:
    return read_rules([pack()])


# What lines of formats say beside what an example is about: of those whose columns stand for fields.
REST: dict[str, dict[str, object]] = {
    "aws-cloudtrail": {"eventTime": "2026-11-25T00:00:00Z", "eventSource": "none", "eventName": "None"},
    "kubernetes-audit": {"verb": "none", "stageTimestamp": "2026-11-25T00:00:00Z", "auditID": "1"},
    "garrison-gateway": {"time": "2026-11-25T00:00:00Z", "decision": "allow"},
}


def told(form: str, record: dict[str, object]) -> Event:
    """An event as its mapper makes it, where the store is asked about columns; else one that has its line only."""
    line = msgspec.json.encode({**REST.get(form, {}), **record})
    if form in REST:
        return mapped(mapper(form), line)
    return Event(time_us=0, class_uid=Class.BASE, product=mapper(form).LABEL, raw=line)


def examples(found: Rules) -> list[Event]:
    """What rules must match and must not, as events of the logs that they are about."""
    made: list[Event] = []

    def add(form: str, said: dict[str, object], at_us: int) -> None:
        record = {name: value for name, value in said.items() if name != AT}
        number = f"e{len(made)}"
        if form == ANY:
            columns = {name: value for name, value in record.items() if name in Event.__struct_fields__}
            event = msgspec.convert({"class_uid": 0, **columns, "time_us": at_us, "uid": number}, Event, strict=False)
            event.product = event.product or mapper("syslog").LABEL
        else:
            event = told(form, record)
            event.time_us, event.uid = at_us, number
        made.append(event)

    for rule in found.rules:
        for example in (*rule.examples.match, *rule.examples.miss):
            for form in formats(rule.logsource):
                add(form, example, FIRST_US + len(made) * 1_000_000)
    forms = sorted({form for rule in found.rules for form in formats(rule.logsource)})
    for correlation in found.correlations:
        for several in (*correlation.examples.match, *correlation.examples.miss):
            begin = FIRST_US + 10**11 + len(made) * 10**9
            for example in several:
                for form in forms:
                    add(form, example, begin + int(example.get(AT, 0) * 1_000_000))
    return made


def put(folder: Path, events: list[Event]) -> None:
    with Spool.open(folder / "spool", COLUMNS) as spool, connected(folder / "store", Role.WRITER) as client:
        for at in range(0, len(events), 1_000):
            spool.append(batch(events[at : at + 1_000]))
        keep(client, spool, None)


@pytest.fixture(scope="module")
def stored(found: Rules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, list[Event]]]:
    folder, made = tmp_path_factory.mktemp("hunt"), examples(found)
    from garrison.watch.store.client import start

    node = start(folder / "store")
    put(folder, made)
    with connected(folder / "store", Role.READER) as client:
        yield client, made
    node.stop()


def test_each_rule_of_the_pack_finds_what_it_finds_as_events_come(
    found: Rules, stored: tuple[Client, list[Event]]
) -> None:
    client, made = stored
    looked_at = 0
    for rule in found.rules:
        judge, hunted = Judge([rule]), Hunted()
        wanted = []
        for event in made:
            form = FORMS[event.product]
            if judge.judge(form.NAME, record_of(form, event.raw, event), event):
                wanted.append(event.uid)
        told = list(hunt(client, found, rule, since_us=FIRST_US, until_us=END_US, hunted=hunted))
        assert sorted(one.event.uid for one in told if isinstance(one, Match)) == sorted(wanted), rule.about.title
        looked_at += hunted.looked_at
    assert looked_at < len(found.rules) * len(made) / 8  # the store leaves out most


def test_correlations_of_the_pack_are_fulfilled_by_their_examples(
    found: Rules, stored: tuple[Client, list[Event]]
) -> None:
    client, _ = stored
    for correlation in found.correlations:
        told = list(hunt(client, found, correlation, since_us=FIRST_US, until_us=END_US, hunted=Hunted()))
        assert told, correlation.about.title
        assert all(isinstance(one, Match) and one.hit is not None for one in told)


HIDDEN = [
    b'"eventName":"StopLogging"', b'"eventName":"stoplogging"', b'"eventName":"Stop\\u004cogging"', b'"\\u0065ventName":"StopLogging"',
    b'"eventName":"StopLoGging"', b'"eventName":"StartLogging"', b'"eventName":"x","requestParameters":{"key":"StopLogging"}',
    b'"eventName":"DisableKey"', '"eventName":"Disable\N{KELVIN SIGN}ey"'.encode(), b'"eventName":"Disable\\u212Aey"',
    b'"eventName":"x","requestParameters":{"name":"Stop\\u004cogging"}', b'"eventName":"x","requestParameters":{"name":["a","STOPLOGGING"]}',
    b'"eventName":"x","requestParameters":{"policy":{"Allow": true}}', b'"eventName":"x","requestParameters":{"policy":{"Allow": false}}',
    b'"eventName":"x","requestParameters.name":"StopLogging"',
]  # fmt: skip
FOUND = ["h0", "h1", "h2", "h3", "h4", "h7", "h8", "h9", "h10", "h11", "h12", "h14"]
RULES = """
title: stops
id: 22222222-0000-4000-8000-000000000001
name: stops
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    - eventName: StopLogging
    - eventName|contains: ablekey
    - requestParameters.name: StopLogging
    - requestParameters.policy|contains: ':true'
  condition: selection
level: high
---
title: none
id: 22222222-0000-4000-8000-000000000003
correlation:
  type: value_count
  rules: [stops]
  timespan: 10m
  condition: {lt: 2, field: eventName}
level: low
---
title: seldom
id: 22222222-0000-4000-8000-000000000002
correlation:
  type: event_count
  rules: [stops]
  group-by: [eventName]
  timespan: 10m
  condition: {lt: 1}
level: low
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Client]:
    head = b'{"eventTime":"2026-11-25T00:00:00Z","eventSource":"s",'
    events = [mapped(mapper("aws-cloudtrail"), head + said + b"}") for said in HIDDEN]
    for number, event in enumerate(events):
        event.time_us, event.uid = FIRST_US + number * 1_000_000, f"h{number}"
    from garrison.watch.store.client import start

    node = start(tmp_path / "store")
    put(tmp_path, events)
    (tmp_path / "rules.yml").write_text(RULES)
    with connected(tmp_path / "store", Role.READER) as client:
        yield client
    node.stop()


def test_a_line_hides_nothing_behind_escapes_or_letters(small: Client, tmp_path: Path) -> None:
    found = read_rules([tmp_path / "rules.yml"])
    told = hunt(small, found, named(found, "stops"), since_us=FIRST_US, until_us=END_US, hunted=Hunted())
    assert [one.event.uid for one in told if isinstance(one, Match)] == FOUND


def test_what_is_missing_is_told_by_stretches_of_time(small: Client, tmp_path: Path) -> None:
    found = read_rules([tmp_path / "rules.yml"])
    until = FIRST_US + 30 * 60_000_000
    told = list(hunt(small, found, named(found, "seldom"), since_us=FIRST_US, until_us=until, hunted=Hunted()))
    assert all(isinstance(one, Missing) for one in told)
    stop = [one for one in told if isinstance(one, Missing) and one.group == ("StopLogging",)]
    assert [(one.since_us - FIRST_US) // 60_000_000 for one in stop] == [10, 20]


def test_what_counts_what_does_not_happen_cannot_be_looked_for(small: Client, tmp_path: Path) -> None:
    counts = "title: counts\ncorrelation: {type: temporal, rules: [22222222-0000-4000-8000-000000000002, stops], timespan: 1d}\n"
    (tmp_path / "rules.yml").write_text(RULES.rstrip() + "\n---\n" + counts)
    found = read_rules([tmp_path / "rules.yml"])
    with pytest.raises(UsageError, match="counts what does not happen"):
        list(hunt(small, found, named(found, "counts"), since_us=FIRST_US, until_us=END_US, hunted=Hunted()))


def test_where_nothing_is_grouped_silence_is_told_too_and_values_are_counted_once(
    small: Client, tmp_path: Path
) -> None:
    found = read_rules([tmp_path / "rules.yml"])
    until = FIRST_US + 20 * 60_000_000
    told = list(hunt(small, found, named(found, "none"), since_us=FIRST_US, until_us=until, hunted=Hunted()))
    assert [(one.count, one.group) for one in told if isinstance(one, Missing)] == [(0, ())]


def test_a_long_time_is_read_in_slices(
    found: Rules, stored: tuple[Client, list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, made = stored
    rule = named(found, "The account's trail is stopped or taken away")
    whole = list(hunt(client, found, rule, since_us=FIRST_US, until_us=END_US, hunted=Hunted()))
    monkeypatch.setattr("garrison.watch.rules.hunt._SLICE", 10)
    hunted = Hunted()
    assert list(hunt(client, found, rule, since_us=FIRST_US, until_us=END_US, hunted=hunted)) == whole != []
    assert hunted.passed == hunted.events == len(made)


def test_a_rule_that_is_none(found: Rules) -> None:
    with pytest.raises(UsageError, match="no rule is called xyz"):
        named(found, "xyz")
    rule = found.rules[0]
    assert named(found, rule.about.title) is named(found, rule.about.id) is rule
