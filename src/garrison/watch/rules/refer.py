"""Rules beside each other: ids that stand twice, names that lead nowhere, and what events cannot fulfil as they come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from garrison.errors import ConfigError
from garrison.watch.rules.correlate import check, needed
from garrison.watch.rules.rule import About, Broken, Correlation, Kind, Rule, Rules, names_of

T = TypeVar("T", Rule, Correlation)


def refer(found: Rules, ours: Path) -> None:
    """Put away rules whose id another has, and correlations that name what is not there.

    A rule of somebody's own takes the place of that of Garrison's, which lie in `ours`; else the one that was read first stays.
    """
    _drop_lost(found)  # one that cannot be used takes nobody's place
    stay: dict[str, About] = {}
    for about in found.abouts:
        other = stay.setdefault(about.id, about)
        if other is about:
            continue
        if _is_below(about, ours) is _is_below(other, ours):
            found.broken.append(_double(about, other))
            continue
        shipped, own = (about, other) if _is_below(about, ours) else (other, about)
        stay[about.id] = msgspec.structs.replace(own, replaces=_place(shipped))
    found.rules = _staying(found.rules, stay)
    found.correlations = _staying(found.correlations, stay)
    _drop_lost(found)


def live(found: Rules, is_left_out: Callable[[About], bool] = lambda _: False) -> Rules:
    """What events are held to as they come: what is left out is not there, and correlations that nothing can fulfil are broken."""
    rules = [rule for rule in found.rules if not is_left_out(rule.about)]
    kept = [one for one in found.correlations if not is_left_out(one.about)]
    broken, unlive = list(found.broken), list[Correlation]()
    while True:
        abouts = [rule.about for rule in rules] + [one.about for one in kept]
        there = {name for about in abouts for name in names_of(about)}
        lost = {one.about.id: why for one in kept if (why := _why_not(one, there))}
        if not lost:
            return Rules(rules, kept, broken, unlive)
        for one in (one for one in kept if one.about.id in lost):  # which others may have counted
            unlive.append(one)
            broken.append(lost[one.about.id])
        kept = [one for one in kept if one.about.id not in lost]


def _why_not(one: Correlation, there: set[str]) -> Broken | None:
    """What keeps events from fulfilling a correlation as they come, where those rules are there."""
    about = one.about
    try:
        check(one)
    except ConfigError as error:
        return Broken(about.path, about.line, error.message, error.hint)
    gone = [name for name in dict.fromkeys(one.rules) if name not in there]
    left = len(set(one.rules)) - len(gone)
    least = {Kind.TEMPORAL: needed(one), Kind.TEMPORAL_ORDERED: len(set(one.rules))}.get(one.kind, 1)
    if not gone or left >= least:
        return None
    message = f"it needs what is left out, or cannot be used: {', '.join(gone)}"
    return Broken(about.path, about.line, message, "leave it out too, or name other rules")


def _staying(ones: list[T], stay: dict[str, About]) -> list[T]:
    """Those that stay, as they stand in the place of others."""
    found = []
    for one in ones:
        about = stay[one.about.id]
        if (about.path, about.line) == (one.about.path, one.about.line):
            found.append(one if about is one.about else msgspec.structs.replace(one, about=about))
    return found


def _double(about: About, other: About) -> Broken:
    same = "it has no id, and its title or name is" if about.id in (about.name, about.title) else "its id is"
    return Broken(about.path, about.line, f"{same} that of {_place(other)}", "give each rule an id of its own")


def _is_below(about: About, folder: Path) -> bool:
    return Path(about.path).resolve().is_relative_to(folder)


def _place(about: About) -> str:
    return f"{about.path}:{about.line}"


def _drop_lost(found: Rules) -> None:
    """Of the correlations those stay whose names all lead to rules in the end, without coming back to themselves."""
    sound = {name for rule in found.rules for name in names_of(rule.about)}
    waiting = list(found.correlations)
    while ready := [c for c in waiting if sound.issuperset(c.rules)]:
        sound.update(name for c in ready for name in names_of(c.about))
        waiting = [c for c in waiting if c not in ready]
    for correlation in waiting:
        found.correlations.remove(correlation)
        about, lost = correlation.about, ", ".join(name for name in correlation.rules if name not in sound)
        found.broken.append(Broken(about.path, about.line, f"it names rules that are not there, or itself: {lost}"))
