"""From a tree to something that can be run: names and types are held against the kind of asset first.

What cannot be right for any asset is an error here, with its place; what only an asset can tell is unknown later.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from garrison.checks.cel import operations as op
from garrison.checks.cel.methods import METHODS
from garrison.checks.cel.near import near_path
from garrison.checks.cel.operators import FUNCTIONS, OPERATORS, common
from garrison.checks.cel.syntax import RESERVED, Call, ExpressionError, Items, Literal, Name, Node, Select, begin, parse
from garrison.checks.cel.types import (
    ASSET,
    BOOL,
    MAX_STEPS,
    NEAR,
    NULL,
    NUMBER,
    TEXT,
    VALUE,
    VARIABLES,
    Budget,
    TooMuchError,
    Type,
    Typed,
    list_of,
    thing,
    type_of,
)
from garrison.errors import nearest
from garrison.estate.assets.asset import Asset
from garrison.estate.estate import Relations
from garrison.estate.fields import fields_of
from garrison.estate.truth import YES, Truth
from garrison.estate.values import State, Value, absent, unknown
from garrison.sources.mapping.coverage import natives


class Program(msgspec.Struct, frozen=True):
    """An expression that can be asked of every asset of a kind; `native` names the provider's own fields it asks for."""

    run: Callable[[Asset, Relations], Truth]
    native: tuple[str, ...]


def compile_expression(text: str, kind: type[Asset]) -> Program:
    """Read an expression that is yes or no of an asset of a kind. Raises ExpressionError for one that is not."""
    scope = Scope(kind)
    answer = scope.truth(parse(text)).run

    def run(asset: Asset, near: Relations) -> Truth:
        try:
            truth: Truth = answer((Budget(), asset, near))
        except TooMuchError:
            why = f"its lists are too long: a check looks at {MAX_STEPS:,} items at most"
            return Truth(None, (unknown(why, asset.place),))
        return truth

    return Program(run, tuple(sorted(scope.native)))


def variable_of(kind: type[Asset]) -> str:
    """What an asset of a kind is called in expressions, beside `asset`: `load_balancer`, where CEL leaves the word free."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    return "asset" if name in RESERVED else name


class Scope:
    """What can be named, and what becomes of each part of the tree that names it."""

    def __init__(self, kind: type[Asset]) -> None:
        self.kind, self.own = kind, variable_of(kind)
        self.native: set[str] = set()
        asset = Typed(thing(kind), operator.itemgetter(ASSET))
        self.names = {"asset": asset, self.own: asset}
        self.slots = VARIABLES

    def any(self, node: Node) -> Typed:
        """A part of any type."""
        match node:
            case Literal():
                return _literal(node)
            case Name():
                return self._name(node)
            case Select():
                return self._select(node)
            case Items():
                return self._items(node)
            case Call():
                return self._call(node)

    def truth(self, node: Node) -> Typed:
        """A part that must be yes or no."""
        found = self.any(node)
        if found.type is not BOOL:
            hint = "compare it (== ...), or ask has(...)" if found.type is VALUE else "compare it"
            raise ExpressionError(f"{found.type.name} is no yes or no", begin(node), hint)
        return found

    def scalar(self, node: Node) -> Typed:
        """A part that is a single value: a number, a text, or what only the asset tells."""
        found = self.any(node)
        if not found.type.is_scalar:
            raise ExpressionError(f"{found.type.name} cannot stand here", begin(node), "a single value can")
        return found

    @contextmanager
    def variable(self, name: Name, of: Type) -> Iterator[None]:
        """A name for the items of a list, while what is asked of them is read."""
        if name.name in self.names or name.name == "near":
            raise ExpressionError(f"{name.name} is something already", name.at, "use another name")
        self.names[name.name] = Typed(of, operator.itemgetter(self.slots))
        self.slots += 1
        yield
        self.slots -= 1
        del self.names[name.name]

    def _name(self, node: Name) -> Typed:
        if node.name in self.names:
            return self.names[node.name]
        if node.name == "near":
            raise ExpressionError("near is not a thing of its own", node.at, "write near.to, near.by or near.facts")
        hint = nearest(node.name, [*self.names, "near"], f"what is judged is called {self.own}")
        if node.name in fields_of(self.kind):
            hint = f"write {self.own}.{node.name}"
        raise ExpressionError(f"nothing is called {node.name}", node.at, hint)

    def _select(self, node: Select) -> Typed:
        root, *steps = _steps(node)
        if isinstance(root, Name) and root.name == "near":
            found, ask = near_path([s for s in steps if isinstance(s, Select)])
            return Typed(found, lambda frame: ask(frame[ASSET], frame[NEAR]))
        if isinstance(node.of, Select) and node.of.name == "native":
            owner = self.any(node.of.of)
            if owner.type.kind is not None:
                return self._native(node, owner, owner.type.kind)
        owner = self.any(node.of)
        if owner.type.kind is not None:
            return _field(node, owner, owner.type.kind)
        if owner.type is VALUE:
            return Typed(VALUE, lambda frame: op.select(owner.run(frame), node.name))
        hint = "write .exists(x, x...) or .all(x, x...)" if owner.type.item is not None else ""
        raise ExpressionError(f"{owner.type.name} has no field {node.name}", node.at, hint)

    def _native(self, node: Select, owner: Typed, kind: type[Asset]) -> Typed:
        """`bucket.native.shared_key`: an attribute of one provider."""
        declared, name = natives(kind), node.name
        if name not in declared:
            none = f"garrison kinds {kind.__name__} lists them" if declared else "no provider declares one"
            hint = nearest(name, declared, none)
            raise ExpressionError(f"{kind.__name__} has no field native.{name}", node.at, hint)
        if kind is self.kind:
            self.native.add(name)
        return Typed(VALUE, lambda frame: owner.run(frame).native(name))

    def _items(self, node: Items) -> Typed:
        parts = [self.any(item) for item in node.items]
        found = parts[0].type if parts else VALUE
        for item, part in zip(node.items, parts, strict=True):
            found = common(found, part.type, item)
        return Typed(list_of(found), lambda frame: op.Members(tuple((p.run(frame), YES) for p in parts)))

    def _call(self, node: Call) -> Typed:
        what, known = ("method", METHODS) if node.method else ("function", FUNCTIONS)
        make = OPERATORS.get(node.name) or known.get(node.name)
        if make is None:
            hint = nearest(node.name, known, f"there are {', '.join(sorted(known))}")
            raise ExpressionError(f"there is no {what} {node.name}", node.at, hint)
        return make(node, self)


def _field(node: Select, owner: Typed, kind: type[Asset]) -> Typed:
    field = fields_of(kind).get(node.name)
    if field is None:
        hint = nearest(node.name, [*fields_of(kind), "native"], f"garrison kinds {kind.__name__} lists its fields")
        raise ExpressionError(f"{kind.__name__} has no field {node.name}", node.at, hint)
    run, get, found = owner.run, operator.attrgetter(field.name), type_of(field)
    if found is TEXT:
        return Typed(TEXT, lambda frame: op.literal(get(run(frame))))
    if found.item is not None:
        return Typed(found, lambda frame: _listed(run(frame), field.name))
    return Typed(found, lambda frame: get(run(frame)))


def _listed(asset: Asset, name: str) -> op.Members:
    """What an asset is known to have, and what may stand for more: some words of a command line are not known."""
    found: list[Asset | Value] = [*getattr(asset, name)]
    open_ = [v for v in found if isinstance(v, Value) and v.state is State.UNKNOWN]
    if name in asset.more_:
        open_.append(asset.more_[name])
    return op.Members(tuple((item, YES) for item in found if item not in open_), tuple(open_))


def _literal(node: Literal) -> Typed:
    value = node.value
    if value is None:
        nothing = absent()
        return Typed(NULL, lambda _: nothing)
    if isinstance(value, bool):
        truth = Truth(value)
        return Typed(BOOL, lambda _: truth)
    made = op.literal(value)
    return Typed(TEXT if isinstance(value, str) else NUMBER, lambda _: made)


def _steps(node: Node) -> list[Node]:
    """A chain of selections, from its beginning."""
    found = [node]
    while isinstance(node, Select):
        node = node.of
        found.append(node)
    return found[::-1]
