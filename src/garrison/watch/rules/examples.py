"""Rules held to their own examples: what must match does, what must not does not.

An example of a rule is an event. One of a correlation is a list of events, of the rules it names; `at_s` says when each happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from garrison.events.event import Class, Event
from garrison.watch.rules.correlate import Correlator
from garrison.watch.rules.judge import ANY, Judge, formats
from garrison.watch.rules.rule import Correlation, Rule, Rules

AT = "at_s"  # in an example of a correlation: seconds since it begins


class Mistake(msgspec.Struct, frozen=True):
    """A rule that does not do what its examples say."""

    path: str
    line: int
    message: str


def mistakes(found: Rules) -> Iterator[Mistake]:
    """What rules that are `live` do other than their examples say, and rules that have none of a kind."""
    for rule in found.rules:
        yield from _held(rule, partial(_matches, rule, Judge([rule])))
    judge = Judge(found.rules)
    for correlation in found.correlations:
        yield from _held(correlation, partial(_fires, correlation, found, judge))


def _held(one: Rule | Correlation, does: Callable[[Any], bool]) -> Iterator[Mistake]:
    about = one.about
    for wanted, examples in ((True, one.examples.match), (False, one.examples.miss)):
        if not examples:
            yield Mistake(about.path, about.line, f"{about.title}: no example that must {_word(wanted)}")
        for number, example in enumerate(examples, start=1):
            said = f"{about.title}: example {number}"
            try:
                if does(example) is not wanted:
                    yield Mistake(about.path, about.line, f"{said} must {_word(wanted)}, and does not")
            except Exception as error:  # noqa: BLE001 - an example can say anything; the others are looked at
                yield Mistake(about.path, about.line, f"{said} is no event: {error}")


def _matches(rule: Rule, judge: Judge, example: Mapping[str, Any]) -> bool:
    return any(_judged(judge, form, example) for form in formats(rule.logsource))


def _word(wanted: bool) -> str:
    return "match" if wanted else "not match"


def _fires(correlation: Correlation, found: Rules, judge: Judge, events: Any) -> bool:
    correlator = Correlator(found.correlations)
    forms = {form for rule in found.rules for form in formats(rule.logsource)}
    fired = False
    for number, said in enumerate(events):
        record = {name: value for name, value in said.items() if name != AT}
        time_us = int(said.get(AT, 0) * 1_000_000)
        matched = {rule.about.id: rule for form in forms for rule in _judged(judge, form, record)}
        for rule in matched.values():
            hits = correlator.observe(rule, record, time_us=time_us, uid=str(number), now_us=time_us)
            fired |= any(hit.correlation is correlation for hit in hits)
    return fired


def _judged(judge: Judge, form: str, record: Mapping[str, Any]) -> list[Rule]:
    """The rules an example fits; of rules about the columns of events it says the columns."""
    if form == ANY:
        return judge.judge("", {}, _event(record))
    return judge.judge(form, record, Event(time_us=0, class_uid=Class.BASE))


def _event(record: Mapping[str, Any]) -> Event:
    columns = {name: value for name, value in record.items() if name in Event.__struct_fields__}
    return msgspec.convert({"time_us": 0, "class_uid": 0, **columns}, Event, strict=False)
