"""What evaluating an expression needs to know, and the values that say it went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from garrison.estate.values import Body, Place, Ref, Source, State, Value, unknown

MAX_ITEMS = 100_000  # of one collection
MAX_TEXT = 1_000_000  # characters of one text
MAX_TURNS = 2_000_000  # of all loops of a scan together
LATER = "is known only at deploy time"
TOO_DEEP = "nested too deeply to be evaluated"


class Scope(Protocol):
    """Where names of an expression are looked up: an instance of a module."""

    def name(self, head: str) -> Value:
        """`var.x`, `local.x`, `module.x`, `type.x`, `data.type.x`, `path.x`; unknown for what is not there."""
        ...

    def text_of(self, path: str, /) -> Source | None:
        """A file of the scanned tree, by its path from the root module; None where there is none."""
        ...

    def template_of(self, path: str, place: Place, /) -> Expr | None:
        """The same as a template."""
        ...

    def spend(self, turns: int) -> bool:
        """Whether loops may turn that many times more."""
        ...


class Env:
    """A scope, and the names that only hold here: `each`, `count`, the variables of a loop."""

    __slots__ = ("names", "scope")

    def __init__(self, scope: Scope, names: Mapping[str, Value]) -> None:
        self.scope, self.names = scope, names

    def having(self, names: Mapping[str, Value]) -> Env:
        """The same with more names."""
        return Env(self.scope, {**self.names, **names})


Expr = Callable[[Env], Value]


class Failed(Value, frozen=True, eq=False):
    """An unknown because evaluating is an error in Terraform too: what `try` passes over and `can` denies."""


class Instances(Value, frozen=True, eq=False):
    """All instances of a block with `count` or `for_each`; `one` stands for any of them."""

    one: Value | None = None


class Encoded(Value, frozen=True, eq=False):
    """What `jsonencode` and `yamlencode` make: to Terraform a text, to us the structure that is in it."""


def failed(reason: str, place: Place | None = None) -> Value:
    """A value that Terraform would refuse to compute."""
    return Failed(State.UNKNOWN, None, place, reason)


def undecided(cause: Value, place: Place | None = None) -> Value:
    """Unknown because something it is made from is; what that names is not what this names."""
    if type(cause) is Failed:
        return Failed(State.UNKNOWN, None, place or cause.place, cause.reason)
    return unknown(cause.reason or "it is decided later", place or cause.place, None, cause.decided_by)


def first_undecided(values: Iterable[Value]) -> Value | None:
    """What keeps a result from being known: a failure before anything else."""
    found = None
    for value in values:
        if value.state is State.UNKNOWN:
            if type(value) is Failed:
                return value
            found = value if found is None else found
    return found


def placed(value: Value, place: Place) -> Value:
    """The same, said where it is used."""
    kind = type(value)
    if kind is Value:
        return Value(value.state, value.content, place, value.reason, value.ref, value.decided_by, value.rest)
    if kind is Failed:
        return Failed(State.UNKNOWN, None, place, value.reason)
    return value


def extended(value: Value, name: str) -> Value:
    """An attribute of something that is itself only referred to."""
    ref = value.ref
    if ref is None:
        return value if value.content is None else undecided(value)
    attribute = f"{ref.attribute}.{name}" if ref.attribute else name
    said = f"{ref.address.partition(':')[2]}.{attribute}"
    reason = f"{said} {LATER}" if value.reason.endswith(LATER) or not value.reason else value.reason
    return Value(State.UNKNOWN, None, value.place, reason, Ref(ref.address, attribute), value.decided_by or said)


def later(address: str, attribute: str, place: Place | None) -> Value:
    """An attribute that nobody has written: the provider decides it."""
    said = f"{address.partition(':')[2]}.{attribute}"
    return Value(State.UNKNOWN, None, place, f"{said} {LATER}", Ref(address, attribute), said)


class Undecided(Exception):  # noqa: N818 - no error: it carries the value that keeps a result unknown
    """Raised while turning values to plain data; `value` is what is not known."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


def guarded(run: Callable[[str], Value], place: Place | None) -> Callable[[str], Value]:
    """Too deep is unknown: bodies are evaluated long after they were made, where nobody else would catch it."""

    def make(name: str) -> Value:
        try:
            return run(name)
        except RecursionError:
            return unknown(TOO_DEEP, place)

    return make


def mapping(items: Mapping[str, Value], place: Place | None) -> Body:
    """A body of values that exist already."""
    return Body.of(dict(items), place)
