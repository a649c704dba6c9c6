"""Rules about fields: by which search it is told that a line has none, and what is put in the place of what they hold."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from garrison.watch.redact import path
from garrison.watch.redact.records import Change
from garrison.watch.redact.settings import How
from garrison.watch.redact.texts import compiled

LETTER: Final = re.compile(rb"\\u(?:00[0-7]|212[aA])")
"""The escape of a letter, as JSON may write each: behind it a name may hide. Of those beyond ASCII the sign for Kelvin is a K too."""

HASH: Final = "hash:"
_HASH_CHARACTERS: Final = 24  # 96 bits
_LEFT: Final = 4  # characters that a mask leaves, of at least twice as many
_PLAIN: Final = re.compile(r"[\w .:@-]+", re.ASCII)  # a name that JSON writes in one way, but for letters in escapes
_MASKED: Final = re.compile(r"[^\W_]")


class Field(msgspec.Struct, frozen=True, eq=False):
    """A rule about what a path leads to."""

    logs: frozenset[str]
    steps: tuple[path.Step, ...]
    change: Change
    hint: Any  # without a match of it a line has no such field, but for escapes in its name


def of_path(logs: frozenset[str], said: str, how: How, key: bytes) -> Field:
    """What a path leads to. Raises ConfigError."""
    steps = path.parse(said)
    return Field(logs, steps, _changer(how, key), _hint_of_path(steps))


def of_names(names: frozenset[str], how: How, key: bytes) -> Field:
    """What has one of some names, at any depth in any log."""
    steps = (path.Step(names=names, deep=True),)
    return Field(frozenset(), steps, _changer(how, key), _hint_of_names(names))


def hashed(key: bytes, text: str) -> str:
    """A keyed hash of a value: HMAC-SHA-256 (RFC 2104), shortened. One that is a hash already stays."""
    if text.startswith(HASH):
        return text
    return HASH + hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:_HASH_CHARACTERS]


def masked(text: str) -> str:
    """A value with its form and its last characters only."""
    left = _LEFT if len(text) >= 2 * _LEFT else 0
    hidden = text[: len(text) - left]
    return _MASKED.sub("*", hidden) + text[len(hidden) :]


def _changer(how: How, key: bytes) -> Change:
    """What a rule does to a value: to each one in it, where it holds several; of one that is no text its JSON is the text."""

    def change(value: Any) -> Any:
        if how is How.DROP:
            return path.DROPPED
        if isinstance(value, dict):
            return {name: change(item) for name, item in value.items()}
        if isinstance(value, list):
            return [change(item) for item in value]
        if value is None or value == "" or isinstance(value, bool):
            return value
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return hashed(key, text) if how is How.HASH else masked(text)

    return change


def _hint_of_names(names: frozenset[str]) -> Any:
    words = ("[_-]*".join(name) for name in sorted(names))
    return compiled(f'(?i)["._-](?:{"|".join(words)})[_-]*\\\\*"')


def _hint_of_path(steps: Sequence[path.Step]) -> Any:
    """The last name of a path, as it stands before a colon: also in a text that holds JSON, behind a backslash."""
    last = next((step.name for step in reversed(steps) if step.name is not None), "")
    return compiled(f'"{re.escape(last)}\\\\*"' if _PLAIN.fullmatch(last) else "(?s).")
