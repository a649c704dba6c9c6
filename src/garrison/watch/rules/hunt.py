"""Rules over what is stored: the store leaves out most of what cannot match, and the rule itself decides the rest.

A rule is not translated, so nothing can be understood differently than when events came. What is asked of the store is less than the rule: the
formats it is about, and texts that have to stand in a line for the rule to match. Where a line may hide a text, behind an escape or a
letter that is another in lower case, the line is looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.errors import UsageError, nearest
from garrison.events.event import Event
from garrison.events.mappers import Mapper, mapper, names
from garrison.watch.rules.correlate import OPS, Correlator, key_of
from garrison.watch.rules.judge import ANY, Judge, entries, record_of
from garrison.watch.rules.look import Match
from garrison.watch.rules.rule import About, Correlation, Rule, Rules
from garrison.watch.rules.term import TEXTUAL, All, Any_, Op, Predicate, Term
from garrison.watch.store.reading import selected

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_RUN: Final = re.compile(r"[A-Za-z0-9 _.:@=+-]{3,}")  # what JSON writes as it is
_NUMBER: Final = re.compile(r"[0-9.eE+-]+")  # which may be written in other ways
_HIDES: Final = (
    "\\u",
    "\N{KELVIN SIGN}",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
)  # they are k and i in lower case
_COLUMNS: Final = {field.name for field in msgspec.structs.fields(Event) if field.type is str}


class Hunted(msgspec.Struct):
    """How many events the store gave to look at."""

    looked_at: int = 0


class Missing(msgspec.Struct, frozen=True):
    """Too little in a stretch of time: what a correlation with `lt` or `lte` asks for."""

    about: About
    group: tuple[str, ...]
    since_us: int
    until_us: int
    count: int


def named(found: Rules, name: str) -> Rule | Correlation:
    """A rule or correlation by its id, its name or its title. Raises UsageError."""
    every: list[Rule | Correlation] = [*found.rules, *found.correlations]
    for one in every:
        if name in (one.about.id, one.about.name, one.about.title):
            return one
    known = [word for one in every for word in (one.about.id, one.about.name, one.about.title) if word]
    raise UsageError(f"no rule is called {name}", hint=nearest(name, known, "garrison rules list tells them"))


def hunt(
    client: Client, found: Rules, one: Rule | Correlation, *, since_us: int, until_us: int, hunted: Hunted
) -> Iterator[Match | Missing]:
    """What a rule would have told of the events of a time. Raises EventsError."""
    rules = list(_under(found, one))
    where, parameters = _condition(rules)
    parameters |= {"since": since_us, "until": until_us}
    span = "time_us >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') AND time_us < fromUnixTimestamp64Micro({until:Int64}, 'UTC')"
    events = selected(client, f"{span} AND ({where})", parameters)
    if isinstance(one, Rule):
        yield from (Match(rule.about, event) for event, rule, _ in _matches(rules, events, hunted))
    elif one.op in OPS:
        yield from _fulfilled(found, one, _matches(rules, events, hunted))
    else:
        yield from _missing(one, _matches(rules, events, hunted), since_us, until_us)


def _under(found: Rules, one: Rule | Correlation) -> Iterator[Rule]:
    """The rules that a correlation rests on, also by way of others; of a rule itself."""
    if isinstance(one, Rule):
        yield one
        return
    seen: set[str] = set()
    left = list(one.rules)
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        yield from (rule for rule in found.rules if name in (rule.about.id, rule.about.name))
        for other in found.correlations:
            if name in (other.about.id, other.about.name):
                left += other.rules


def _matches(
    rules: Iterable[Rule], events: Iterable[Event], hunted: Hunted
) -> Iterator[tuple[Event, Rule, Mapping[str, object]]]:
    judge = Judge(list(rules))
    forms = {mapper(name).LABEL: mapper(name) for name in names()}
    for event in events:
        hunted.looked_at += 1
        form = forms.get(event.product)
        if form is None:
            continue
        record = record_of(form, event.raw, event)
        for rule in judge.judge(form.NAME, record, event):
            yield event, rule, record


def _fulfilled(
    found: Rules, one: Correlation, matches: Iterable[tuple[Event, Rule, Mapping[str, object]]]
) -> Iterator[Match]:
    correlator = Correlator([other for other in found.correlations if other.op in OPS])
    for event, rule, record in matches:
        for hit in correlator.observe(rule, record, time_us=event.time_us, uid=event.uid, now_us=event.time_us):
            if hit.correlation.about.id == one.about.id:
                yield Match(one.about, event, hit)


def _missing(
    one: Correlation, matches: Iterable[tuple[Event, Rule, Mapping[str, object]]], since_us: int, until_us: int
) -> Iterator[Missing]:
    """By stretches as long as the correlation's time, for every group that was heard of at all."""
    seen: dict[tuple[str, ...], Counter[int]] = {}
    for event, rule, record in matches:
        key = key_of(one, rule, record)
        if key is not None:
            seen.setdefault(key, Counter())[(event.time_us - since_us) // one.timespan_us] += 1
    fits = {"lt": int.__lt__, "lte": int.__le__, "neq": int.__ne__}[one.op]
    for key, counts in sorted(seen.items()):
        for number in range((until_us - since_us) // one.timespan_us):
            if fits(counts[number], one.count):
                begin = since_us + number * one.timespan_us
                yield Missing(one.about, key, begin, begin + one.timespan_us, counts[number])


def _condition(rules: Iterable[Rule]) -> tuple[str, dict[str, object]]:
    """What the store is asked: true of every event that one of the rules matches, and of some that none does."""
    hints = _Hints()
    parts = []
    for rule in rules:
        for form, term in entries(rule):
            if form == ANY:
                parts.append(hints.of_columns(term) or "1")
            else:
                parts.append(
                    f"(product = {hints.parameter(mapper(form).LABEL)} AND {hints.of_form(mapper(form), term)})"
                )
    return " OR ".join(dict.fromkeys(parts)) or "0", hints.parameters


class _Hints:
    """Conditions and their parameters."""

    def __init__(self) -> None:
        self.parameters: dict[str, object] = {}

    def parameter(self, value: str) -> str:
        name = next((n for n, known in self.parameters.items() if known == value), f"h{len(self.parameters)}")
        self.parameters[name] = value
        return f"{{{name}:String}}"

    def of_form(self, form: Mapper, term: Term) -> str:
        """For lines of a format: those that are JSON by their text, others by their columns."""
        if hasattr(form, "record"):  # its fields are told in ways of their own
            return "1"
        text, columns = self._of(term, self._in_text), self.of_columns(term)
        json = f"startsWith(raw, '{{')"  # noqa: F541 - one brace
        return f"if({json}, {text or '1'}, {columns or '1'})"

    def of_columns(self, term: Term) -> str:
        """For records that are the columns of events; "" where nothing can be said."""
        return self._of(term, self._in_column)

    def _of(self, term: Term, look: Callable[[Predicate], str]) -> str:
        if isinstance(term, bool):
            return "" if term else "0"
        if isinstance(term, All):
            parts = [part for t in term.terms if (part := self._of(t, look))]
            return f"({' AND '.join(dict.fromkeys(parts))})" if parts else ""
        if isinstance(term, Any_):
            parts = [self._of(t, look) for t in term.terms]
            return f"({' OR '.join(dict.fromkeys(parts))})" if all(parts) and parts else ""
        if (
            isinstance(term, Predicate)
            and (term.op in TEXTUAL or term.op is Op.ANYWHERE)
            and isinstance(term.value, str)
        ):
            return look(term)
        return ""

    def _in_text(self, test: Predicate) -> str:
        return self._stands_in("raw", test.value, also_hidden=True)

    def _in_column(self, test: Predicate) -> str:
        if test.op is Op.ANYWHERE or test.field not in _COLUMNS:
            return ""
        return self._stands_in(test.field, test.value, also_hidden=False)

    def _stands_in(self, column: str, text: str, *, also_hidden: bool) -> str:
        runs = [run for run in _RUN.findall(text) if not _NUMBER.fullmatch(run.strip())]
        if not runs:
            return ""
        found = f"positionCaseInsensitive({column}, {self.parameter(max(runs, key=len))}) > 0"
        hides = ", ".join(self.parameter(text) for text in (_HIDES if also_hidden else _HIDES[1:]))
        return f"({found} OR multiSearchAny({column}, [{hides}]))"
