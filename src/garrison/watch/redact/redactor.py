"""Lines in, redacted lines out: before they are mapped, so that nothing behind it has seen what was taken out.

JSON is changed as JSON: what an escape hides is found, and what is put in its place breaks nothing. A line that no rule can be about is told by
one search of its bytes, and kept as it is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Self

import msgspec

from garrison.errors import ConfigError, UnmappedError, nearest
from garrison.events.mappers import Mapper, names
from garrison.watch.redact import path
from garrison.watch.redact.patterns import CHECKS, patterns
from garrison.watch.redact.records import ERRORS, Change, rewritten
from garrison.watch.redact.settings import How, Rule

HASH: Final = "hash:"
_HASH_CHARACTERS: Final = 24  # 96 bits
_LEFT: Final = 4  # characters that a mask leaves, of at least twice as many
_DEEPEST: Final = 64
_ESCAPES: Final = re.compile(rb'\\[^"n\\]')  # behind which a match may hide
_TOGETHER: Final = 32  # lines in one search
_ENDS: Final = re.compile(r"\\[Az]|\(\?[a-z]*-?[a-z]*m")  # with (?m), ^ and $ are the ends of lines: they hide nothing
_NEVER: Final = r"[^\x00-\x{10FFFF}]"
_LARGE: Final = 10**11  # a number that may be a card
_MASKED: Final = re.compile(r"[^\W_]")


class _Text(msgspec.Struct, frozen=True, eq=False):
    """A rule about what stands in texts."""

    logs: frozenset[str]
    regex: Any
    check: Callable[[str], bool] | None
    change: Callable[[str], str]
    stays_inside: bool  # a match never reaches past the quotes of a text
    alone: bool  # what is a piece of something longer is none


class _Field(msgspec.Struct, frozen=True, eq=False):
    """A rule about fields: a path, or names at any depth."""

    logs: frozenset[str]
    steps: tuple[path.Step, ...]
    names: frozenset[str]
    change: Change
    hint: Any  # without this expression a line has no such field, but for escapes in its name


class _Rules(msgspec.Struct, frozen=True, eq=False):
    """Those for a format, and for each kind an expression without which no line is one that they are about."""

    texts: tuple[_Text, ...]
    fields: tuple[_Field, ...]
    text: Any
    field: Any
    any: Any  # of both, in several lines at once; None where an expression tells the ends of a text


class Redactor:
    """Rules made ready."""

    def __init__(self, texts: Sequence[_Text], fields: Sequence[_Field]) -> None:
        self._texts, self._fields = tuple(texts), tuple(fields)
        self._of: dict[str, _Rules] = {}

    @classmethod
    def make(cls, rules: Sequence[Rule], key: bytes, *, credentials: bool = True) -> Self:
        """Raises ConfigError for a rule that cannot hold, by its number."""
        texts: list[_Text] = []
        fields: list[_Field] = []
        shipped = [(name, p) for name, p in patterns().items() if p.credential] if credentials else []
        said = [Rule(how=How.MASK, pattern=name) for name, p in shipped if p.regex]
        fields += [
            _Field(frozenset(), (), p.names, _changer(How.MASK, key), _hint_of_names(p.names))
            for _, p in shipped
            if p.names
        ]
        for number, rule in enumerate([*rules, *said], 1):
            try:
                ready = _ready(rule, key)
            except ConfigError as error:
                raise ConfigError(f"redact {number}: {error.message}", hint=error.hint) from error
            if isinstance(ready, _Field):
                fields.append(ready)
            else:
                texts.append(ready)
        return cls(texts, fields)

    def plain(self, form: Mapper, lines: Sequence[bytes]) -> list[bool]:
        """Of each line whether it is known that no rule is about it, by one search of many: `line` would give it back as it is."""
        rules, found = self._rules(form.NAME), []
        for at in range(0, len(lines), _TOGETHER):
            part = lines[at : at + _TOGETHER]
            joined = b"\n".join(part)
            told = rules.any is not None and _ESCAPES.search(joined) is None and rules.any.search(joined) is None
            found += [told] * len(part)
        return found

    def line(self, form: Mapper, line: bytes) -> bytes:
        """A line without what must not be kept. Raises UnmappedError for one of which that cannot be told."""
        rules = self._rules(form.NAME)
        hidden = _ESCAPES.search(line) is not None
        texts = rules.texts if hidden or rules.text.search(line) is not None else ()
        fields = rules.fields if hidden or rules.field.search(line) is not None else ()
        if not texts and not fields:
            return line
        if line.lstrip()[:1] not in (b"{", b"["):
            return _lines(line, texts)
        if not fields and (spliced := _spliced(line, texts)) is not None:
            return spliced
        fields = fields if hidden else tuple(field for field in fields if field.hint.search(line) is not None)
        try:
            return rewritten(line, lambda said: _changed(said, fields, rules if texts else None))
        except ERRORS as error:  # a mapper may take it all the same: it skips what it does not read
            raise UnmappedError(f"what of it is to be redacted cannot be told: {error}") from error

    def _rules(self, log: str) -> _Rules:
        """Those for a format of logs."""
        if log not in self._of:
            texts = tuple(rule for rule in self._texts if not rule.logs or log in rule.logs)
            fields = tuple(rule for rule in self._fields if not rule.logs or log in rule.logs)
            text = "|".join(f"(?:{rule.regex.pattern})" for rule in texts) or _NEVER
            field = "|".join(f"(?:{field.hint.pattern})" for field in fields) or _NEVER
            is_apart = _ENDS.search(text) is not None
            together = None if is_apart else _compiled(f"(?m:{text}|{field})")
            self._of[log] = _Rules(texts, fields, _compiled(text), _compiled(field), together)
        return self._of[log]


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


def _ready(rule: Rule, key: bytes) -> _Text | _Field:
    """Raises ConfigError."""
    if bool(rule.field) is bool(rule.pattern):
        raise ConfigError("says neither a field nor a pattern, or both", hint="write one of them")
    if unknown := set(rule.log) - set(names()):
        word = min(unknown)
        raise ConfigError(f"there is no log format {word}", hint=nearest(word, names(), ", ".join(names())))
    logs = frozenset(rule.log)
    if rule.field:
        steps = path.parse(rule.field)
        return _Field(logs, steps, frozenset(), _changer(rule.how, key), _hint_of_path(steps))
    return _text(rule, logs, key)


def _text(rule: Rule, logs: frozenset[str], key: bytes) -> _Text:
    shipped = patterns().get(rule.pattern)
    if shipped is not None and not shipped.regex:
        raise ConfigError(f"{rule.pattern} is no pattern", hint="write field = ...")
    regex = _compiled(shipped.regex if shipped else rule.pattern)
    if regex.search(b"") is not None:
        raise ConfigError(f"{rule.pattern!r} matches nothing at all", hint="write what it has to contain")
    changes: dict[How, Callable[[str], str]] = {
        How.HASH: lambda text: hashed(key, text),
        How.MASK: masked,
        How.DROP: lambda _: "",
    }
    check = CHECKS[shipped.check] if shipped and shipped.check else None
    return _Text(logs, regex, check, changes[rule.how], bool(shipped), bool(shipped and shipped.alone))


def _compiled(regex: str) -> Any:
    """Linear in the length of the line, whatever the expression is (RE2)."""
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


def _hint_of_names(names: frozenset[str]) -> Any:
    words = sorted("[_-]?".join(name) for name in names)
    return _compiled(f'(?i)"(?:{"|".join(words)})\\\\*"')


def _hint_of_path(steps: Sequence[path.Step]) -> Any:
    """The last name of a path, as it stands before a colon: also in a text that holds JSON, behind a backslash."""
    last = next((step.name for step in reversed(steps) if step.name), "")
    return _compiled(f'"{re.escape(last)}\\\\*"' if last else ".+")


def _changed(said: Any, fields: Sequence[_Field], rules: _Rules | None) -> Any:
    """A record without what fields hold, and what rules about texts find."""
    for field in fields:
        said = _named(said, field, 0) if field.names else path.changed(said, field.steps, field.change)
    return said if rules is None else _strings(said, rules, 0)


def _lines(line: bytes, texts: Sequence[_Text]) -> bytes:
    """A line that is no JSON: what is no UTF-8 in it stays as it is."""
    for rule in texts:
        if rule.regex.search(line) is not None:
            line = rule.regex.sub(lambda found, rule=rule: _one(found, rule).encode(), line)
    return line


def _spliced(line: bytes, texts: Sequence[_Text]) -> bytes | None:
    """A line of JSON changed where it stands; None where that cannot be: behind an escape, in a number, by an expression of the user's."""
    if b"\\" in line or not all(rule.stays_inside for rule in texts):
        return None
    made = _lines(line, texts)
    try:
        msgspec.json.decode(made, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return made


def _strings(value: Any, rules: _Rules, depth: int) -> Any:
    """A value with each text in it replaced; and each number that is written as one would be."""
    if depth > _DEEPEST:
        raise UnmappedError(f"nested deeper than {_DEEPEST}")
    if isinstance(value, str):
        return _replaced(value, rules)
    if isinstance(value, dict):
        return {_replaced(name, rules): _strings(item, rules, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_strings(item, rules, depth + 1) for item in value]
    if isinstance(value, int) and value >= _LARGE:
        made = _replaced(str(value), rules)
        return value if made == str(value) else made
    return value


def _replaced(text: str, rules: _Rules) -> str:
    for rule in rules.texts if rules.text.search(text) is not None else ():
        if rule.regex.search(text) is not None:
            text = rule.regex.sub(lambda found, rule=rule: _one(found, rule), text)
    return text


def _one(found: Any, rule: _Text) -> str:
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


def _named(value: Any, field: _Field, depth: int) -> Any:
    """A value with all fields of some names changed, at any depth, also in texts that hold JSON."""
    if depth > _DEEPEST:
        raise UnmappedError(f"nested deeper than {_DEEPEST}")
    if isinstance(value, dict):
        return {name: _of_name(name, item, field, depth) for name, item in value.items()}
    if isinstance(value, list):
        return [_named(item, field, depth + 1) for item in value]
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return rewritten(value.encode(), lambda said: _named(said, field, depth + 1)).decode()
        except ERRORS:
            return value
    return value


def _of_name(name: str, item: Any, field: _Field, depth: int) -> Any:
    if name.lower().replace("-", "").replace("_", "") in field.names and not isinstance(item, dict | list):
        return field.change(item)
    return _named(item, field, depth + 1)
