"""Rules about fields: by which search it is told that a line has none, and what is put in the place of what they hold."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from garrison.watch.redact import path
from garrison.watch.redact.patterns import patterns
from garrison.watch.redact.records import Change, decoded
from garrison.watch.redact.settings import How
from garrison.watch.redact.texts import compiled

LETTER: Final = re.compile(rb"\\u(?:00(?:2[0dDeE]|3[\daA]|[4-7])|212[aA])")
"""An escape behind which a letter of a name may hide, as JSON may write each. Of those beyond ASCII the sign for Kelvin is a K too."""

_HASH_CHARACTERS: Final = 24  # 96 bits
_HASHED: Final = re.compile(rf"hash:[0-9a-f]{{{_HASH_CHARACTERS}}}")
_LEFT: Final = 4  # characters that a mask leaves, of at least twice as many
_PLAIN: Final = re.compile(r"[\w .:@-]+", re.ASCII)  # a name that JSON writes in one way, but for letters in escapes
# The quotes of a name, with the backslashes of texts in texts, or twice as in comma-separated values; a text up to such quotes, or the end.
_QUOTE: Final = r'(?P<quote>(?P<bare>"(?!"))|\\{1,15}"|\\{0,15}"")'
_TEXT: Final = r"(?P=quote)(?P<text>(?(bare)(?:[^\"\\]|\\.)*|(?:(?!(?<!\\)(?P=quote)).)*))(?P<end>(?P=quote)?)"
_MASKED: Final = re.compile(r"[^\W_]")


class Field(msgspec.Struct, frozen=True, eq=False):
    """A rule about what a path leads to."""

    logs: frozenset[str]
    target: path.Target
    hint: Any  # without a match of it a line has no such field, but for escapes in its name


def of_path(logs: frozenset[str], said: str, how: How, key: bytes) -> Field:
    """What a path leads to. Raises ConfigError."""
    steps, change = path.parse(said), _changer(how, key)
    last = next((step.name for step in reversed(steps) if step.name is not None), "")
    hint = f'"{re.escape(last)}\\\\*"' if _PLAIN.fullmatch(last) else "(?s)."
    return Field(logs, path.Target(steps, change, _members(re.escape(last), change)), compiled(hint))


def of_credentials(key: bytes) -> Field:
    """What has the name of a credential, at any depth in any log: it is masked."""
    names, words = (
        frozenset(name for one in patterns().values() if one.but_objects is but for name in one.names)
        for but in (False, True)
    )
    steps, change = (path.Step(names=names, words=words, deep=True),), _changer(How.MASK, key)
    name = f"(?:{'|'.join('[_-]*'.join(word) for word in sorted(names | words))})[_-]*"
    rest = _members(rf"(?i:(?:[\w.-]*\.)?[_-]*{name})", change)
    return Field(frozenset(), path.Target(steps, change, rest), compiled(f'(?i)["._-]{name}\\\\*"'))


def carried(field: Field, name: str) -> list[Field]:
    """A rule for records that carry others under a name in some lines and bare in others: its path may begin at either."""
    steps = field.target.steps
    if steps[0].deep:
        return [field]
    said = [steps, (path.Step(name), *steps), *([steps[1:]] if steps[0].name == name and steps[1:] else [])]
    return [msgspec.structs.replace(field, target=msgspec.structs.replace(field.target, steps=one)) for one in said]


def hashed(key: bytes, text: str) -> str:
    """A keyed hash of a value: HMAC-SHA-256 (RFC 2104), shortened. One that is a hash already stays."""
    if _HASHED.fullmatch(text):
        return text
    digest = hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return f"hash:{digest[:_HASH_CHARACTERS]}"


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


def _members(name: str, change: Change) -> Callable[[str], str]:
    """Changes what looks like a member of this name in a text that is no JSON: it was cut, or is a line of several.

    Where it holds a list or an object that has no end, or is written in escapes, what is left of the text is taken for it.
    """
    head = rf"(?P<head>{_QUOTE}{name}(?P=quote)\s*:\s*)"
    member = re.compile(rf"{head}(?:{_TEXT}|(?P<number>-?\d[\w.+-]*)|(?P<nested>[\[{{]))", re.DOTALL)

    def rest(text: str) -> str:
        parts, at = [], 0
        while '"' in text and (found := member.search(text, at)) is not None:
            parts.append(text[at : found.start()] + found["head"])
            quote, end, at = found["quote"], found["end"] or "", found.end()
            value: Any = found["number"] or found["text"] or ""
            if found["nested"]:
                value, at = decoded(text, found.start("nested"))
            made = change(value)
            if isinstance(made, list | dict):
                parts.append(json.dumps(made))
            elif found["text"] is not None:
                parts.append(f"{quote}{'' if made is path.DROPPED else made}{end}")
            else:
                parts.append("null" if made is path.DROPPED else f"{quote}{made}{quote}")
        return "".join([*parts, text[at:]])

    return rest
