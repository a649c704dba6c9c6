"""From text to a tree: the grammar of CEL (cel-spec, langdef.md, "Syntax"), without what checks have no use for.

Refused by name: arithmetic, maps and messages, bytes, unsigned numbers. Comparisons in a row need brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

MAX_CHARACTERS = 4_000
MAX_DEPTH = 32  # of nesting; the official implementation evaluates no deeper either

RESERVED = frozenset(
    ("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
     "namespace", "null", "package", "return", "true", "var", "void", "while")
)  # fmt: skip
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<number>0x[0-9a-fA-F]+[uU]?|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?[uU]?)
  | (?P<raw>(?:[rR][bB]?|[bB][rR])(?:\"{3}(?s:.*?)\"{3}|'{3}(?s:.*?)'{3}|"[^"\n]*"|'[^'\n]*'))
  | (?P<text>[bB]?(?:\"{3}(?s:\\.|[^\\])*?\"{3}|'{3}(?s:\\.|[^\\])*?'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign>&&|\|\||[=!<>]=|[-!<>?:.,()\[\]{}+*/%=&|])
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)
_ESCAPES = dict(zip("abfnrtv\\?\"'`", "\a\b\f\n\r\t\v\\?\"'`", strict=True))
_MAX_DIGITS = 40
_AS_THEY_ARE = "compare the values as they are"
_LAST = 0x10FFFF


class ExpressionError(Exception):
    """What is wrong in an expression, at which of its characters (from 0), and what to write instead."""

    def __init__(self, message: str, at: int, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.at, self.hint = message, at, hint


class Literal(msgspec.Struct, frozen=True):
    """`"a"`, `443`, `true`, `null`."""

    value: str | float | bool | None
    at: int


class Name(msgspec.Struct, frozen=True):
    """A variable."""

    name: str
    at: int


class Select(msgspec.Struct, frozen=True):
    """`of.name`; `at` is where the name begins."""

    of: Node
    name: str
    at: int


class Call(msgspec.Struct, frozen=True):
    """`name(args)`, or `args[0].name(args[1:])` for a `method`; operators are calls of their own names."""

    name: str
    args: tuple[Node, ...]
    at: int
    method: bool = False


class Items(msgspec.Struct, frozen=True):
    """`[a, b]`."""

    items: tuple[Node, ...]
    at: int


Node = Literal | Name | Select | Call | Items


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    at: int


def parse(text: str) -> Node:
    """The tree of an expression. Raises ExpressionError for all that is not part of the language."""
    if len(text) > MAX_CHARACTERS:
        message = f"the expression is longer than {MAX_CHARACTERS:,} characters"
        raise ExpressionError(message, 0, "make several checks of it")
    parser = _Parser(text)
    node = parser.expression()
    if parser.token.kind != "end":
        raise parser.unexpected()
    return node


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            quote = text[at] in "\"'"
            message = "the text has no end" if quote else f"{text[at]!r} means nothing here"
            raise ExpressionError(message, at, "end it with the same quote" if quote else "")
        if match.lastgroup != "space":
            yield _Token(str(match.lastgroup), match[0], at)
        at = match.end()
    yield _Token("end", "", at)


class _Parser:
    """Recursive descent; each operator's arguments are gathered in one call, so that long chains are not deep."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.token = next(self.tokens)
        self.depth = 0

    def take(self, *texts: str) -> _Token | None:
        """The token that comes next, if it is one of these."""
        token = self.token
        if token.text not in texts:
            return None
        self.token = next(self.tokens, token)
        return token

    def expect(self, text: str) -> None:
        if self.take(text) is None:
            raise self.unexpected(f"{text} is missing")

    def unexpected(self, otherwise: str = "") -> ExpressionError:
        """Why the next token cannot stand where it does."""
        token = self.token
        if token.kind == "end":
            return ExpressionError(otherwise or "the expression breaks off", token.at)
        if token.text in ("+", "-", "*", "/", "%"):
            return ExpressionError(f"checks do not calculate: {token.text}", token.at, _AS_THEY_ARE)
        if token.text in ("=", "&", "|"):
            return ExpressionError(f"{token.text} means nothing", token.at, f"write {token.text * 2}")
        return ExpressionError(otherwise or f"{token.text} cannot stand here", token.at)

    def expression(self) -> Node:
        """`condition ? yes : no`, or all that binds more tightly."""
        with self.deeper():
            node = self.joined("||")
            if sign := self.take("?"):
                yes = self.joined("||")
                self.expect(":")
                node = Call("?:", (node, yes, self.expression()), sign.at)
            return node

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """A level of nesting."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels", self.token.at, "make several checks of it")
        yield
        self.depth -= 1

    def joined(self, sign: str) -> Node:
        """What is joined by `||`, and what is joined by `&&` in it."""
        parts, at = [self.joined("&&") if sign == "||" else self.comparison()], self.token.at
        while self.take(sign):
            parts.append(self.joined("&&") if sign == "||" else self.comparison())
        return Call(sign, tuple(parts), at) if len(parts) > 1 else parts[0]

    def comparison(self) -> Node:
        left = self.unary()
        sign = self.take(*_COMPARISONS)
        if sign is None:
            return left
        node = Call(sign.text, (left, self.unary()), sign.at)
        if self.token.text in _COMPARISONS:
            raise ExpressionError(f"two comparisons in a row: {self.token.text}", self.token.at, "put one in brackets")
        return node

    def unary(self) -> Node:
        if sign := self.take("!"):
            with self.deeper():
                return Call("!", (self.unary(),), sign.at)
        if sign := self.take("-"):
            number = self.token
            if number.kind != "number":
                raise ExpressionError("checks do not calculate: -", sign.at, _AS_THEY_ARE)
            self.token = next(self.tokens)
            return Literal(-_number(number), sign.at)
        return self.member()

    def member(self) -> Node:
        node, steps = self.primary(), 0
        while sign := self.take(".", "["):
            steps += 1
            if steps > MAX_DEPTH:
                raise ExpressionError(f"more than {MAX_DEPTH} steps in a row", sign.at, "nothing real needs that")
            if sign.text == "[":
                node = Call("[]", (node, self.expression()), sign.at)
                self.expect("]")
                continue
            word = self.token
            if word.kind != "word" or word.text in _WORDS or word.text == "in":
                raise self.unexpected("a name is missing after the dot")
            self.token = next(self.tokens)
            if self.take("("):
                node = Call(word.text, (node, *self.arguments(")")), word.at, method=True)
            else:
                node = Select(node, word.text, word.at)
        return node

    def arguments(self, end: str) -> tuple[Node, ...]:
        """What stands between commas, and the bracket that ends it."""
        found: list[Node] = []
        while not self.take(end):
            found.append(self.expression())
            comma = self.take(",")
            if self.token.text != end and comma is None:
                raise self.unexpected(f"{end} is missing")
            if self.token.text == end == ")" and comma is not None:  # a list may end in one, arguments may not
                raise self.unexpected("an argument is missing behind the comma")
        return tuple(found)

    def primary(self) -> Node:
        token = self.token
        if token.kind in ("text", "raw"):
            self.token = next(self.tokens)
            return Literal(_text(token), token.at)
        if token.kind == "number":
            self.token = next(self.tokens)
            return Literal(_number(token), token.at)
        if token.kind == "word" and token.text in _WORDS:
            self.token = next(self.tokens)
            return Literal(_WORDS[token.text], token.at)
        if token.kind == "word":
            if token.text in RESERVED:
                raise ExpressionError(f"{token.text} is a reserved word of CEL", token.at, "use another name")
            self.token = next(self.tokens)
            if self.take("("):
                return Call(token.text, self.arguments(")"), token.at)
            return Name(token.text, token.at)
        if self.take("("):
            node = self.expression()
            self.expect(")")
            return node
        if self.take("["):
            return Items(self.arguments("]"), token.at)
        if token.text == "{":
            raise ExpressionError("checks need no maps", token.at, "write a list: [...]")
        raise self.unexpected()


def _number(token: _Token) -> float:
    if token.text[-1] in "uU":
        raise ExpressionError("checks need no unsigned numbers", token.at, "leave the u out")
    if len(token.text) > _MAX_DIGITS:
        raise ExpressionError("the number is too long", token.at, "nothing real needs that")
    if token.text.startswith("0x"):
        return int(token.text, 16)
    return int(token.text) if token.text.isdecimal() else float(token.text)


def _text(token: _Token) -> str:
    quoted = token.text.lstrip("rRbB")
    if "b" in token.text[: -len(quoted)].lower():
        raise ExpressionError("checks need no bytes", token.at, "leave the b out")
    ends = 3 if quoted.startswith(quoted[-1] * 3) else 1
    inner = quoted[ends:-ends]
    if token.kind == "raw" and (len(inner) - len(inner.rstrip("\\"))) % 2:  # the official implementation refuses it
        raise ExpressionError("a text with r cannot end with a backslash", token.at, "leave the r out, and write \\\\")
    return inner if token.kind == "raw" else _ESCAPE.sub(lambda m: _unescaped(m, token), inner)


def _unescaped(match: re.Match[str], token: _Token) -> str:
    *codes, octal, letter = match.groups()
    if letter is not None:
        if letter not in _ESCAPES:
            hint = 'write \\\\ for a backslash, or r"..." for a text that is taken as it is'
            raise ExpressionError(f"\\{letter} is no escape", token.at, hint)
        return _ESCAPES[letter]
    code = int(octal, 8) if octal else int(next(c for c in codes if c), 16)
    if code > _LAST or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - surrogates
        raise ExpressionError(f"{match[0]} is no character", token.at)
    return chr(code)


def begin(node: Node) -> int:
    """Where a part of an expression begins, as a reader sees it."""
    inner = (node.of,) if isinstance(node, Select) else node.args if isinstance(node, Call) else ()
    return min((node.at, *map(begin, inner)))
