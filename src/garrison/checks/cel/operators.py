"""Operators and functions: what they take, and what works them out."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from garrison.checks.cel import operations as op
from garrison.checks.cel.syntax import Call, ExpressionError, Literal, Node, Select, begin
from garrison.checks.cel.types import BOOL, BUDGET, NULL, NUMBER, TEXT, VALUE, Frame, Type, Typed
from garrison.estate.truth import Truth, all_of, any_of
from garrison.estate.values import Value

if TYPE_CHECKING:
    from garrison.checks.cel.compiling import Scope

Make = Callable[[Call, "Scope"], Typed]

_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def _joined(node: Call, scope: Scope) -> Typed:
    runs = [scope.truth(arg).run for arg in node.args]
    join = all_of if node.name == "&&" else any_of
    return Typed(BOOL, lambda frame: join(run(frame) for run in runs))


def _opposite(node: Call, scope: Scope) -> Typed:
    run = scope.truth(node.args[0]).run
    return Typed(BOOL, lambda frame: ~run(frame))


def _choice(node: Call, scope: Scope) -> Typed:
    asked, yes, no = scope.truth(node.args[0]), scope.any(node.args[1]), scope.any(node.args[2])
    found = common(yes.type, no.type, node.args[2])
    if found.kind is not None or found is NULL:
        raise ExpressionError(f"{found.name} cannot be chosen", node.at, "choose between values, or yes and no")
    return Typed(found, lambda frame: op.choose(asked.run(frame), lambda: yes.run(frame), lambda: no.run(frame)))


def _same(node: Call, scope: Scope) -> Typed:
    a, b = (scope.any(arg) for arg in node.args)
    if NULL in (a.type, b.type):
        asked, said = (a, node.args[0]) if b.type is NULL else (b, node.args[1])
        if asked.type is not VALUE:
            raise ExpressionError(f"{asked.type.name} is never null", begin(said), "leave the comparison out")
        return Typed(BOOL, lambda frame: asked.run(frame).is_absent())
    test = equality(a.type, b.type, node)
    return Typed(BOOL, lambda frame: test(a.run(frame), b.run(frame)))


def _different(node: Call, scope: Scope) -> Typed:
    run = _same(node, scope).run
    return Typed(BOOL, lambda frame: ~run(frame))


def _order(node: Call, scope: Scope) -> Typed:
    a, b = (scope.scalar(arg) for arg in node.args)
    if TEXT in (a.type, b.type):
        hint = "versions and dates would be compared letter by letter"
        raise ExpressionError("texts are not put in an order", node.at, hint)
    test = _ORDERS[node.name]
    return Typed(BOOL, lambda frame: op.ordered(a.run(frame), b.run(frame), test))


def _within(node: Call, scope: Scope) -> Typed:
    item, where = scope.any(node.args[0]), scope.any(node.args[1])
    if where.type.item is not None:
        test = equality(item.type, where.type.item, node)

        def run(frame: Frame) -> Truth:
            said = item.run(frame)
            return op.any_member(counted(where.run(frame), frame), lambda i: test(said, i))

        return Typed(BOOL, run)
    if where.type is not VALUE:
        hint = "write text.contains(part)" if where.type is TEXT else "in asks for an item of a list or a key of a map"
        raise ExpressionError(f"{where.type.name} has nothing in it", begin(node.args[1]), hint)
    item = scope.scalar(node.args[0])

    def run_value(frame: Frame) -> Truth:
        found: Value = where.run(frame)
        frame[BUDGET].take(len(found.items()))
        return op.is_in(item.run(frame), found)

    return Typed(BOOL, run_value)


def _entry(node: Call, scope: Scope) -> Typed:
    owner, key = scope.any(node.args[0]), node.args[1]
    if not (isinstance(key, Literal) and isinstance(key.value, str)):
        raise ExpressionError("only keys that are written out are looked up", begin(key), 'write ["key"]')
    if owner.type is not VALUE:
        raise ExpressionError(f"{owner.type.name} has no keys", node.at, "only values have")
    name = key.value
    return Typed(VALUE, lambda frame: op.select(owner.run(frame), name))


def _given(node: Call, scope: Scope) -> Typed:
    if len(node.args) != 1 or not isinstance(node.args[0], Select):
        raise ExpressionError("has() takes one field", node.at, f"write has({scope.own}.name)")
    field = scope.any(node.args[0])
    if field.type is not VALUE:
        hint = "it may be unknown, but is always there" if field.type is BOOL else "ask size(...) > 0"
        raise ExpressionError(f"has() of {field.type.name} says nothing", begin(node.args[0]), hint)
    return Typed(BOOL, lambda frame: field.run(frame).given())


def size(node: Call, scope: Scope) -> Typed:
    """`size(x)`, `x.size()`."""
    if len(node.args) != 1:
        raise ExpressionError("size() takes one thing", node.at, "write size(x) or x.size()")
    of = scope.any(node.args[0])
    if of.type.item is not None:
        return Typed(NUMBER, lambda frame: op.count(of.run(frame)))
    if of.type not in (TEXT, VALUE):
        raise ExpressionError(f"{of.type.name} has no size", begin(node.args[0]), "lists, texts and maps have")
    return Typed(NUMBER, lambda frame: op.size(of.run(frame)))


def counted(found: op.Members, frame: Frame) -> op.Members:
    """A list, paid for."""
    frame[BUDGET].take(len(found.items) + 1)
    return found


def equality(a: Type, b: Type, node: Call) -> Callable[[Any, Any], Truth]:
    """How two types are compared. Raises ExpressionError for two that never are the same."""
    if a is BOOL and b is BOOL:
        return op.agree
    if a is VALUE and b is BOOL:
        return op.says
    if a is BOOL and b is VALUE:
        return lambda x, y: op.says(y, x)
    if a.is_scalar and b.is_scalar and (a is b or VALUE in (a, b)):
        return op.equal
    if a.item is not None or b.item is not None:
        raise ExpressionError("lists are not compared as a whole", node.at, "use in, exists, all or size")
    if a.kind is not None or b.kind is not None:
        raise ExpressionError("assets are not compared as a whole", node.at, "compare their address or name")
    raise ExpressionError(f"{a.name} is never {b.name}", node.at, "one of the two is misspelt")


def common(a: Type, b: Type, node: Node) -> Type:
    """What two things have in common: items of one list, the two ends of a choice."""
    if a == b:
        return a
    if a.is_scalar and b.is_scalar:
        return VALUE
    raise ExpressionError(f"{a.name} and {b.name} do not go together", begin(node), "let both be of one type")


OPERATORS: dict[str, Make] = {
    "&&": _joined, "||": _joined, "!": _opposite, "?:": _choice, "==": _same, "!=": _different,
    "<": _order, "<=": _order, ">": _order, ">=": _order, "in": _within, "[]": _entry,
}  # fmt: skip
FUNCTIONS: dict[str, Make] = {"has": _given, "size": size}
