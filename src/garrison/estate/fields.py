"""What a kind of asset tells: its fields, and the properties that follow from them, with what they mean.

The meaning is the comment or the docstring that stands in the source, so that the two cannot differ.
"""

from __future__ import annotations

import enum
import re
import sys
import typing
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

import msgspec

from garrison.estate.assets.asset import Asset, shape
from garrison.estate.relations import By, To

_COMMON = ("address", "name", "label", "provider", "format", "type", "tags")  # what a check can ask of every asset
_FIELD = re.compile(r"    (\w+): [^#\n]*?(?:  # (.*))?")


class Holding(enum.StrEnum):
    """What a field holds."""

    TRUTH = "yes or no"
    VALUE = "value"
    TEXT = "text"  # always known
    VALUES = "list of values"
    PARTS = "list of"  # assets: those it consists of


class Field(msgspec.Struct, frozen=True):
    """One thing that can be asked of an asset."""

    name: str
    holding: Holding
    meaning: str
    part: type[Asset] | None = None  # the kind of its parts
    relations: tuple[To | By, ...] = ()  # those that a field which names other assets states

    @property
    def words(self) -> str:
        """What it holds, in words."""
        return f"{self.holding} {self.part.__name__}" if self.part is not None else self.holding.value


@cache
def fields_of(kind: type[Asset]) -> dict[str, Field]:
    """Every field by its name: what is common to all assets, its own, what follows from them."""
    return {f.name: f for f in _fields(kind)}


def summary(kind: type[Asset]) -> str:
    """What the kind is, in one line."""
    return (kind.__doc__ or "").partition("\n")[0]


def _fields(kind: type[Asset]) -> Iterator[Field]:
    form, meanings = shape(kind), _meanings(kind)
    for name in _COMMON:
        holding = Holding.VALUE if name in ("name", "tags") else Holding.TEXT
        yield Field(name, holding, meanings.get(name, ""))
    for name in kind.__struct_fields__:
        relations = form.relations.get(name, ())
        if name in form.truths or name in form.values:
            holding = Holding.TRUTH if name in form.truths else Holding.VALUE
            yield Field(name, holding, meanings[name], None, relations)
        elif name in form.parts:
            yield Field(name, Holding.PARTS, meanings[name], form.parts[name])
    for name in dict.fromkeys(n for owner in kind.__mro__ for n in vars(owner) if not n.startswith("_")):
        returned = _HOLDINGS.get(_returned(kind, name))
        if returned is not None and name not in _COMMON:
            yield Field(name, returned, meanings.get(name, ""))


_HOLDINGS = {"Truth": Holding.TRUTH, "Value": Holding.VALUE, "tuple[Value, ...]": Holding.VALUES}


def _returned(kind: type[Asset], name: str) -> str:
    """The annotation of what a property returns; "" for what is none."""
    made = getattr(kind, name, None)
    function = made.func if isinstance(made, cached_property) else made.fget if isinstance(made, property) else None
    return "" if function is None else str(function.__annotations__.get("return", ""))


def _meanings(kind: type[Asset]) -> dict[str, str]:
    """The comment behind each field, the first line of each property's docstring; the nearest that says one counts."""
    found: dict[str, str] = {}
    for owner in reversed([o for o in kind.__mro__ if issubclass(o, Asset)]):
        found |= dict(_comments(owner))
        for name, made in vars(owner).items():
            doc = (made.__doc__ or "").partition("\n")[0] if isinstance(made, property | cached_property) else ""
            if doc or name not in found:
                found[name] = f"{doc[:1].lower()}{doc[1:].rstrip('.')}"
    return found


def _comments(kind: type[Asset]) -> Iterator[tuple[str, str]]:
    inside = False
    for line in _lines(kind.__module__):
        if line.startswith("class "):
            inside = line.startswith(f"class {kind.__name__}(")
        elif inside and (match := _FIELD.fullmatch(line)):
            yield match[1], match[2] or ""


@cache
def _lines(module: str) -> tuple[str, ...]:
    return tuple(Path(typing.cast(str, sys.modules[module].__file__)).read_text("utf8").splitlines())
