"""Correlations tell what a look at all events at once tells, in whatever order they come."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.errors import ConfigError
from garrison.watch.rules.correlate import AHEAD_US, Correlator, Hit
from garrison.watch.rules.rule import About, Correlation, Kind, Level, Logsource, Rule

SPAN_US = 10_000_000
NOW_US = 1_795_000_000_000_000


def rule(name: str) -> Rule:
    return Rule(About(id=f"id-{name}", title=name, level=Level.LOW, path="r.yml", line=1, name=name), Logsource(), True)


def correlation(kind: Kind, *rules: str, count: int = 3, op: str = "gte", **more: Any) -> Correlation:
    about = About(id="c", title="c", level=Level.HIGH, path="c.yml", line=1)
    fields = ("resource",) if kind is Kind.VALUE_COUNT else ()
    return Correlation(about, kind, rules, more.pop("group_by", ("user",)), SPAN_US, op, count, fields, **more)


def run(watched: Correlation, events: list[tuple[str, int, dict[str, Any]]], **options: Any) -> list[Hit]:
    correlator = Correlator([watched], **options)
    found = []
    for number, (name, second, record) in enumerate(events):
        time_us = NOW_US + second * 1_000_000
        found += correlator.observe(rule(name), record, time_us=time_us, uid=f"e{number}", now_us=time_us)
    return found


def test_so_many_events_of_one_group() -> None:
    events = [("fail", second, {"user": user}) for second, user in enumerate(["a", "b", "a", "c", "a"])]
    (hit,) = run(correlation(Kind.EVENT_COUNT, "fail"), events)
    assert hit.group == ("a",)
    assert [seen.uid for seen in hit.sightings] == ["e0", "e2", "e4"]


def test_too_slow_to_count() -> None:
    assert (
        run(correlation(Kind.EVENT_COUNT, "fail"), [("fail", second * 6, {"user": "a"}) for second in range(9)]) == []
    )


def test_an_event_told_twice_counts_once() -> None:
    correlator = Correlator([correlation(Kind.EVENT_COUNT, "fail", count=2)])
    for _ in range(3):
        assert correlator.observe(rule("fail"), {"user": "a"}, time_us=NOW_US, uid="same", now_us=NOW_US) == []


def test_so_many_values() -> None:
    events = [("read", second, {"user": "a", "resource": f"r{second // 2}"}) for second in range(6)]
    (hit,) = run(correlation(Kind.VALUE_COUNT, "read"), events)
    assert {seen.what for seen in hit.sightings} == {"r0", "r1", "r2"}


def test_rules_together() -> None:
    watched = correlation(Kind.TEMPORAL, "fail", "login", count=2)
    assert len(run(watched, [("login", 0, {"user": "a"}), ("fail", 3, {"user": "a"})])) == 1
    assert run(watched, [("login", 0, {"user": "a"}), ("fail", 3, {"user": "b"})]) == []


def test_rules_in_order() -> None:
    watched = correlation(Kind.TEMPORAL_ORDERED, "fail", "login", "read", count=3)
    events = [("fail", 0, {"user": "a"}), ("login", 2, {"user": "a"}), ("read", 4, {"user": "a"})]
    assert len(run(watched, events)) == 1
    assert run(watched, [(name, 9 - second, record) for name, second, record in events]) == []
    assert len(run(watched, events[::-1])) == 1  # told in the wrong order, they still happened in this one


def test_a_correlation_of_correlations() -> None:
    about = About(id="many", title="many", level=Level.LOW, path="c.yml", line=1, name="many")
    many = Correlation(about, Kind.EVENT_COUNT, ("fail",), ("user",), SPAN_US, "gte", 2)
    then = correlation(Kind.TEMPORAL_ORDERED, "many", "login", count=2)
    correlator, found = Correlator([many, then]), []
    for number, name in enumerate(["fail", "login", "fail", "login"]):
        hits = correlator.observe(rule(name), {"user": "a"}, time_us=NOW_US + number, uid=str(number), now_us=NOW_US)
        found.append([hit.correlation.about.id for hit in hits])
    assert found == [[], [], ["many"], ["c"]]


def test_aliases_join_what_logs_call_by_other_names() -> None:
    watched = correlation(
        Kind.TEMPORAL, "aws", "host", count=2, group_by=("who",), aliases={"who": {"aws": "arn", "host": "user"}}
    )
    assert len(run(watched, [("aws", 0, {"arn": "ann"}), ("host", 1, {"user": "ann"})])) == 1


def test_events_without_the_field_belong_to_no_group() -> None:
    assert run(correlation(Kind.EVENT_COUNT, "fail", count=1), [("fail", 0, {"user": None})]) == []


def test_a_date_to_come_hides_nothing() -> None:
    correlator = Correlator([correlation(Kind.EVENT_COUNT, "fail")])
    found = []
    for number in range(3):
        far = NOW_US + 10**15 if number == 0 else NOW_US + AHEAD_US
        found += correlator.observe(rule("fail"), {"user": "a"}, time_us=far, uid=str(number), now_us=NOW_US)
    assert len(found) == 1


def test_groups_are_bounded() -> None:
    correlator = Correlator([correlation(Kind.EVENT_COUNT, "fail")], max_groups=10)
    for number in range(25):
        correlator.observe(rule("fail"), {"user": str(number)}, time_us=NOW_US, uid=str(number), now_us=NOW_US)
    assert correlator.forgotten == 15
    told = correlator.changes()
    assert sum(bool(group) for _, _, group in told) == 10  # of the others it says that they are forgotten
    fewer = Correlator([correlation(Kind.EVENT_COUNT, "fail")], max_groups=4)
    assert len(fewer.restore(one for one in told if one[2])) == 6
    assert Correlator([]).restore(told[:1]) == [told[0][:2]]


def test_a_restart_forgets_nothing() -> None:
    watched = correlation(Kind.EVENT_COUNT, "fail")
    first, second = Correlator([watched]), Correlator([watched])
    for number in range(2):
        first.observe(rule("fail"), {"user": "a"}, time_us=NOW_US, uid=str(number), now_us=NOW_US)
    told = first.changes()
    assert (len(told), first.changes()) == (1, [])
    assert second.restore(told) == []
    assert len(second.observe(rule("fail"), {"user": "a"}, time_us=NOW_US, uid="2", now_us=NOW_US)) == 1


@pytest.mark.parametrize("op", ["lt", "lte", "neq"])
def test_what_does_not_happen_is_refused(op: str) -> None:
    with pytest.raises(ConfigError, match="does not happen"):
        Correlator([correlation(Kind.EVENT_COUNT, "fail", op=op)])


EVENTS = st.lists(
    st.tuples(st.sampled_from(["x", "y"]), st.integers(0, 40), st.sampled_from(["p", "q", "r"])), max_size=9
)


@settings(max_examples=600)
@given(events=EVENTS, kind=st.sampled_from(Kind), order=st.randoms(use_true_random=False))
def test_whether_anything_fires_is_what_a_look_at_all_events_says(
    events: list[tuple[str, int, str]], kind: Kind, order: Any
) -> None:
    events = sorted(events, key=lambda e: e[1])
    late = list(events)
    order.shuffle(late)
    watched = correlation(kind, "x", "y", count=2 if kind is not Kind.EVENT_COUNT else 3)
    for told in (events, late):
        found = run(watched, [(name, second, {"user": "a", "resource": what}) for name, second, what in told])
        assert bool(found) is _expected(kind, events)


def _expected(kind: Kind, events: list[tuple[str, int, str]]) -> bool:
    """By brute force."""
    for size in (2, 3):
        for chosen in itertools.combinations(events, size):
            if max(e[1] for e in chosen) - min(e[1] for e in chosen) > SPAN_US // 1_000_000:
                continue
            if kind is Kind.EVENT_COUNT and size == 3:
                return True
            if size != 2:
                continue
            one, two = chosen
            if kind is Kind.VALUE_COUNT and one[2] != two[2]:
                return True
            if kind is Kind.TEMPORAL and one[0] != two[0]:
                return True
            in_order = (one[0], two[0]) == ("x", "y") or (one[1] == two[1] and one[0] != two[0])
            if kind is Kind.TEMPORAL_ORDERED and in_order:
                return True
    return False
