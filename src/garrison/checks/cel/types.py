"""What the parts of an expression are, as far as that is known before anything is scanned, and what works them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from garrison.estate.assets.asset import Asset
from garrison.estate.fields import Field, Holding


class Type(msgspec.Struct, frozen=True):
    """`name` is what a person calls it; a list has the type of its `item`, a thing its `kind`."""

    name: str
    item: Type | None = None
    kind: type[Asset] | None = None

    @property
    def words(self) -> str:
        """Without an article."""
        return f"list of {self.item.words}" if self.item is not None else self.name.removeprefix("a ")

    @property
    def is_scalar(self) -> bool:
        """Whether at run time it is a Value."""
        return self in (NUMBER, TEXT, VALUE)


BOOL = Type("a yes or no")  # a Truth
NUMBER = Type("a number")  # a Value, as the next two
TEXT = Type("a text")
VALUE = Type("a value")  # what it is, only what is scanned tells
NULL = Type("null")


def list_of(item: Type) -> Type:
    """Members."""
    return Type("a list", item)


def thing(kind: type[Asset]) -> Type:
    """An Asset."""
    return Type(f"a {kind.__name__}", None, kind)


def type_of(field: Field) -> Type:
    """What a field of an asset is."""
    if field.part is not None:
        return list_of(thing(field.part))
    return _TYPES[field.holding]


_TYPES = {
    Holding.TRUTH: BOOL,
    Holding.VALUE: VALUE,
    Holding.TEXT: TEXT,
    Holding.VALUES: list_of(VALUE),
}


MAX_STEPS = 100_000  # items looked at, and KB of text, to judge one asset
BUDGET, ASSET, NEAR, VARIABLES = range(4)  # where a frame holds what; the variables of macros come last

Frame = tuple[Any, ...]
Run = Callable[[Frame], Any]


class Typed(msgspec.Struct, frozen=True):
    """A part of an expression: what it is, and what works it out."""

    type: Type
    run: Run


class TooMuchError(Exception):
    """The budget of one asset is used up."""


class Budget:
    """How much may still be looked at."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def take(self, steps: int) -> None:
        """Raises TooMuchError where there is not so much left."""
        self.left -= steps
        if self.left < 0:
            raise TooMuchError
