"""What of a model's answers goes out, for everybody and for roles: less precision and fewer items make a model hard to copy.

Rounding and top-k: Tramèr et al. 2016, "Stealing Machine Learning Models via Prediction APIs"; Shokri et al. 2017,
"Membership Inference Attacks".
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from garrison.forms.blame import Blame
from garrison.forms.places import Steps
from garrison.gateway.validation.decimals import exactly
from garrison.gateway.validation.lua import fields, named, table, text

Tree = Mapping[str, "Tree | str | bool"]
MAX_DECIMALS = 15
_MOST = 1e15  # numbers that are larger go out as they are


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One policy. What is not said goes out as it is."""

    strip: Annotated[
        tuple[str, ...], Meta(description="Keys removed wherever they stand, or JSON pointers, * for every item.")
    ] = ()
    decimals: (
        Annotated[int, Meta(ge=0, le=MAX_DECIMALS, description="Decimals of numbers that are not whole.")] | None
    ) = None
    bucket: (
        Annotated[
            float, Meta(gt=0, le=_MOST, description="Numbers that are not whole become the nearest multiple of this.")
        ]
        | None
    ) = None
    top: (
        Annotated[int, Meta(ge=1, description="Only the highest so many of each row of numbers or list of scores.")]
        | None
    ) = None
    items: Annotated[int, Meta(ge=1, description="At most so many predictions.")] | None = None


class Response(Policy, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for everybody, and for some roles instead of it."""

    role: dict[str, Policy] = {}


def blames(policy: Policy) -> Iterator[Blame]:
    """What is wrong with one although its form is right: each would do nothing, or fail at each answer."""
    for number, said in enumerate(policy.strip):
        steps: Steps = ("strip", number)
        names = said.removeprefix("/").split("/") if said.startswith("/") else [said]
        if not all(names):
            yield Blame(steps, f"{said!r} strips nothing: a name in it is empty", "write a key, or a pointer as /a/b")
        elif said.startswith("/") and re.search(r"~(?![01])", said):
            yield Blame(steps, f"{said!r} is no JSON pointer (RFC 6901)", "write ~0 for ~ and ~1 for / in a name")
    if policy.bucket is not None and bucket_decimals(policy.bucket) > MAX_DECIMALS:
        yield Blame(("bucket",), f"multiples of {policy.bucket:g} are too fine", f"at most {MAX_DECIMALS} decimals")
    for role, own in policy.role.items() if isinstance(policy, Response) else ():
        yield from (Blame(("role", role, *x.steps), x.message, x.hint) for x in blames(own))


def bucket_decimals(bucket: float) -> int:
    """How many decimals multiples of a bucket have."""
    exponent = exactly(bucket).normalize().as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101  # it is finite
    return max(0, -exponent)


@cache
def forms() -> dict[str, Tree]:
    """Where predictions stand in the answers of protocols."""
    return tomllib.loads(Path(__file__).with_name("forms.toml").read_text("utf-8"))


def declaration(policy: Policy, *, protocol: str, tensors: bool, size_bytes: int, depth: int) -> str:
    """The table that shape.lua writes answers by."""
    return fields(
        size_bytes=str(size_bytes),
        depth=str(depth),
        keys=table(text(key) for key in policy.strip if not key.startswith("/")),
        tree=_lua(_tree(policy.strip)),
        tensors=tensors,
        targets=_lua(forms().get(protocol, "list")),
        decimals=_number(policy.decimals),
        bucket=_number(policy.bucket),
        bucket_decimals=None if policy.bucket is None else str(bucket_decimals(policy.bucket)),
        top=_number(policy.top),
        items=_number(policy.items),
    )


def _number(value: float | None) -> str | None:
    return None if value is None else repr(value)


def _tree(strip: tuple[str, ...]) -> Tree:
    """Pointers as a tree, true where something is removed."""
    root: dict[str, Any] = {}
    for pointer in strip:
        if pointer.startswith("/"):
            *outer, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
            at = root
            for part in outer:
                at = at.setdefault(part, {})
                if at is True:
                    break
            else:
                at[last] = True
    return root


def _lua(tree: Tree | str | bool) -> str:
    if isinstance(tree, str):
        return text(tree)
    if isinstance(tree, bool):
        return "true"
    return named((key, _lua(inner)) for key, inner in tree.items())
