"""Several events within a time: counts, distinct values, rules together and in order, per group.

A correlation may name others: of them the group counts, as an event that says what it is grouped by.

Memory is bounded: of a group no more is kept than a decision needs, and of groups no more than `max_groups`; those that have been
silent longest are forgotten, and counted. Events may come late, by as much as a correlation's own time. What an event says of its
own time is believed up to `AHEAD_US` past now, so that nobody hides behind a date to come.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from garrison.errors import ConfigError
from garrison.watch.rules.rule import About, Correlation, Kind, Rule
from garrison.watch.rules.term import Record, text_of, values_of

AHEAD_US = 60_000_000
MAX_GROUPS = 100_000
_MAX_NAMED = 20  # events that a hit names
_KEPT_OF_ONE = 8  # sightings of one thing that are kept, for others that come late
OPS = {"gte": 0, "gt": 1, "eq": 0}


class Sighting(msgspec.Struct, frozen=True, order=True, array_like=True):
    """An event that a rule matched: its time, and what counts of it (its id, a value, the rule)."""

    time_us: int
    what: str
    uid: str


class Hit(msgspec.Struct, frozen=True):
    """A correlation that is fulfilled, for one group."""

    correlation: Correlation
    group: tuple[str, ...]
    sightings: tuple[Sighting, ...]


Group = list[Sighting]
Told = tuple[str, tuple[str, ...], Group]
"""Of a correlation, by its id, one group by its values, and what is remembered of it: nothing where it is forgotten."""


class Correlator:
    """Correlations over what rules matched. `forgotten` counts groups that had to make room."""

    def __init__(self, correlations: Iterable[Correlation], *, max_groups: int = MAX_GROUPS) -> None:
        self.forgotten = 0
        self._max_groups = max_groups
        self._of: dict[str, list[Correlation]] = {}
        self._groups: dict[str, OrderedDict[tuple[str, ...], Group]] = {}
        self._changed: set[tuple[str, tuple[str, ...]]] = set()
        for correlation in correlations:
            check(correlation)
            self._groups[correlation.about.id] = OrderedDict()
            for name in dict.fromkeys(correlation.rules):
                self._of.setdefault(name, []).append(correlation)

    def observe(self, rule: Rule, record: Record, *, time_us: int, uid: str, now_us: int) -> list[Hit]:
        """What a match of a rule fulfils, and what that fulfils in turn. A group that fires begins anew."""
        seen = Sighting(min(time_us, now_us + AHEAD_US), "", uid)
        return self._observe(rule.about, record, seen)

    def _observe(self, about: About, record: Record, seen: Sighting) -> list[Hit]:
        found: list[Hit] = []
        for name in dict.fromkeys((about.id, about.name)):
            for correlation in self._of.get(name, ()):
                hit = self._add(correlation, name, record, seen)
                if hit is not None:
                    found.append(hit)
                    group = dict(zip(correlation.group_by, hit.group, strict=True))
                    found += self._observe(correlation.about, group, seen)
        return found

    def _add(self, correlation: Correlation, rule: str, record: Record, seen: Sighting) -> Hit | None:
        key = _values(record, [_field(correlation, field, rule) for field in correlation.group_by])
        what = _counted(correlation, rule, record, seen)
        if key is None or what is None:
            return None
        groups = self._groups[correlation.about.id]
        self._changed.add((correlation.about.id, key))
        group = groups.setdefault(key, [])
        groups.move_to_end(key)
        _insert(group, correlation, msgspec.structs.replace(seen, what=what))
        fulfilled = _window(group, correlation)
        if fulfilled:
            del groups[key]
            return Hit(correlation, key, tuple(fulfilled[-_MAX_NAMED:]))
        if len(groups) > self._max_groups:
            oldest, _ = groups.popitem(last=False)
            self._changed.add((correlation.about.id, oldest))
            self.forgotten += 1
        return None

    def changes(self) -> list[Told]:
        """The groups that have changed since this was asked last, for `restore` after a restart."""
        changed, self._changed = self._changed, set()
        return [(name, key, self._groups[name].get(key, [])) for name, key in sorted(changed)]

    def restore(self, told: Iterable[Told]) -> list[tuple[str, tuple[str, ...]]]:
        """Remember groups again; those that are let go, of correlations that are gone, or more than there is room for."""
        let_go = []
        for name, key, group in sorted(
            told, key=lambda one: one[2][-1:]
        ):  # the one that was silent longest comes first
            groups = self._groups.get(name)
            if groups is None:
                let_go.append((name, key))
                continue
            groups[key] = group
            if len(groups) > self._max_groups:
                let_go.append((name, groups.popitem(last=False)[0]))
        return let_go


def check(correlation: Correlation) -> None:
    """Raises ConfigError for a condition that cannot be told while events come in."""
    if correlation.op not in OPS:
        hint = "write gte or gt; what is missing is found by looking back (garrison rules hunt)"
        about = correlation.about
        raise ConfigError(
            f"{correlation.op} asks for what does not happen", hint=hint, path=about.path, line=about.line
        )


def counted(
    correlation: Correlation, rule: Rule, record: Record, seen: Sighting
) -> Iterator[tuple[tuple[str, ...], str]]:
    """What an event counts as, and in which group, by each name that a correlation calls its rule; nothing where it does not say."""
    for name in dict.fromkeys((rule.about.id, rule.about.name)):
        if name in correlation.rules:
            key = _values(record, [_field(correlation, field, name) for field in correlation.group_by])
            what = _counted(correlation, name, record, seen)
            if key is not None and what is not None:
                yield key, what


def _field(correlation: Correlation, field: str, rule: str) -> str:
    return correlation.aliases.get(field, {}).get(rule, field)


def _values(record: Record, fields: Sequence[str]) -> tuple[str, ...] | None:
    """The texts of fields, by which events belong together; None where one is not there."""
    found = []
    for field in fields:
        said = next((v for v in values_of(record, field) if v is not None), None)
        if said is None:
            return None
        found.append(text_of(said))
    return tuple(found)


def _counted(correlation: Correlation, rule: str, record: Record, seen: Sighting) -> str | None:
    """What tells one thing that counts from another."""
    if correlation.kind is Kind.EVENT_COUNT:
        return seen.uid
    if correlation.kind is Kind.VALUE_COUNT:
        values = _values(record, [_field(correlation, field, rule) for field in correlation.fields])
        return None if values is None else "\0".join(values)
    return str(correlation.rules.index(rule))


def needed(correlation: Correlation) -> int:
    """How many events, values or rules fulfil it."""
    return correlation.count + OPS[correlation.op]


def _insert(group: Group, correlation: Correlation, seen: Sighting) -> None:
    """Put a sighting in its place in time; the same event told twice is one."""
    if seen in group or (correlation.kind is Kind.EVENT_COUNT and any(old.what == seen.what for old in group)):
        return
    insort(group, seen)
    alike = [old for old in group if old.what == seen.what]
    if len(alike) > _KEPT_OF_ONE:  # so that one that is loud does not crowd out the others
        group.remove(alike[0])
    del group[: -max(needed(correlation), len(correlation.rules)) * _KEPT_OF_ONE]


def _window(group: Group, correlation: Correlation) -> Group:
    """The sightings that fulfil a correlation within its time; nothing where none do."""
    if correlation.kind is Kind.TEMPORAL_ORDERED:
        return _ordered(group, correlation)
    least, first = needed(correlation), 0
    within: Counter[str] = Counter()
    for last, seen in enumerate(group):
        within[seen.what] += 1
        while seen.time_us - group[first].time_us > correlation.timespan_us:
            within[group[first].what] -= 1
            if not within[group[first].what]:
                del within[group[first].what]
            first += 1
        if len(within) >= least:
            return group[first : last + 1]
    return []


def _ordered(group: Group, correlation: Correlation) -> Group:
    """One sighting of each rule, in the order of the rules, the first as late as can be."""
    wanted = len(correlation.rules)
    for last in range(len(group) - 1, -1, -1):
        if group[last].what != str(wanted - 1):
            continue
        chain, step = [group[last]], wanted - 2
        for seen in reversed(group[:last]):
            if step >= 0 and seen.what == str(step):
                chain.append(seen)
                step -= 1
        if step < 0 and chain[0].time_us - chain[-1].time_us <= correlation.timespan_us:
            return chain[::-1]
    return []
