"""One field of a table in one format: where it is said, and how it is turned into a value or a truth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from garrison.errors import ConfigError
from garrison.estate.policies import parsed
from garrison.estate.resource import Resource
from garrison.estate.truth import Truth
from garrison.estate.values import State, Value, absent, dig, number, same, unknown

Steps = tuple[str, ...]

JSON = "json()"  # a step into a text of JSON: what follows is said in it
OWN, OWNER, WHOLE = "", "^", "/"  # in a path: the thing itself; what a part belongs to; the resource a root is cut from
_WORDS = re.compile(r'"([^"]+)"|([^.]+)')
_YES = frozenset({"true", "yes", "enabled", "on"})
_KEYS = frozenset({"default", "default_alone", "because", "one_of", "none_of", "given", "at_least", "lookup", "gather"})
Companions = Mapping[str, Sequence[Resource]]


class Holder:
    """Where the paths of a field begin: a resource, or a piece cut from one."""

    __slots__ = ("companions", "owner", "resource", "stray", "value")

    def __init__(
        self,
        resource: Resource,
        value: Value | None = None,
        owner: Holder | None = None,
        companions: Companions | None = None,
        stray: Companions | None = None,
    ) -> None:
        self.resource, self.value, self.owner = resource, value, owner
        self.companions: Companions = companions or {}
        self.stray: Companions = stray or {}  # companions of the root whose owner is not known

    def at(self, steps: Steps) -> Value:
        """What is said at a path below here."""
        if JSON in steps:
            text = steps.index(JSON)
            return dig(parsed(self.at(steps[:text])), steps[text + 1 :])
        return self.resource.at(steps) if self.value is None else dig(self.value, steps)


class Field:
    """How one field is read. Compiled once per table and format."""

    __slots__ = (
        "alone", "at_least", "because", "default", "gather", "given", "lookup", "mapped", "name", "none_of", "one_of",
        "paths", "truth",
    )  # fmt: skip

    def __init__(self, name: str, said: dict[str, Any], format_: str, formats: frozenset[str], *, truth: bool) -> None:
        strange = said.keys() - _KEYS - formats
        if strange:
            raise ConfigError(f"field {name} says {', '.join(sorted(strange))}", hint=f"it can say {_choices(formats)}")
        paths = said.get(format_)
        self.name, self.truth, self.mapped = name, truth, paths is not None
        self.paths = [parse_path(p) for p in ([paths] if isinstance(paths, str) else paths or [])]
        self.gather, self.given = bool(said.get("gather")), bool(said.get("given"))
        self.lookup: dict[str, Any] = said.get("lookup", {})
        self.one_of: list[object] | None = said.get("one_of")
        self.none_of: list[object] | None = said.get("none_of")
        self.at_least: float | None = said.get("at_least")
        self.because = _for_format(said.get("because", "the provider's default"), format_)
        self.default = _for_format(said.get("default"), format_)
        self.alone = _for_format(said.get("default_alone"), format_)
        if self.default == "none":
            self.default = None

    def read(self, holder: Holder) -> Value | Truth:
        """The value, or for a yes-or-no field the truth."""
        place = (holder.value.place if holder.value is not None else None) or holder.resource.place
        if not self.mapped:
            value = unknown(f"Garrison does not read this from {holder.resource.format}", place)
            return Truth(None, (value,)) if self.truth else value
        value, alone = self._gathered(holder) if self.gather else self._first(holder)
        if value.state is State.ABSENT:
            default = self.alone if alone and self.alone is not None else self.default
            if default is not None:
                value = Value(State.KNOWN, default, value.place or place, self.because)
                if self.truth and isinstance(default, bool):
                    return Truth(default, (value,))
            elif value.place is None:
                value = absent(place)
        elif self.lookup and value.state is State.KNOWN and isinstance(value.content, str):
            value = Value(
                State.KNOWN, self.lookup.get(value.content, value.content), value.place, value.reason, value.ref
            )
        return self._truth(value) if self.truth else value

    def _first(self, holder: Holder) -> tuple[Value, bool]:
        """The first place that says something; whether only the thing itself could speak."""
        alone, place = True, None
        for owner, steps in self.paths:
            for found, companion in _found(holder, owner, steps):
                alone = alone and not companion
                place = place or found.place
                if found.state is not State.ABSENT:
                    return found, alone
            if strays := holder.stray.get(owner):
                return stray(strays[0]), False
        return absent(place), alone

    def _gathered(self, holder: Holder) -> tuple[Value, bool]:
        """The union of all places that say something."""
        items: list[Value] = []
        rest: Value | None = None
        alone, place = True, None
        for owner, steps in self.paths:
            for found, companion in _found(holder, owner, steps):
                alone = alone and not companion
                if found.state is State.KNOWN and isinstance(found.content, tuple):
                    items += found.content
                    rest = found.rest if rest is None else rest
                elif found.state is not State.ABSENT:
                    items.append(found)
                place = place or (found.place if found.state is not State.ABSENT else None)
            if strays := holder.stray.get(owner):
                rest = stray(strays[0]) if rest is None else rest
        if not items and rest is None:
            return absent(place), alone
        return Value(State.KNOWN, tuple(items), place, rest=rest), alone

    def _truth(self, value: Value) -> Truth:
        if self.given:
            return value.given()
        if self.one_of is not None:
            wanted = self.one_of
            return value.any(lambda v: v.one_of(wanted))
        if self.none_of is not None:
            unwanted = self.none_of
            if value.state is State.UNKNOWN and value.ref is not None and value.content is None:
                return value.given()  # what another resource gives is none of the words a table excludes
            return value.given() & ~value.any(lambda v: v.one_of(unwanted))
        if self.at_least is not None:
            return value.at_least(self.at_least)
        return value.test(is_yes)


def _found(holder: Holder, owner: str, steps: Steps) -> list[tuple[Value, bool]]:
    """What each place of an owner says, and whether that is a companion."""
    if owner == OWN:
        return [(holder.at(steps), False)]
    if owner == OWNER:
        return [(holder.owner.at(steps), False)] if holder.owner is not None else []
    if owner == WHOLE:
        return [(holder.resource.at(steps), False)]
    found = []
    for companion in holder.companions.get(owner, ()):
        value = companion.at(steps)
        if companion.exists.unknown and companion.condition != holder.resource.condition:
            value = unknown(f"{companion.address} may not exist", value.place, decided_by=companion.condition)
        found.append((value, True))
    return found


def stray(companion: Resource) -> Value:
    """For what a companion may set whose owner is not known."""
    return unknown(f"{companion.address} may speak of it", companion.place, decided_by=companion.address)


def is_yes(content: object) -> bool:
    """What YAML, HCL and CloudFormation take for true."""
    if isinstance(content, str):
        return content.lower() in _YES
    return content is True or (number(content) or 0) > 0


def matches(value: Value, expected: object) -> bool:
    """Whether a known value is one of what a table's `where` names."""
    options = expected if isinstance(expected, list) else [expected]
    return value.state is State.KNOWN and any(same(value.content, o) for o in options)


def parse_path(text: str) -> tuple[str, Steps]:
    """`alias:a.*."b.c"` to whose path it is and its steps; `^` and `/` in front name the owner and the whole."""
    owner = OWN
    if text[:1] in (OWNER, WHOLE):
        owner, text = text[0], text[1:]
    elif '"' not in text.partition(":")[0] and ":" in text:
        owner, _, text = text.partition(":")
    return owner, tuple(quoted or word for quoted, word in _WORDS.findall(text))


def _for_format(said: Any, format_: str) -> Any:
    """A default may differ between formats: `{ terraform = true, cloudformation = false }`."""
    return said.get(format_) if isinstance(said, dict) else said


def _choices(formats: frozenset[str]) -> str:
    return ", ".join(sorted(_KEYS | formats))
