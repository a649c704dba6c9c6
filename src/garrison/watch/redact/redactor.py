"""Lines in, redacted lines out: before they are mapped, so that nothing behind it has seen what was taken out.

JSON is changed as JSON: what an escape hides is found, and what is put in its place breaks nothing. A line that no rule can be about is told by
one search of its bytes, and kept as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any, Final, Self, cast

import msgspec

from garrison.errors import ConfigError, UnmappedError, nearest
from garrison.events.mappers import Coded, Mapper, mapper, names
from garrison.watch.redact import fields, path, texts
from garrison.watch.redact.fields import LETTER, Field, hashed, masked
from garrison.watch.redact.patterns import patterns
from garrison.watch.redact.records import ERRORS, inside, rewritten
from garrison.watch.redact.settings import How, Rule
from garrison.watch.redact.texts import NEVER, Text, Texts, compiled

_TOGETHER: Final = 32  # lines in one search


class _Rules(msgspec.Struct, frozen=True, eq=False):
    """Those for a format, and expressions without which no line is one that they are about."""

    texts: Texts
    fields: tuple[Field, ...]
    field: Any
    any: Any  # of both
    coded: Coded | None


class Redactor:
    """Rules made ready."""

    def __init__(self, about_texts: Sequence[Text], about_fields: Sequence[Field]) -> None:
        self._texts, self._fields = tuple(about_texts), tuple(about_fields)
        self._of: dict[str, _Rules] = {}

    @classmethod
    def make(cls, rules: Sequence[Rule], key: bytes, *, credentials: bool = True) -> Self:
        """Raises ConfigError for a rule that cannot hold, by its number."""
        shipped = [name for name, p in patterns().items() if p.credential and p.regex] if credentials else []
        said = [Rule(how=How.MASK, pattern=name) for name in shipped]
        about_fields = [fields.of_credentials(key)] if credentials else []
        about_texts: list[Text] = []
        for number, rule in enumerate([*rules, *said], 1):
            try:
                made = ready(rule, key)
            except ConfigError as error:
                raise ConfigError(f"redact {number}: {error.message}", hint=error.hint) from error
            if isinstance(made, Field):
                about_fields.append(made)
            else:
                about_texts.append(made)
        return cls(about_texts, about_fields)

    def plain(self, form: Mapper, lines: Sequence[bytes]) -> list[bool]:
        """Of each line whether it is known that no rule is about it, by one search of many: `line` would give it back as it is."""
        rules, found = self._rules(form.NAME), []
        for at in range(0, len(lines), _TOGETHER):
            part = lines[at : at + _TOGETHER]
            joined = b"\n".join(part)
            told = rules.texts.hiding.search(joined) is None and rules.any.search(joined) is None
            told = told and (rules.coded is None or rules.coded.CODED.search(joined) is None)
            found += [told] * len(part)
        return found

    def line(self, form: Mapper, line: bytes) -> bytes:
        """A line without what must not be kept. Raises UnmappedError for one of which that cannot be told."""
        rules = self._rules(form.NAME)
        if rules.coded is not None:
            line = rules.coded.CODED.sub(partial(_in_code, rules.coded, rules), line)
        about, said = _about(rules, line)
        if said is None and not about:
            return line
        if line.lstrip()[:1] not in (b"{", b"["):
            return _in_text(line, about, said)
        if not about and said is not None and (spliced := texts.spliced(line, said)) is not None:
            return spliced
        try:
            return rewritten(line, partial(_changed, about, said))
        except ERRORS as error:  # a mapper may take it all the same: it skips what it does not read
            raise UnmappedError(f"what of it is to be redacted cannot be told: {error}") from error

    def _rules(self, log: str) -> _Rules:
        """Those for a format of logs."""
        if log not in self._of:
            about = texts.together([rule for rule in self._texts if not rule.logs or log in rule.logs])
            chosen = tuple(rule for rule in self._fields if not rule.logs or log in rule.logs)
            form = mapper(log) if log in names() else None
            if carries := getattr(form, "CARRIES", ""):
                chosen = tuple(one for rule in chosen for one in fields.carried(rule, carries))
            field = "|".join(f"(?:{field.hint.pattern})" for field in chosen) or NEVER
            both = compiled(f"{about.screen.pattern}|{field}")
            coded = cast("Coded", form) if (about.rules or chosen) and hasattr(form, "CODED") else None
            self._of[log] = _Rules(about, chosen, compiled(field), both, coded)
        return self._of[log]


def ready(rule: Rule, key: bytes) -> Text | Field:
    """A rule made ready. Raises ConfigError for one that cannot hold."""
    if bool(rule.field) is bool(rule.pattern):
        raise ConfigError("says neither a field nor a pattern, or both", hint="write one of them")
    if unknown := set(rule.log) - set(names()):
        word = min(unknown)
        raise ConfigError(f"there is no log format {word}", hint=nearest(word, names(), ", ".join(names())))
    logs = frozenset(rule.log)
    if rule.field:
        if without := [log for log in rule.log if getattr(mapper(log), "NO_JSON", False)]:
            hint = "write pattern = ..., or leave them out of log"
            raise ConfigError(
                f"{rule.field} leads to nothing in {', '.join(without)}: their lines are no JSON", hint=hint
            )
        return fields.of_path(logs, rule.field, rule.how, key)
    changes: dict[How, Callable[[str], str]] = {
        How.HASH: partial(hashed, key),
        How.MASK: masked,
        How.DROP: lambda _: "",
    }
    return texts.rule(logs, rule.pattern, changes[rule.how])


def _about(rules: _Rules, line: bytes) -> tuple[Sequence[Field], Texts | None]:
    """Which rules may be about a line: those about fields, and those about texts if any may be."""
    about = rules.fields if LETTER.search(line) is not None else ()
    if not about and rules.field.search(line) is not None:
        about = tuple(field for field in rules.fields if field.hint.search(line) is not None)
    return about, rules.texts if rules.texts.may_be_in(line) else None


def _in_code(form: Coded, rules: _Rules, found: re.Match[bytes]) -> bytes:
    """A text in a code of its format, redacted."""
    try:
        text = form.decoded(found[1])
    except ValueError:
        return found[0]
    made = _in_text(text, *_about(rules, text))
    if made == text:
        return found[0]
    begin, end = found.start(1) - found.start(), found.end(1) - found.start()
    return found[0][:begin] + form.encoded(made) + found[0][end:]


def _in_text(line: bytes, about: Sequence[Field], rules: Texts | None) -> bytes:
    """A line that is no JSON, changed in the records that it carries, and by rules about texts wherever they match."""
    if about or b"\\" in line:
        text = line.decode("utf-8", "surrogateescape")
        made = inside(text, partial(_changed, about, rules), lambda rest: reduce(_rest, about, rest))
        line = made.encode("utf-8", "surrogateescape")
    return line if rules is None else texts.in_line(line, rules)


def _rest(text: str, field: Field) -> str:
    return field.target.rest(text)


def _changed(about: Sequence[Field], rules: Texts | None, said: Any) -> Any:
    """A record without what fields hold, and what rules about texts find."""
    for field in about:
        said = path.changed(said, field.target)
    return said if rules is None else texts.in_value(said, rules)
