"""Methods of texts and lists: what they take, and what works them out."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from garrison.checks.cel import operations as op
from garrison.checks.cel.operators import Make, counted, size
from garrison.checks.cel.syntax import Call, ExpressionError, Literal, Name, begin
from garrison.checks.cel.types import BOOL, BUDGET, TEXT, VALUE, Frame, Run, Type, Typed, list_of
from garrison.estate.truth import Truth
from garrison.estate.values import State, Value

if TYPE_CHECKING:
    from garrison.checks.cel.compiling import Scope

_PATTERN_BYTES = 1_000_000  # of memory that one may take; RE2 goes on slower where that is too little
_MAX_PATTERNS = 100  # kept; others are compiled again


def _text_method(node: Call, scope: Scope) -> Typed:
    """`startsWith`, `endsWith`, `contains`."""
    text, wanted = _text(node, scope), scope.any(node.args[1])
    if wanted.type not in (TEXT, VALUE):
        raise ExpressionError(f"{wanted.type.name} is no text", begin(node.args[1]), "write it in quotes")
    test = {"startsWith": op.starts_with, "endsWith": op.ends_with, "contains": op.contains}[node.name]

    def run(frame: Frame) -> Truth:
        said: Value = wanted.run(frame)
        if said.state is State.KNOWN and isinstance(said.content, str):
            return test(_read(text.run(frame), frame), said.content)
        return Truth(None, (said,)) if said.state is State.UNKNOWN else op.undecided(said, "it is no text")

    return Typed(BOOL, run)


def _matches(node: Call, scope: Scope) -> Typed:
    text, pattern = _text(node, scope), node.args[1]
    if not (isinstance(pattern, Literal) and isinstance(pattern.value, str)):
        raise ExpressionError("matches() takes a text that is written out", begin(pattern), "write it in quotes")
    search = _search(pattern.value, pattern.at)
    return Typed(BOOL, lambda frame: op.text_test(_read(text.run(frame), frame), search))


def _text(node: Call, scope: Scope) -> Typed:
    """What a method of texts is called on."""
    if len(node.args) != 2:  # noqa: PLR2004 - the text and the argument
        raise ExpressionError(f"{node.name}() takes one argument", node.at, f'write {node.name}("...")')
    text = scope.any(node.args[0])
    if text.type not in (TEXT, VALUE):
        hint = "write .exists(x, x...)" if text.type.item is not None else "only texts have this method"
        raise ExpressionError(f"{text.type.name} is no text", begin(node.args[0]), hint)
    return text


def _read(value: Value, frame: Frame) -> Value:
    """A text, paid for."""
    if isinstance(value.content, str):
        frame[BUDGET].take(len(value.content) >> 10)
    return value


def _search(pattern: str, at: int) -> Callable[[str], bool]:
    """Whether a text has a pattern in it, by RE2: in linear time, as CEL demands (langdef.md, "Regular Expressions")."""
    try:
        _compiled(pattern)
    except ImportError:
        hint = "pip install 'garrison[re2]', or use startsWith, endsWith, contains"
        raise ExpressionError("matches() needs the package google-re2", at, hint) from None
    except ValueError as error:
        hint = "github.com/google/re2/wiki/Syntax"
        raise ExpressionError(f"no regular expression of RE2: {error}", at, hint) from None
    return lambda text: _compiled(pattern).search(text.encode("utf8", "replace")) is not None


@lru_cache(maxsize=_MAX_PATTERNS)
def _compiled(pattern: str) -> Any:
    """Raises ValueError for what is no pattern, ImportError without RE2."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _PATTERN_BYTES
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0]
        raise ValueError(said.decode("utf8", "replace") if isinstance(said, bytes) else said) from None


def _macro(node: Call, scope: Scope) -> Typed:
    """`list.exists(x, ...)`: `x` is each item in turn."""
    if len(node.args) != 3 or not isinstance(variable := node.args[1], Name):  # noqa: PLR2004 - the list, x, what is asked
        hint = f"write {node.name}(x, ...)"
        raise ExpressionError(f"{node.name}() takes a name and what is asked of it", node.at, hint)
    where, asked = scope.any(node.args[0]), node.args[2]
    if where.type.item is None and where.type is not VALUE:
        raise ExpressionError(f"{where.type.name} is no list", begin(node.args[0]), "only lists have this method")
    item = where.type.item or VALUE
    with scope.variable(variable, item):
        body = scope.any(asked) if node.name == "map" else scope.truth(asked)
    found, ask = _MACROS[node.name]
    items = _items(where)
    return Typed(found(item, body.type), lambda frame: ask(items(frame), lambda i: body.run((*frame, i))))


def _items(where: Typed) -> Run:
    run = where.run
    if where.type is VALUE:
        return lambda frame: counted(op.members(run(frame)), frame)
    return lambda frame: counted(run(frame), frame)


def _all(found: op.Members, test: Callable[[Any], Truth]) -> Truth:
    return ~op.any_member(found, lambda item: ~test(item))


# name -> what it is of items of one type asked something of another, and what works it out
_MACROS: dict[str, tuple[Callable[[Type, Type], Type], Callable[[op.Members, Callable[[Any], Any]], Any]]] = {
    "exists": (lambda _, asked: asked, op.any_member),
    "all": (lambda _, asked: asked, _all),
    "exists_one": (lambda _, asked: asked, op.one_member),
    "filter": (lambda item, _: list_of(item), op.filtered),
    "map": (lambda _, asked: list_of(asked), op.mapped),
}
METHODS: dict[str, Make] = {
    "startsWith": _text_method, "endsWith": _text_method, "contains": _text_method, "matches": _matches, "size": size,
    **dict.fromkeys(_MACROS, _macro),
}  # fmt: skip
