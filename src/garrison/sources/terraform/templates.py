"""Templates: text with `${}` and `%{}` in it, in quotes, in heredocs and in files.

"Strings and Templates" in Terraform's language documentation; the grammar's literals lose white space, so text is cut
from the bytes between what is written in braces.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from garrison.estate.values import Place, State, Value, deciders, known, unknown
from garrison.sources.terraform.conversion import as_bool, text_value
from garrison.sources.terraform.evaluation import MAX_TEXT, Env, Expr, Failed, failed, undecided
from garrison.sources.terraform.loops import turns

if TYPE_CHECKING:
    import tree_sitter

Compile = Callable[["tree_sitter.Node"], Expr]

_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_QUOTED = re.compile(r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)|\$\$\{|%%\{", re.DOTALL)
_DOUBLED = re.compile(r"\$\$\{|%%\{")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MAX_UNICODE = 0x10FFFF
_MAX_PARTS = 10_000  # of a text that is not wholly known


class Sort(enum.Enum):
    """What a token of a template is."""

    TEXT = enum.auto()
    VALUE = enum.auto()
    IF = enum.auto()
    ELSE = enum.auto()
    ENDIF = enum.auto()
    FOR = enum.auto()
    ENDFOR = enum.auto()


class Token(msgspec.Struct):
    """A piece of a template; `strips` says whether white space before and after it goes."""

    sort: Sort
    text: str = ""
    expr: Expr | None = None
    names: tuple[str, ...] = ()
    strips: tuple[bool, bool] = (False, False)


class Piece(msgspec.Struct, frozen=True):
    """A node of a template's tree: text, a value, or a choice or loop with what is inside of it."""

    sort: Sort
    text: str = ""
    expr: Expr | None = None
    names: tuple[str, ...] = ()
    inner: tuple[Piece, ...] = ()
    other: tuple[Piece, ...] = ()


_INTROS = {
    "template_if_intro": Sort.IF,
    "template_else_intro": Sort.ELSE,
    "template_if_end": Sort.ENDIF,
    "template_for_start": Sort.FOR,
    "template_for_end": Sort.ENDFOR,
}


def unquoted(text: str) -> str:
    """What the escapes of a quoted text stand for."""
    if "\\" not in text and "{" not in text:
        return text
    return _QUOTED.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        number = int(code, 16)
        return chr(number) if number <= _MAX_UNICODE and not 0xD800 <= number < 0xE000 else "\ufffd"  # noqa: PLR2004
    if match[3]:
        return _SIMPLE.get(match[3], match[0])
    return match[0][1:]


def tokens_of(nodes: Sequence[tree_sitter.Node], data: bytes, start: int, end: int, compile_: Compile) -> list[Token]:
    """The tokens of a template whose text lies between two offsets."""
    found: list[Token] = []
    at = start
    for node in _flat(nodes):
        if node.start_byte > at:
            found.append(Token(Sort.TEXT, data[at : node.start_byte].decode("utf8", "replace")))
        found.append(_token(node, compile_))
        at = node.end_byte
    if end > at:
        found.append(Token(Sort.TEXT, data[at:end].decode("utf8", "replace")))
    return found


def _flat(nodes: Sequence[tree_sitter.Node]) -> list[tree_sitter.Node]:
    """What is in braces, in order, directives opened up. Not recursive: they may be nested without end."""
    found = []
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        kind = node.type
        if kind in ("template_directive", "template_if", "template_for"):
            stack.extend(reversed(node.children))
        elif kind in _INTROS or kind == "template_interpolation":
            found.append(node)
    return found


def _token(node: tree_sitter.Node, compile_: Compile) -> Token:
    children = [c for c in node.children if c.type != "comment"]
    marks = [c.type == "strip_marker" for c in children]
    strips = (marks[1], marks[-2]) if len(marks) > 2 else (False, False)  # noqa: PLR2004 - the braces themselves
    inner = next((c for c in children if c.type == "expression"), None)
    names = tuple((c.text or b"").decode("utf8", "replace") for c in children if c.type == "identifier")
    sort = _INTROS.get(node.type, Sort.VALUE)
    return Token(sort, "", compile_(inner) if inner is not None else None, names, strips)


def by_line(tokens: list[Token]) -> list[Token]:
    """The text of a heredoc line by line, as HCL's scanner has it: white space is stripped within a line only."""
    found: list[Token] = []
    for token in tokens:
        if token.sort is Sort.TEXT:
            found += [Token(Sort.TEXT, line) for line in _LINE.findall(token.text)]
        else:
            found.append(token)
    return found


def dedented(tokens: list[Token]) -> None:
    """`<<-`: the least indentation of any line goes from all of them.

    As HCL does it (`flushHeredocTemplateParts`): after white space was stripped, so that a line whose end is gone hides
    the beginning of the next one.
    """
    margins: list[int] = []
    first: list[Token] = []  # the texts lines begin with
    begins = True
    for token in tokens:
        if begins:
            begins = False
            text = token.text if token.sort is Sort.TEXT else ""
            if token.sort is not Sort.TEXT:
                margins.append(0)
            elif text.strip() or not text.endswith("\n"):
                margins.append(len(text) - len(text.lstrip()))
                first.append(token)
        begins = begins or (token.sort is Sort.TEXT and token.text.endswith("\n"))
    margin = min(margins, default=0)
    for token in first:
        token.text = token.text[margin:]


def stripped(tokens: list[Token]) -> None:
    """`~`: white space up to the neighbour goes."""
    for number, token in enumerate(tokens):
        before, after = token.strips
        if before and number and tokens[number - 1].sort is Sort.TEXT:
            tokens[number - 1].text = tokens[number - 1].text.rstrip()
        if after and number + 1 < len(tokens) and tokens[number + 1].sort is Sort.TEXT:
            tokens[number + 1].text = tokens[number + 1].text.lstrip()


def escaped(tokens: list[Token], *, quoted: bool) -> None:
    """Puts what escapes stand for; a heredoc only knows `$${` and `%%{`."""
    for token in tokens:
        if token.sort is Sort.TEXT:
            token.text = unquoted(token.text) if quoted else _DOUBLED.sub(lambda m: m[0][1:], token.text)


def tree_of(tokens: list[Token]) -> tuple[Piece, ...]:
    """Directives with what is inside of them. Raises ValueError where they do not match."""
    levels: list[tuple[Token | None, list[Piece], list[Piece] | None]] = [(None, [], None)]
    for token in tokens:
        opener, inner, other = levels[-1]
        into = inner if other is None else other
        if token.sort in (Sort.IF, Sort.FOR):
            levels.append((token, [], None))
        elif token.sort is Sort.ELSE and opener is not None and opener.sort is Sort.IF and other is None:
            levels[-1] = opener, inner, []
        elif token.sort in (Sort.ELSE, Sort.ENDIF, Sort.ENDFOR):
            ends = Sort.ENDIF if opener is not None and opener.sort is Sort.IF else Sort.ENDFOR
            if opener is None or token.sort is not ends:
                raise ValueError("a directive ends that did not begin")
            levels.pop()
            piece = Piece(opener.sort, "", opener.expr, opener.names, tuple(inner), tuple(other or ()))
            _, outer, outer_other = levels[-1]
            (outer if outer_other is None else outer_other).append(piece)
        elif token.sort is Sort.VALUE or token.text:
            into.append(Piece(token.sort, token.text, token.expr))
    if len(levels) > 1:
        raise ValueError("a directive does not end")
    return tuple(levels[0][1])


def compiled(pieces: tuple[Piece, ...], place: Place) -> Expr:
    """The template as an expression; one that is a single `${}` is what is inside of it."""
    if not pieces:
        nothing = known("", place)
        return lambda _: nothing
    if len(pieces) == 1:
        only = pieces[0]
        if only.sort is Sort.TEXT:
            text = known(only.text, place)
            return lambda _: text
        if only.sort is Sort.VALUE and only.expr is not None:
            return only.expr
    return lambda env: _joined(_rendered(pieces, env, place), place)


def _rendered(pieces: tuple[Piece, ...], env: Env, place: Place) -> list[Value]:
    parts: list[Value] = []
    for piece in pieces:
        if piece.sort is Sort.TEXT:
            parts.append(known(piece.text, place))
        elif piece.expr is None:
            parts.append(failed("nothing between the braces", place))
        elif piece.sort is Sort.VALUE:
            parts.append(text_value(piece.expr(env), place))
        elif piece.sort is Sort.IF:
            parts += _chosen(piece, env, place)
        else:
            parts += _repeated(piece, env, place)
    return parts


def _chosen(piece: Piece, env: Env, place: Place) -> list[Value]:
    test = piece.expr(env) if piece.expr is not None else failed("no condition", place)
    if test.state is State.UNKNOWN:
        return [undecided(test, place)]
    answer = as_bool(test.content)
    if answer is None:
        return [failed("the condition is neither true nor false", place)]
    return _rendered(piece.inner if answer else piece.other, env, place)


def _repeated(piece: Piece, env: Env, place: Place) -> list[Value]:
    over = piece.expr(env) if piece.expr is not None else failed("nothing to repeat", place)
    if over.state is State.UNKNOWN:
        return [undecided(over, place)]
    found = turns(env, over)
    if found is None:
        return [unknown("too many turns of a loop", place)]
    parts: list[Value] = []
    for key, value in found:
        names = dict(zip(piece.names, (key, value), strict=True)) if len(piece.names) > 1 else {piece.names[0]: value}
        parts += _rendered(piece.inner, env.having(names), place)
    return parts if over.rest is None else [*parts, undecided(over.rest, place)]


def _joined(parts: list[Value], place: Place) -> Value:
    """Texts as one; an unknown among them leaves the known ones as they are."""
    if all(p.state is State.KNOWN for p in parts):
        return limited("".join([p.content for p in parts]), place)
    return text_of_parts(parts, place)


def limited(text: str, place: Place | None) -> Value:
    """A text that is not too long to be worked with."""
    return known(text, place) if len(text) <= MAX_TEXT else unknown("too long to be evaluated", place)


def text_of_parts(parts: list[Value], place: Place | None) -> Value:
    """An unknown text of which parts are known; parts of parts are parts of it."""
    pieces: list[Value] = []
    size = 0
    for part in parts:
        if type(part) is Failed:
            return failed(part.reason, place)
        inner = part.content if part.state is State.UNKNOWN and isinstance(part.content, tuple) else (part,)
        size += sum(len(p.content) for p in inner if p.state is State.KNOWN)
        if size > MAX_TEXT or len(pieces) + len(inner) > _MAX_PARTS:
            return unknown("too long to be evaluated", place)
        pieces += inner
    flat: list[Value] = []
    for is_known, run in groupby(pieces, lambda p: p.state is State.KNOWN):
        together = list(run)
        text = "".join([p.content for p in together]) if is_known else ""
        if text:
            flat.append(known(text, together[0].place))
        elif not is_known:
            flat += together
    reason = next((p.reason for p in flat if p.state is State.UNKNOWN and p.reason), "parts of it are decided later")
    return unknown(reason, place, tuple(flat), deciders(flat))
