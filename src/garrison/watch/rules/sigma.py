"""pySigma's parsed conditions as terms.

The meaning is that of the Sigma specification 2.1 (rules, modifiers): texts without regard to case, `*` and `?` as wildcards.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from garrison.errors import ConfigError
from garrison.watch.rules.term import All, Any_, Not, Op, Predicate, Term

if TYPE_CHECKING:
    from sigma.policy import SigmaPolicy
    from sigma.types import SigmaRegularExpression, SigmaString, SigmaType

_MAX_DEPTH = 60
_FIELDS = {
    (False, False): Op.FIELD, (True, False): Op.FIELD_STARTS, (False, True): Op.FIELD_ENDS, (True, True): Op.FIELD_CONTAINS,
}  # fmt: skip
_COMPARISONS = {"LT": Op.LESS, "LTE": Op.LESS_OR_EQUAL, "GT": Op.GREATER, "GTE": Op.GREATER_OR_EQUAL}


def term_of(condition: Any, *, depth: int = 0) -> Term:
    """A condition as pySigma parsed it. Raises ConfigError for what cannot be judged here."""
    from sigma import conditions as said

    if depth > _MAX_DEPTH:
        raise ConfigError(f"its condition is nested more than {_MAX_DEPTH} deep")
    if isinstance(condition, said.ConditionNOT):
        return Not(term_of(condition.args[0], depth=depth + 1))
    if isinstance(condition, said.ConditionAND | said.ConditionOR):
        parts = tuple(term_of(part, depth=depth + 1) for part in condition.args)
        return All(parts) if isinstance(condition, said.ConditionAND) else Any_(parts)
    if isinstance(condition, said.ConditionFieldEqualsValueExpression):
        return _predicate(condition.field, condition.value)
    if isinstance(condition, said.ConditionValueExpression):
        return _anywhere(condition.value)
    raise ConfigError(f"its condition holds {type(condition).__name__}, which is not known here")


def _predicate(field: str, value: SigmaType) -> Term:
    from sigma import types as said

    if isinstance(value, said.SigmaExpansion):
        return Any_(tuple(_predicate(field, v) for v in value.values))
    if isinstance(value, said.SigmaString):
        return _text(field, value)
    if isinstance(value, said.SigmaRegularExpression):
        return Predicate(field, Op.REGEX, _pattern(value))
    if isinstance(value, said.SigmaFieldReference):
        return Predicate(field, _FIELDS[value.starts_with, value.ends_with], value.field)
    return _of_kind(field, value)


def _of_kind(field: str, value: SigmaType) -> Term:
    """Numbers, truth, what is there, and networks."""
    from sigma import types as said

    if isinstance(value, said.SigmaTimestampPart):
        return Predicate(field, Op.PART, (value.timestamp_part.name.lower(), int(value.number)))
    if isinstance(value, said.SigmaNumber):
        return Predicate(field, Op.NUMBER, value.number)
    if isinstance(value, said.SigmaBool):
        return Predicate(field, Op.EQUALS, "true" if value.boolean else "false")
    if isinstance(value, said.SigmaNull):
        return Predicate(field, Op.ABSENT)
    if isinstance(value, said.SigmaExists):
        return Predicate(field, Op.EXISTS) if value.exists else Not(Predicate(field, Op.EXISTS))
    if isinstance(value, said.SigmaCIDRExpression):
        return Predicate(field, Op.NETWORK, value.network)
    if isinstance(value, said.SigmaCompareExpression):
        number = value.number.number
        if value.op.name == "NEQ":
            return Not(Predicate(field, Op.NUMBER, number))
        return Predicate(field, _COMPARISONS[value.op.name], number)
    raise ConfigError(f"{field} is compared with {type(value).__name__}, which is not known here")


def _text(field: str, value: SigmaString) -> Term:
    from sigma.types import SigmaCasedString, SpecialChars

    parts, cased = _parts(value), isinstance(value, SigmaCasedString)
    many = SpecialChars.WILDCARD_MULTI
    plain = [part for part in parts if isinstance(part, str)]
    if not parts:
        return Predicate(field, Op.EQUALS, "", cased)
    if parts == [many]:
        return Predicate(field, Op.PRESENT)
    if len(plain) == 1 and all(part is many for part in parts if not isinstance(part, str)):
        starts, ends = parts[0] is many, parts[-1] is many
        op = Op.CONTAINS if starts and ends else Op.ENDS if starts else Op.STARTS if ends else Op.EQUALS
        return Predicate(field, op, plain[0], cased)
    return Predicate(field, Op.REGEX, _compiled(rf"\A{_wildcards(parts)}\z", "s" if cased else "is"))


def _anywhere(value: SigmaType) -> Term:
    """A keyword: a text that stands in any value of the event."""
    from sigma import types as said

    if isinstance(value, said.SigmaExpansion):
        return Any_(tuple(_anywhere(v) for v in value.values))
    if isinstance(value, said.SigmaNumber):
        return Predicate("", Op.ANYWHERE, str(value.number))
    if not isinstance(value, said.SigmaString):
        raise ConfigError(f"a keyword is {type(value).__name__}, which is not known here")
    parts, cased = _parts(value), isinstance(value, said.SigmaCasedString)
    while parts and parts[0] is said.SpecialChars.WILDCARD_MULTI:
        del parts[0]
    while parts and parts[-1] is said.SpecialChars.WILDCARD_MULTI:
        del parts[-1]
    if len(parts) == 1 and isinstance(parts[0], str):
        return Predicate("", Op.ANYWHERE, parts[0], cased)
    return Predicate("", Op.ANYWHERE, _compiled(_wildcards(parts), "s" if cased else "is"))


def _parts(value: SigmaString) -> list[Any]:
    from sigma.types import Placeholder

    for part in value.s:
        if isinstance(part, Placeholder):
            raise ConfigError(f"the placeholder %{part.name}% has no values", hint="write the values into the rule")
    return [part for part in value.s if part != ""]


def _wildcards(parts: Sequence[Any]) -> str:
    from sigma.types import SpecialChars

    signs = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    return "".join(re.escape(p) if isinstance(p, str) else signs[p] for p in parts)


def _pattern(value: SigmaRegularExpression) -> Any:
    flags = "".join({"IGNORECASE": "i", "MULTILINE": "m", "DOTALL": "s"}[flag.name] for flag in value.flags)
    return _compiled(str(value.regexp), flags)


def _compiled(pattern: str, flags: str) -> Any:
    """A pattern that is searched for in time linear in the text. Raises ConfigError."""
    import re2

    try:
        return re2.compile(f"(?{flags}){pattern}" if flags else pattern, _options())
    except re2.error as error:
        hint = "patterns are RE2's, without look-around and back-references: https://github.com/google/re2/wiki/Syntax"
        raise ConfigError(f"its pattern {pattern!r} cannot be used: {_said(error)}", hint=hint) from error


def _said(error: Exception) -> str:
    why = error.args[0] if error.args else ""
    return why.decode(errors="replace") if isinstance(why, bytes) else str(why)


def _options() -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return options


@cache
def policy() -> SigmaPolicy:
    """How pySigma is to look at patterns while it reads: as they are used here, without a word on standard error."""
    import re2
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RegexEngine

    class Engine(RegexEngine):
        def compile(self, pattern: str, flags: int = 0) -> Any:  # noqa: ARG002 - they decide nothing about its form
            return re2.compile(pattern, _options())

        @property
        def error(self) -> type[Exception]:
            found: type[Exception] = re2.error
            return found

    return SigmaPolicy(regex_engine=Engine())
