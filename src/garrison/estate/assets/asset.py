"""What all assets have in common."""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

import msgspec

from garrison.estate.facts import Content
from garrison.estate.relations import By, To
from garrison.estate.truth import NO, Truth
from garrison.estate.values import Place, State, Value, absent

UNMAPPED = Value(State.UNKNOWN, None, None, "Garrison does not read this from here")
_NOTHING: Mapping[str, Value] = MappingProxyType({})
UNMAPPED_TRUTH = Truth(None, (UNMAPPED,))


class Asset(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """One thing of the estate.

    A field that is a yes or no is a Truth, any other a Value; what several fields decide is a cached property. A field
    that names another asset is annotated with the relation it states. Fields that the table of a provider does not
    mention are unknown; defaults are the provider's and stand in its table.
    """

    stores: typing.ClassVar[bool] = False  # whether data lies in it
    keeps: typing.ClassVar[tuple[Content, ...]] = ()  # what lies in it by its nature

    address: str  # where it is declared: known, unique in a scan, stable against moved lines
    name: Value  # for people, and what joins it to a live account; may be unknown
    provider: str  # aws, gcp, azure, kubernetes, ...
    format: str  # the source's name
    type: str  # as the format calls it: aws_s3_bucket
    root: str  # what it is deployed with
    place: Place
    exists: Truth
    condition: str = ""
    tags: Value = absent()
    native_: dict[str, Value] = {}
    more_: Mapping[str, Value] = _NOTHING  # lists of parts that may have more, and the unknown that says why

    def native(self, name: str) -> Value:
        """A provider's own attribute, declared in its table as `native_<name>`; absent for other providers."""
        return self.native_.get(name, absent(self.place))

    @cached_property
    def label(self) -> str:
        """What a person calls it: its name, or its address without the root."""
        return self.name.text() or self.address.partition(":")[2]

    @property
    def public(self) -> Truth:
        """Whether anyone on the internet reaches it directly: no, unless the kind says otherwise."""
        return NO

    def is_part_of(self, owner: Asset) -> bool:
        """Whether it is a piece of its owner, not merely inside it: a container of a pod, a pod of a Ray cluster."""
        return self.address.startswith((f"{owner.address}/", f"{owner.address}#"))

    @property
    def parts(self) -> tuple[Asset, ...]:
        """The assets it consists of: the containers of a workload."""
        found: list[Asset] = []
        for name in shape(type(self)).parts:
            found += getattr(self, name)
        return tuple(found)


@cache
def lineage(kind: type[Asset]) -> tuple[type[Asset], ...]:
    """A kind, and the wider kinds it is one of: a Container is something Started."""
    return tuple(k for k in kind.__mro__ if issubclass(k, Asset) and k is not Asset)


class Shape(msgspec.Struct, frozen=True):
    """What the fields of a kind are, read once from its annotations."""

    truths: frozenset[str]
    values: frozenset[str]
    parts: dict[str, type[Asset]]
    relations: dict[str, tuple[To | By, ...]]


@cache
def shape(kind: type[Asset]) -> Shape:
    """The shape of a kind. Raises TypeError for a field that is no Truth, Value or tuple of assets."""
    truths, values = set(), set()
    parts: dict[str, type[Asset]] = {}
    relations: dict[str, tuple[To | By, ...]] = {}
    for name, said in _hints(kind):
        hint = said
        if typing.get_origin(said) is typing.Annotated:
            relations[name] = tuple(m for m in said.__metadata__ if isinstance(m, To | By))
            hint = said.__origin__
        if hint is Truth:
            truths.add(name)
        elif hint is Value:
            values.add(name)
        elif typing.get_origin(hint) is tuple and issubclass(part := typing.get_args(hint)[0], Asset):
            parts[name] = part
        else:
            raise TypeError(f"{kind.__name__}.{name} is a {hint}: use Truth, Value or tuple[<Asset>, ...]")
    return Shape(frozenset(truths), frozenset(values), parts, relations)


def _hints(kind: type[Asset]) -> Iterator[tuple[str, Any]]:
    """The fields a kind adds to an asset, with their types; ten times as fast as `typing.get_type_hints`."""
    common: dict[str, Any] = {"Truth": Truth, "Value": Value}
    for owner in reversed(kind.__mro__):
        if not issubclass(owner, Asset) or owner is Asset:
            continue
        names = vars(sys.modules[owner.__module__])
        for name, text in owner.__annotations__.items():
            if name in owner.__struct_fields__:
                hint = common.get(text)
                yield name, eval(text, names) if hint is None else hint  # noqa: S307 - this program's own annotations
