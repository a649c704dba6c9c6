"""Whatever one rule says, the others are read, judged, counted and held to their examples."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from garrison.events.event import Class, Event
from garrison.watch.rules import read
from garrison.watch.rules.correlate import Correlator
from garrison.watch.rules.examples import mistakes
from garrison.watch.rules.judge import Judge
from garrison.watch.rules.read import read_rules
from garrison.watch.rules.refer import live
from garrison.watch.rules.sigma import term_of
from garrison.watch.rules.term import Op, Predicate, Term

GOOD = """
title: good
name: good
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: A}, condition: s}
examples: {match: [{eventName: A}], miss: [{eventName: B}]}
---
title: twice
correlation: {type: event_count, rules: [good], group-by: [who], timespan: 1m, condition: {gte: 2}}
examples: {match: [[{eventName: A, who: x}, {eventName: A, who: x}]], miss: [[{eventName: A, who: x}]]}
"""
OTHERS = """
title: rule
name: rule
id: 59e0b4a4-6f0e-4f57-9d2c-8f0a6a6f2a01
level: high
date: 2026-01-01
tags: [attack.t1078]
references: [https://example.com]
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: A, who|contains: [x, y]}, k: [word], condition: s or k}
examples: {match: [{eventName: A}], miss: [{eventName: B}]}
---
title: columns
logsource: {product: garrison, service: events}
detection: {s: {src_ip|cidr: 10.0.0.0/8}, condition: s}
examples: {match: [{src_ip: 10.0.0.1}], miss: [{src_ip: x}]}
---
title: values
name: values
correlation: {type: value_count, rules: [good], group-by: [who], timespan: 1m, condition: {gte: 2, field: b}, aliases: {who: {good: b}}}
examples: {match: [[{eventName: A, at_s: 1}]], miss: [[{eventName: A}]]}
---
title: order
correlation: {type: temporal_ordered, rules: [good, values], group-by: [who], timespan: 1m}
"""
SCALARS = st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats() | st.sampled_from(
    ["", "*", "1d", "0s", "%x%", "(", "[a-", "a|b", "s", "1 of s*", "all of them", "2026-13-45", "gte", "\0", "*?\\*", "10.0.0.0/8"]
)  # fmt: skip
ODD = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["gte", "lt", "field", "type", "eventName|re", 7]), inner, max_size=3)
    ),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["eventName|re", "eventName|contains|all", "who|cidr", "who|base64offset", "who|wide", "who|utf16le", "who|fieldref", "who|hour",
     "who|exists", "who|lt", "who|neq", "|contains", "who|windash", "who|expand", "who|none", "lt", "lte", "neq", "gt", "correlation"]
)  # fmt: skip
RECORDS: tuple[dict[str, Any], ...] = ({"eventName": "A", "who": "x"}, {"eventName": ["A", {"b": 1}]}, {}, {"who": 7})


def places(said: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a document."""
    inner = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for key, value in inner:
        yield (*at, key)
        yield from places(value, (*at, key))


@st.composite
def odd_rules(draw: st.DrawFn) -> dict[str, Any]:
    """A rule of which a thing or two are other than they should be."""
    said: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(list(yaml.safe_load_all(OTHERS)))))
    for _ in range(draw(st.integers(1, 2))):
        *way, last = draw(st.sampled_from(list(places(said))))
        within: Any = said
        for key in way:
            within = within[key]
        if isinstance(within, dict) and draw(st.booleans()):
            within[draw(KEYS)] = within.pop(last)
        else:
            within[last] = draw(ODD)
    return said


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(odd=odd_rules())
def test_the_others_go_on(tmp_path: Path, odd: dict[str, Any]) -> None:
    (tmp_path / "good.yml").write_text(GOOD)
    (tmp_path / "odd.yml").write_text(yaml.safe_dump(odd))
    found = live(read_rules([tmp_path]))
    judge, correlator, fired = Judge(found.rules), Correlator(found.correlations), set[str]()
    for number, record in enumerate((*RECORDS, RECORDS[0])):
        matched = judge.judge("aws-cloudtrail", record, Event(time_us=0, class_uid=Class.API))
        assert ("good" in [rule.about.id for rule in matched]) is (number not in {2, 3})
        for rule in matched:
            hits = correlator.observe(rule, record, time_us=number, uid=str(number), now_us=number)
            fired |= {hit.correlation.about.id for hit in hits}
    assert "twice" in fired
    assert not [mistake for mistake in mistakes(found) if "good.yml" in mistake.path]


def test_what_cannot_be_made_ready_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def term(condition: object) -> Term:
        return Predicate("who", Op.CONTAINS, ["x"]) if "word" in repr(condition) else term_of(condition)

    monkeypatch.setattr(read, "term_of", term)
    (tmp_path / "rules.yml").write_text(GOOD + "---" + OTHERS)
    found = read_rules([tmp_path])
    ((line, message),) = [(b.line, b.message) for b in found.broken]
    assert (line, message.split(":")[1]) == (12, " TypeError")
    assert [rule.about.id for rule in found.rules] == ["good", "columns"]
