"""Rules over what is stored: the store leaves out most of what cannot match, and the rule itself decides the rest.

A rule is not translated, so nothing can be understood differently than when events came. What is asked of the store is less than the rule: the
formats it is about, texts that have to stand in columns which hold a field whole (`KEPT_IN` of a mapper), and texts that have to stand in the
line. Where a line may hide a text, behind an escape or a letter that is another in lower case, the line is looked at.

Time is read in slices of so many events at the most, so that neither side holds more than one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.errors import UsageError, nearest
from garrison.events.event import Event
from garrison.events.mappers import Mapper, mapper, names
from garrison.watch.rules.correlate import OPS, Correlator, Sighting, counted
from garrison.watch.rules.judge import ANY, Judge, columns, entries, record_of
from garrison.watch.rules.look import Match
from garrison.watch.rules.refer import live
from garrison.watch.rules.rule import About, Correlation, Rule, Rules, names_of
from garrison.watch.rules.term import TEXTUAL, All, Any_, Op, Predicate, Term
from garrison.watch.store.reading import selected
from garrison.watch.store.schema import TABLE
from garrison.watch.store.search import read

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_RUN: Final = re.compile(r"[A-Za-z0-9 _.:@=+-]{3,}")  # what JSON writes as it is
_NUMBER: Final = re.compile(r"[0-9.eE+-]+")  # which may be written in other ways
_SHORTEST: Final = 3  # of a text that is looked for
_SLICE: Final = 500_000  # events
_STEPS: Final = 10_000  # that a time is parted in, to find slices
_HIDES: Final = (
    "\\u",
    "\N{KELVIN SIGN}",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
)  # they are k and i in lower case
_SPAN: Final = "time_us >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') AND time_us < fromUnixTimestamp64Micro({until:Int64}, 'UTC')"
_places: Final = msgspec.json.Decoder(tuple[int, int])
_FITS: Final = {"lt": int.__lt__, "lte": int.__le__, "neq": int.__ne__}
_COLUMNS: Final = {field.name for field in msgspec.structs.fields(Event) if field.type is str}


class Hunted(msgspec.Struct):
    """How far a hunt is: events of the time, those that the store has been asked about, and those that it gave to look at."""

    events: int = 0
    passed: int = 0
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
    client: Client,
    found: Rules,
    one: Rule | Correlation,
    *,
    since_us: int,
    until_us: int,
    hunted: Hunted,
    passed: Callable[[Hunted], None] = lambda _: None,
) -> Iterator[Match | Missing]:
    """What a rule would have told of the events of a time; `passed` hears how far it is. Raises EventsError, UsageError."""
    rules = list(_under(found, one))
    if (
        isinstance(one, Correlation)
        and one.op not in OPS
        and not {n for r in rules for n in names_of(r.about)}.issuperset(one.rules)
    ):
        raise UsageError(f"{one.about.title} asks for what is missing of correlations", hint="name rules in it")
    if isinstance(one, Correlation) and one.op in OPS and one not in live(found).correlations:
        raise UsageError(f"{one.about.title} counts what does not happen", hint="look for what it counts")
    events = _events(client, rules, since_us, until_us, hunted=hunted, passed=passed)
    if isinstance(one, Rule):
        yield from (Match(rule.about, event) for event, rule, _ in _matches(rules, events, hunted))
    elif one.op in OPS:
        yield from _fulfilled(found, one, _matches(rules, events, hunted))
    else:
        yield from _missing(one, _matches(rules, events, hunted), since_us, until_us)


def _events(
    client: Client,
    rules: Iterable[Rule],
    since_us: int,
    until_us: int,
    *,
    hunted: Hunted,
    passed: Callable[[Hunted], None],
) -> Iterator[Event]:
    """The events that may match, in the order of time."""
    where, parameters = _condition(rules)
    slices = _slices(client, since_us, until_us)
    hunted.events = sum(count for _, _, count in slices)
    for begin, end, count in slices:
        yield from selected(client, f"{_SPAN} AND {where}", {**parameters, "since": begin, "until": end})
        hunted.passed += count
        passed(hunted)


def _slices(client: Client, since_us: int, until_us: int) -> list[tuple[int, int, int]]:
    """Stretches of time in which there are events, and how many in each."""
    step = max((until_us - since_us) // _STEPS, 60_000_000)
    sql = (
        f"SELECT intDiv(toUnixTimestamp64Micro(time_us) - {{since:Int64}}, {step:d}) AS place, count() "  # noqa: S608
        f"FROM {TABLE} WHERE {_SPAN} GROUP BY place ORDER BY place"
    )
    said = b"".join(read(client, sql, {"since": since_us, "until": until_us}, "JSONCompactEachRow"))
    found: list[tuple[int, int, int]] = []
    for place, count in _places.decode_lines(said):
        begin, end = since_us + place * step, min(since_us + (place + 1) * step, until_us)
        if found and found[-1][2] + count <= _SLICE:
            found[-1] = (found[-1][0], end, found[-1][2] + count)
        else:
            found.append((begin, end, count))
    return found


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
        record = columns(event) if form is None else record_of(form, event.raw, event)
        for rule in judge.judge("" if form is None else form.NAME, record, event):
            yield event, rule, record


def _fulfilled(
    found: Rules, one: Correlation, matches: Iterable[tuple[Event, Rule, Mapping[str, object]]]
) -> Iterator[Match]:
    correlator = Correlator(live(found).correlations)
    for event, rule, record in matches:
        for hit in correlator.observe(rule, record, time_us=event.time_us, uid=event.uid, now_us=event.time_us):
            if hit.correlation.about.id == one.about.id:
                yield Match(one.about, event, hit)


def _missing(
    one: Correlation, matches: Iterable[tuple[Event, Rule, Mapping[str, object]]], since_us: int, until_us: int
) -> Iterator[Missing]:
    """By stretches as long as the correlation's time, for every group that was heard of at all; where nothing is grouped, for all."""
    seen: dict[tuple[str, ...], dict[int, set[str]]] = {} if one.group_by else {(): {}}
    for event, rule, record in matches:
        for key, what in counted(one, rule, record, Sighting(event.time_us, "", event.uid)):
            seen.setdefault(key, {}).setdefault((event.time_us - since_us) // one.timespan_us, set()).add(what)
    fits = _FITS[one.op]
    for key, stretches in sorted(seen.items()):
        for number in range((until_us - since_us) // one.timespan_us):
            count = len(stretches.get(number, ()))
            if fits(count, one.count):
                begin = since_us + number * one.timespan_us
                yield Missing(one.about, key, begin, begin + one.timespan_us, count)


def _condition(rules: Iterable[Rule]) -> tuple[str, dict[str, object]]:
    """What the store is asked: true of every event that one of the rules matches, and of some that none does.

    What short columns tell comes first, so that lines are read only where it holds.
    """
    hints = _Hints()
    sure, whole = [], []
    for rule in rules:
        for form, term in entries(rule):
            if form == ANY:
                sure.append(hints.of_columns(term) or "1")
                whole.append(sure[-1])
            else:
                about = f"product = {hints.parameter(mapper(form).LABEL)}"
                sure.append(f"({about} AND {hints.kept(mapper(form), term) or '1'})")
                whole.append(f"({sure[-1]} AND {hints.of_form(mapper(form), term)})")
    first, second = (" OR ".join(dict.fromkeys(parts)) or "0" for parts in (sure, whole))
    return f"({first}) AND ({second})", hints.parameters


class _Hints:
    """Conditions and their parameters."""

    def __init__(self) -> None:
        self.parameters: dict[str, object] = {}

    def parameter(self, value: str) -> str:
        name = next((n for n, known in self.parameters.items() if known == value), f"h{len(self.parameters)}")
        self.parameters[name] = value
        return f"{{{name}:String}}"

    def kept(self, form: Mapper, term: Term) -> str:
        """For lines of a format, by columns that hold a field whole; "" where nothing can be said."""
        columns_: Mapping[str, str] = getattr(form, "KEPT_IN", {})
        return _of(
            term, lambda test: self._stands_in(columns_[test.field], test.value) if test.field in columns_ else ""
        )

    def of_form(self, form: Mapper, term: Term) -> str:
        """For lines of a format: those that are JSON by their text, others by their columns."""
        if hasattr(form, "record"):  # its fields are told in ways of their own
            return "1"
        text = _of(term, lambda test: self._stands_in("raw", test.value, escapes=True))
        return f"if(startsWith(raw, '{{'), {text or '1'}, {self.of_columns(term) or '1'})"

    def of_columns(self, term: Term) -> str:
        """For records that are the columns of events; "" where nothing can be said."""
        return _of(term, lambda test: self._stands_in(test.field, test.value) if test.field in _COLUMNS else "")

    def _stands_in(self, column: str, text: str, *, escapes: bool = False) -> str:
        # A colon at an end may be JSON's own, with a space behind it in the line; values lose spaces around them.
        runs = [run.strip(": ") for run in _RUN.findall(text)]
        runs = [run for run in runs if len(run) >= _SHORTEST and not _NUMBER.fullmatch(run)]
        if not runs:
            return ""
        found = f"positionCaseInsensitive({column}, {self.parameter(max(runs, key=len))}) > 0"
        hides = ", ".join(self.parameter(text) for text in (_HIDES if escapes else _HIDES[1:]))
        return f"({found} OR multiSearchAny({column}, [{hides}]))"


def _of(term: Term, look: Callable[[Predicate], str]) -> str:
    """What a term needs, where `look` tells what a test of a text needs; "" where that is nothing."""
    if isinstance(term, bool):
        return "" if term else "0"
    if isinstance(term, All):
        parts = [part for t in term.terms if (part := _of(t, look))]
        return f"({' AND '.join(dict.fromkeys(parts))})" if parts else ""
    if isinstance(term, Any_):
        parts = [_of(t, look) for t in term.terms]
        return f"({' OR '.join(dict.fromkeys(parts))})" if all(parts) and parts else ""
    is_text = isinstance(term, Predicate) and term.op in {*TEXTUAL, Op.ANYWHERE} and isinstance(term.value, str)
    return look(term) if is_text and isinstance(term, Predicate) else ""
