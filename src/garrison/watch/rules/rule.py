"""A rule as it is judged: what it asks, what it is worth, where it is written, and what it must and must not match."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from garrison.watch.rules.term import Term


class Level(enum.IntEnum):
    """How grave a match is: Sigma's `level`."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class Kind(enum.StrEnum):
    """What a correlation counts: Sigma's `correlation.type`."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"


class Logsource(msgspec.Struct, frozen=True):
    """Which logs a rule is about; empty is any."""

    product: str = ""
    category: str = ""
    service: str = ""

    def __str__(self) -> str:
        return "/".join(part or "*" for part in (self.product, self.category, self.service))


class About(msgspec.Struct, frozen=True):
    """What a rule tells people. `path` and `line` are where it is written."""

    id: str
    title: str
    level: Level
    path: str
    line: int
    name: str = ""  # what correlations call it, beside its id
    description: str = ""
    tags: tuple[str, ...] = ()  # attack.t1078, atlas.aml.t0024
    falsepositives: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    digest: str = ""  # of the rule as it is written: `sha256:...`
    replaces: str = ""  # where the rule of Garrison's own is written in whose place this one stands


class Examples(msgspec.Struct, frozen=True):
    """What a rule must match and must not: events, as their senders write them; of correlations lists of events."""

    match: tuple[Any, ...] = ()
    miss: tuple[Any, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """A rule about one event at a time."""

    about: About
    logsource: Logsource
    term: Term
    examples: Examples = Examples()


class Correlation(msgspec.Struct, frozen=True):
    """A rule about several events: `count` of them, or of the values of `fields`, within a time, by group."""

    about: About
    kind: Kind
    rules: tuple[str, ...]  # ids or names, in their order
    group_by: tuple[str, ...]
    timespan_us: int
    op: str  # gte, gt, lte, lt, eq, neq
    count: int
    fields: tuple[str, ...] = ()
    aliases: dict[str, dict[str, str]] = {}  # alias -> rule -> field
    generate: bool = False  # whether its rules also tell of their own matches
    examples: Examples = Examples()


class Broken(msgspec.Struct, frozen=True):
    """A rule that cannot be used, and why."""

    path: str
    line: int
    message: str
    hint: str = ""

    @property
    def where(self) -> str:
        """File and line, as far as they are known."""
        return f"{self.path}:{self.line}" if self.line else self.path


class Rules(msgspec.Struct):
    """What a set of files holds."""

    rules: list[Rule]
    correlations: list[Correlation]
    broken: list[Broken]
    unlive: list[Correlation] = []  # that events cannot fulfil as they come (`refer.live`)

    @property
    def counted(self) -> set[str]:
        """The ids or names of rules that are only there to be counted: they tell nothing by themselves."""
        return {name for one in (*self.correlations, *self.unlive) if not one.generate for name in one.rules}

    @property
    def abouts(self) -> list[About]:
        """What all of them tell people."""
        return [rule.about for rule in self.rules] + [one.about for one in (*self.correlations, *self.unlive)]


def names_of(about: About) -> tuple[str, ...]:
    """What correlations may call a rule."""
    return (about.id, about.name) if about.name else (about.id,)
