"""Rules about texts: what is looked for in each of them, and by which search it is told that a line has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from garrison.errors import ConfigError, UnmappedError
from garrison.watch.redact.patterns import CHECKS, patterns
from garrison.watch.redact.records import DEEPEST, ERRORS, inside

NEVER: Final = r"[^\x00-\x{10FFFF}]"
_ESCAPES: Final = re.compile(
    rb'\\(?:u(?:00[0-7]|017[fF]|212[aA])|[^"nu\\])'
)  # of JSON, of what a shipped pattern looks for
_ANY_ESCAPE: Final = re.compile(rb"\\")
_LARGE: Final = 10**11  # a number that may be a card
_ASSERTION: Final = re.compile(r"(\\[bBAz]|[\^$])|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]", re.DOTALL)


class Text(msgspec.Struct, frozen=True, eq=False):
    """A rule about what stands in texts."""

    logs: frozenset[str]
    regex: Any
    check: Callable[[str], bool] | None
    change: Callable[[str], str]
    is_shipped: bool  # then it looks for ASCII, and no quote, end of a line or backslash cuts a match
    alone: bool  # what is a piece of something longer is none


class Texts(msgspec.Struct, frozen=True, eq=False):
    """The rules for a format, and what a line has where one may be about it: a match of `screen`, or of `hiding`."""

    rules: tuple[Text, ...]
    screen: Any
    hiding: re.Pattern[bytes]

    def may_be_in(self, line: bytes) -> bool:
        """Whether a rule may be about a line."""
        return bool(self.rules) and (self.screen.search(line) is not None or self.hiding.search(line) is not None)


def rule(logs: frozenset[str], pattern: str, change: Callable[[str], str]) -> Text:
    """A rule about a pattern that is shipped, or an expression. Raises ConfigError."""
    shipped = patterns().get(pattern)
    if shipped is not None and not shipped.regex:
        raise ConfigError(f"{pattern} is no pattern", hint="write field = ...")
    regex = compiled(shipped.regex if shipped else pattern)
    if regex.search(b"") is not None:
        raise ConfigError(f"{pattern!r} matches nothing at all", hint="write what it has to contain")
    check = CHECKS[shipped.check] if shipped and shipped.check else None
    return Text(logs, regex, check, change, bool(shipped), bool(shipped and shipped.alone))


def together(rules: Sequence[Text]) -> Texts:
    """Rules made ready to be looked for at once."""
    screen = "|".join(f"(?:{_anywhere(one.regex.pattern)})" for one in rules) or NEVER
    hiding = _ESCAPES if all(one.is_shipped for one in rules) else _ANY_ESCAPE
    return Texts(tuple(rules), compiled(screen), hiding)


def compiled(regex: str) -> Any:
    """Linear in the length of the line, whatever the expression is (RE2). Raises ConfigError."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.UTF8
    try:
        return re2.compile(regex, options)
    except re2.error as error:
        raise ConfigError(
            f"{regex!r} is no regular expression: {error}", hint="https://github.com/google/re2/wiki/Syntax"
        ) from error


def _anywhere(regex: str) -> str:
    """An expression that asks no more what stands around: in JSON that is a quote or an escape, and the end of a text is none of the line."""
    if r"\Q" in regex:  # what is quoted is no expression
        return ""
    return _ASSERTION.sub(lambda found: "(?:)" if found[1] else found[0], regex)


def in_line(line: bytes, texts: Texts) -> bytes:
    """A line that is no JSON, replaced: what is no UTF-8 in it stays as it is."""
    for one in texts.rules:
        if one.regex.search(line) is not None:
            line = one.regex.sub(lambda found, one=one: _one(found, one).encode(), line)
    return line


def spliced(line: bytes, texts: Texts) -> bytes | None:
    """A line of JSON replaced where it stands; None where that cannot be: behind an escape, in a number, by an expression of the user's."""
    if b"\\" in line or not all(one.is_shipped for one in texts.rules):
        return None
    made = in_line(line, texts)
    try:
        msgspec.json.decode(made, type=msgspec.Raw)
    except ERRORS:
        return None
    return made


def in_value(value: Any, texts: Texts, depth: int = 0) -> Any:
    """A value with each text in it replaced; and each number that is written as one would be. Raises UnmappedError."""
    if depth > DEEPEST:
        raise UnmappedError(f"nested deeper than {DEEPEST}")
    if isinstance(value, str):
        if "\\" in value and ("{" in value or "[" in value):  # JSON in it may have escapes of its own
            value = inside(value, lambda said: in_value(said, texts, depth + 1), str)
        return _replaced(value, texts)
    if isinstance(value, dict):
        return {_replaced(name, texts): in_value(item, texts, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [in_value(item, texts, depth + 1) for item in value]
    if isinstance(value, int) and value >= _LARGE:
        made = _replaced(str(value), texts)
        return value if made == str(value) else made
    return value


def _replaced(text: str, texts: Texts) -> str:
    for one in texts.rules if texts.screen.search(text) is not None else ():
        if one.regex.search(text) is not None:
            text = one.regex.sub(lambda found, one=one: _one(found, one), text)
    return text


def _one(found: Any, rule: Text) -> str:
    """What stands in the place of a match: all of it is UTF-8, as the expression is."""
    group = 1 if found.re.groups else 0
    before, value, after = (
        part.decode() if isinstance(part, bytes) else part
        for part in (
            found.string[found.start(0) : found.start(group)], found.group(group), found.string[found.end(group) : found.end(0)],
        )
    )  # fmt: skip
    is_part = rule.alone and _is_part(found)
    if not value or is_part or (rule.check is not None and not rule.check(value)):
        return f"{before}{value}{after}"
    return f"{before}{rule.change(value)}{after}"


def _is_part(found: Any) -> bool:
    """Whether a match is a piece of something longer: digits of a UUID."""
    text, start, end = found.string, found.start(0), found.end(0)
    around = text[max(start - 1, 0) : start], text[end : end + 1]
    return any(c and (c.isalnum() or c in ("-", b"-", "_", b"_")) for c in around)
