"""Credentials that stand in clear text where a setting is made. Their values are never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from garrison.estate.credentials import credential_named
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Body, Place, State, Value, entries

# What stands in for a credential where Kubernetes or a template fills it in: a reference, or a note to the reader.
_STANDS_IN = re.compile(r"^[$<{].*|.*\$[({]|.*(?:redacted|changeit|todo|insert|dummy)", re.IGNORECASE | re.DOTALL)


def credentials(said: Iterable[tuple[str, Value]], place: Place) -> Truth:
    """Whether a credential is written out; the evidence names it, at `place`, where its value does not stand."""
    return any_of(_one(name, value, place) for name, value in said)


def _one(name: str, value: Value, place: Place) -> Truth:
    if credential_named(name.replace(".", "_"), value).yes and not _STANDS_IN.match(value.text()):
        return Truth(True, (Value(State.KNOWN, name, place, f"{name} is written out"),))
    return Truth(False)


def is_default(said: Iterable[tuple[str, Value]], names: str, values: frozenset[str], place: Place) -> Truth:
    """Whether a setting whose name looks so has one of these well-known values."""
    pattern = re.compile(names, re.IGNORECASE)
    found = []
    for name, value in said:
        if pattern.search(name) and value.one_of(values).yes:
            found.append(Truth(True, (Value(State.KNOWN, name, place, f"{name} is the one that everybody knows"),)))
    return any_of(found)


def named_values(document: Value) -> Iterator[tuple[str, Value]]:
    """Every scalar of a document under the name it stands at, however deep.

    A pair of `Name` and `Value`, as AWS writes variables, counts as the value under that name.
    """
    waiting = [("", document)]
    while waiting:
        name, value = waiting.pop()
        if value.state is not State.KNOWN:
            continue
        if isinstance(value.content, tuple):
            waiting += ((name, item) for item in value.content)
        elif isinstance(value.content, Body):
            said = value.child("Name").text()
            waiting += ((said if said and key == "Value" else key, inner) for key, inner in entries(value))
        else:
            yield name, value
