"""Credentials that stand in clear text where a setting is made. Their values are never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Place, State, Value

_NAMES = re.compile(
    r"(?:pass(?:word|wd|phrase)?|secret|secret_?key|secret_?access_?key|api_?key|access_?key|account_?key|auth_?key"
    r"|(?:auth|access|api|bot|hub|hf|github|registry|refresh|bearer|session|slack|wandb|huggingface)_?token|^token"
    r"|private_?key|client_?secret|connection_?string)$",
    re.IGNORECASE,
)
# What stands in for a credential, or is none: a reference, a path, a switch, an address, a note to the reader.
_NOT_ONE = re.compile(
    r"^\s*$|^[$<{].*|.*\$[({]|^(?:/|file:|https?://[^@]*$)|^(?:true|false|none|null|no|yes|\d{1,3})$"
    r"|^(?:x+|\*+|\.{3,})$|.*(?:your|replace|placeholder|example|dummy|redacted|changeit|todo|insert)",
    re.IGNORECASE | re.DOTALL,
)


def names_credential(name: str) -> bool:
    """Whether a variable or key of this name holds a password, key or token."""
    return _NAMES.search(name.replace("-", "_").replace(".", "_")) is not None


def credentials(said: Iterable[tuple[str, Value]], place: Place) -> Truth:
    """Whether a credential is written out; the evidence names it, at `place`, where its value does not stand."""
    return any_of(_one(name, value, place) for name, value in said if names_credential(name))


def _one(name: str, value: Value, place: Place) -> Truth:
    if value.state is State.KNOWN and isinstance(value.content, str) and not _NOT_ONE.match(value.content):
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
