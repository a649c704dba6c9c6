"""What people look for, in a line, as a condition of SQL with parameters.

    actor_user=ann api_operation~Delete status=failure -src_ip=10.0.0.0/8 "any text"

A term is `field operator value`, or text that is looked for in the message and in the original line. Terms side by side all hold;
`or`, `not` (or `-`) and parentheses are as everywhere. Values may be several, with commas between them; `*` stands for anything.
A value never becomes a part of the statement: it is a parameter.

    or    := and ("or" and)*
    and   := term+
    term  := ("-" | "not") term | "(" or ")" | FIELD OPERATOR VALUE | TEXT
"""

from __future__ import annotations

import enum
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import get_args

import msgspec

from garrison.errors import UsageError, nearest
from garrison.events.event import Class, Event, Severity, Status

_FIELDS: Mapping[str, object] = {field.name: field.type for field in msgspec.structs.fields(Event)}
SHORT = {
    "time": "time_us",
    "status": "status_id",
    "severity": "severity_id",
    "class": "class_uid",
    "activity": "activity_id",
}
_NAMES: Mapping[str, type[enum.IntEnum]] = {"status_id": Status, "severity_id": Severity, "class_uid": Class}
_ADDRESSES = ("src_ip", "dst_ip")
_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<minus>-)(?=\S)"
    r'|(?P<field>[A-Za-z_][A-Za-z0-9_.]*)(?P<operator>!=|!~|<=|>=|=|~|<|>|:)(?P<value>(?:"(?:[^"\\]|\\.)*"|[^\s()"])*)'
    r'|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<word>[^\s()"]+))'
)
_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,"]+)')
_LIKE_NETWORK = re.compile(r"[0-9a-fA-F:]*[.:][0-9a-fA-F.:]*/")
_MAX_DEPTH = 50
_MAX_CHARS = 10_000


class Condition(msgspec.Struct, frozen=True):
    """SQL, and the values of its parameters."""

    sql: str
    parameters: dict[str, object]

    def literal(self) -> str:
        """The same with its values in it, for a statement that takes no parameters."""
        sql = self.sql
        for name, value in self.parameters.items():
            said = str(value) if isinstance(value, int) else _quoted(str(value))
            sql = sql.replace(f"{{{name}:{'Int64' if isinstance(value, int) else 'String'}}}", said)
        return sql


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    at: int
    operator: str = ""
    value: str = ""


def parse(text: str, when: Callable[[str], int] | None = None) -> Condition:
    """A filter as a condition; `when` reads a moment, in microseconds. Raises UsageError, which points at the place."""
    if len(text) > _MAX_CHARS:
        raise UsageError(f"the filter has more than {_MAX_CHARS:,} characters", hint="look for less at once")
    parser = _Parser(text, when or int)
    sql = parser.whole()
    return Condition(sql, parser.parameters)


class _Parser:
    """Recursive descent over the tokens of a filter."""

    def __init__(self, text: str, when: Callable[[str], int]) -> None:
        self._text, self._when = text, when
        self._tokens, self._next, self._depth = self._split(), 0, 0
        self.parameters: dict[str, object] = {}

    def whole(self) -> str:
        if not self._tokens:
            return "1"
        sql = self._either()
        if self._next < len(self._tokens):
            raise self._wrong(self._tokens[self._next].at, "this parenthesis was never opened", "write ( before it")
        return sql

    def _split(self) -> list[_Token]:
        found, at, end = [], 0, len(self._text.rstrip())
        while at < end:
            match = _TOKEN.match(self._text, at)
            if match is None:
                place = at + len(self._text[at:]) - len(self._text[at:].lstrip())
                raise self._wrong(place, "this quotation mark has no other", 'write text between two: "like this"')
            kind = next(
                name for name in ("open", "close", "minus", "field", "quoted", "word") if match[name] is not None
            )
            found.append(_Token(kind, match[kind], match.start(kind), match["operator"] or "", match["value"] or ""))
            at = match.end()
        return found

    def _either(self) -> str:
        parts = [self._all()]
        while self._is_word("or"):
            self._next += 1
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"

    def _all(self) -> str:
        parts: list[str] = []
        while (token := self._peek()) is not None and token.kind != "close" and not self._is_word("or"):
            if self._is_word("and") and parts:
                self._next += 1
                continue
            parts.append(self._term())
        if not parts:
            at = token.at if token is not None else len(self._text)
            raise self._wrong(at, "something is missing here", "write a term: actor_user=ann")
        return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"

    def _term(self) -> str:
        token = self._tokens[self._next]
        self._next += 1
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._wrong(token.at, "this is nested too deep", f"at most {_MAX_DEPTH} deep")
        try:
            if token.kind == "minus" or (token.kind == "word" and token.text.lower() == "not"):
                if self._peek() is None:
                    raise self._wrong(len(self._text), "something is missing here", "write what must not be")
                return f"NOT {self._term()}"
            if token.kind == "open":
                sql = self._either()
                if self._peek() is None:
                    raise self._wrong(token.at, "this parenthesis is never closed", "write ) behind it")
                self._next += 1
                return sql
            return self._compare(token) if token.kind == "field" else self._anywhere(token)
        finally:
            self._depth -= 1

    def _anywhere(self, token: _Token) -> str:
        if token.kind == "close":
            raise self._wrong(token.at, "something is missing before it", "write a term: actor_user=ann")
        text = _unquoted(token.text[1:-1]) if token.kind == "quoted" else token.text
        said = self._parameter(text, "String")
        return f"(positionCaseInsensitive(message, {said}) > 0 OR positionCaseInsensitive(raw, {said}) > 0)"

    def _compare(self, token: _Token) -> str:
        name = SHORT.get(token.text, token.text)
        if name not in _FIELDS:
            raise self._wrong(
                token.at,
                f"no field is called {token.text}",
                nearest(token.text, [*_FIELDS, *SHORT], f"fields: {', '.join(_FIELDS)}"),
            )
        parts: list[str] = [_unquoted(m[1]) if m[1] is not None else m[2] for m in _PART.finditer(token.value)]
        if not parts:
            at = token.at + len(token.text) + len(token.operator)
            raise self._wrong(
                at, "a value is missing here", f'write {token.text}{token.operator}VALUE, or "" for empty'
            )
        operator = token.operator
        if operator in ("!=", "!~"):
            return f"NOT {self._any(name, operator[1], parts, token)}"
        return self._any(name, operator, parts, token)

    def _any(self, name: str, operator: str, parts: list[str], token: _Token) -> str:
        found = [self._one(name, operator, part, token) for part in parts]
        return found[0] if len(found) == 1 else f"({' OR '.join(found)})"

    def _one(self, name: str, operator: str, value: str, token: _Token) -> str:
        if name == "time_us":
            return self._moment(operator, value, token)
        if _is_number(_FIELDS[name]):
            return self._number(name, operator, value, token)
        if operator == "=":
            return self._equal(name, value, token)
        if operator == "~":
            return f"positionCaseInsensitive({name}, {self._parameter(value, 'String')}) > 0"
        if operator == ":":
            if name == "message" and (not value.isascii() or not value.isalnum()):
                raise self._wrong(
                    self._at(token), f"{value} is no single word", f'write {name}~"{value}" for a part of a text'
                )
            return f"hasToken({name}, {self._parameter(value, 'String')})"
        return f"{name} {operator} {self._parameter(value, 'String')}"

    def _equal(self, name: str, value: str, token: _Token) -> str:
        if name in _ADDRESSES and "/" in value:
            try:
                network = str(ipaddress.ip_network(value, strict=False))
            except ValueError as error:
                if _LIKE_NETWORK.match(value):
                    raise self._wrong(
                        self._at(token), f"{value} is no network", "write 10.0.0.0/8 or fd00::/8"
                    ) from error
                # else it is the text that a cloud writes where an address stands
            else:
                said = self._parameter(network, "String")
                valid = f"(isIPv4String({name}) OR isIPv6String({name}))"
                # Of a dictionary ClickHouse asks each value, '' too: the cast takes it out of the dictionary.
                return f"({valid} AND isIPAddressInRange(if({valid}, CAST({name} AS String), '::'), {said}))"
        if "*" in value:
            like = re.sub(r"([\\%_])", r"\\\1", value).replace("*", "%")
            return f"{name} ILIKE {self._parameter(like, 'String')}"
        return f"{name} = {self._parameter(value, 'String')}"

    def _number(self, name: str, operator: str, value: str, token: _Token) -> str:
        if operator in ("~", ":"):
            raise self._wrong(token.at, f"{token.text} is a number", f"write {token.text}= or {token.text}>=")
        names = _NAMES.get(name)
        if name == "is_mfa" and value.lower() in ("true", "false"):
            number = int(value.lower() == "true")
        elif names is not None and value.upper() in names.__members__:
            number = int(names[value.upper()])
        elif re.fullmatch(r"-?[0-9]{1,18}", value):
            number = int(value)
        else:
            hint = f"one of: {', '.join(n.lower() for n in names.__members__)}" if names is not None else "write digits"
            raise self._wrong(self._at(token), f"{value} is no value of {token.text}", hint)
        return f"{name} {operator} {self._parameter(number, 'Int64')}"

    def _moment(self, operator: str, value: str, token: _Token) -> str:
        if operator in ("~", ":"):
            raise self._wrong(token.at, f"{token.text} is a moment", f"write {token.text}>=2026-11-25")
        try:
            moment = self._when(value)
        except (UsageError, ValueError) as error:
            raise self._wrong(self._at(token), f"{value} is no time", "write 2h, or 2026-11-25T10:00:00Z") from error
        return f"time_us {operator} fromUnixTimestamp64Micro({self._parameter(moment, 'Int64')}, 'UTC')"

    def _parameter(self, value: object, type_: str) -> str:
        name = f"f{len(self.parameters)}"
        self.parameters[name] = value
        return f"{{{name}:{type_}}}"

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _is_word(self, word: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "word" and token.text.lower() == word

    def _at(self, token: _Token) -> int:
        return token.at + len(token.text) + len(token.operator)

    def _wrong(self, at: int, what: str, hint: str) -> UsageError:
        line = self._text.replace("\n", " ").replace("\t", " ")
        return UsageError(f"{what} (column {at + 1})", hint=f"{line}\n  {'':{at}}^ {hint}")


def _quoted(text: str) -> str:
    """A literal of SQL, every character of which that means something is escaped."""
    return "'" + "".join(c if c.isalnum() or c in " .-_/:@" else _escape(c) for c in text) + "'"


def _escape(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _is_number(type_: object) -> bool:
    kinds = get_args(type_) or (type_,)
    return any(isinstance(kind, type) and issubclass(kind, int) for kind in kinds)
