"""Which rules an event fits, among those that are about its log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from operator import attrgetter
from typing import Any

import msgspec

from garrison.events.event import Event
from garrison.events.mappers import Mapper
from garrison.watch.rules.matcher import Matcher
from garrison.watch.rules.narrow import simplified
from garrison.watch.rules.rule import Logsource, Rule
from garrison.watch.rules.term import FIELDS, Predicate, Record, Term

ANY = "*"  # rules about the columns of events, whatever log they came by
_COLUMNS = tuple(field.name for field in msgspec.structs.fields(Event) if field.type is not bytes)
_values = attrgetter(*_COLUMNS)


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    product: str
    formats: tuple[str, ...]
    category: str = ""
    service: str = ""
    fields: dict[str, str] = {}


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    logsource: tuple[_Entry, ...]


class Judge:
    """Rules made ready for events. Those about logs that nothing here reads are `idle`."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.idle: list[Rule] = []
        found: dict[str, list[tuple[Rule, Term]]] = {}
        for rule in rules:
            about = list(entries(rule))
            if not about:
                self.idle.append(rule)
            for form, term in about:
                found.setdefault(form, []).append((rule, term))
        self._matchers = {form: Matcher(pairs) for form, pairs in found.items()}
        self._matches = {form: matcher.match for form, matcher in self._matchers.items()}
        self._of_columns = self._matches.get(ANY)

    def make_ready(self) -> None:
        """Make now what is else made when an event first needs it. Raises whatever a rule makes it raise."""
        for matcher in self._matchers.values():
            matcher.make_ready()

    def judge(self, form: str, record: Record, event: Event) -> list[Rule]:
        """The rules that an event fits; `record` is the event as its sender wrote it, `form` the format of its log."""
        match = self._matches.get(form)
        matched = [] if match is None else match(record)
        if self._of_columns is not None:
            matched += self._of_columns(columns(event))
        return matched


def formats(said: Logsource) -> list[str]:
    """The formats of logs that a rule is about."""
    return list(dict.fromkeys(form for entry in _entries(said) for form in entry.formats))


def entries(rule: Rule) -> Iterator[tuple[str, Term]]:
    """The formats of logs that a rule is about, and what it asks of them, by the names that fields have there."""
    for entry in _entries(rule.logsource):
        for form in entry.formats:
            yield form, _renamed(rule.term, entry.fields)


def columns(event: Event) -> dict[str, Any]:
    """An event as a record of its columns; those that tell nothing are left out."""
    return {
        name: value for name, value in zip(_COLUMNS, _values(event), strict=True) if value or value not in ("", None)
    }


def record_of(form: Mapper, line: bytes, event: Event) -> Record:
    """An event as its sender wrote it: the format's own way of saying it, else JSON, else its columns."""
    own = getattr(form, "record", None)
    if own is not None:
        told: Record = own(line)
        return told
    if line.startswith(b"{"):
        found = msgspec.json.decode(line)
        if isinstance(found, dict):
            return found
    return columns(event)


@cache
def _table() -> _Table:
    text = resources.files(__package__).joinpath("logsources.toml").read_bytes()
    return msgspec.toml.decode(text, type=_Table)


def _entries(said: Logsource) -> Iterator[_Entry]:
    """The entries that say all a rule's logsource says."""
    for entry in _table().logsource:
        if (said.product, said.category, said.service) == (entry.product, entry.category, entry.service):
            yield entry


def _renamed(term: Term, fields: dict[str, str]) -> Term:
    """A term that speaks of fields by the names they have in the log."""

    def named(test: Predicate) -> Term:
        value = fields.get(test.value, test.value) if test.op in FIELDS else test.value
        return msgspec.structs.replace(test, field=fields.get(test.field, test.field), value=value)

    return simplified(term, named) if fields else term
