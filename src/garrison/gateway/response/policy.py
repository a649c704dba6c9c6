"""What of a model's answers goes out, for everybody and for roles: less precision and fewer items make a model hard to copy.

Rounding and top-k: Tramèr et al. 2016, "Stealing Machine Learning Models via Prediction APIs"; Shokri et al. 2017,
"Membership Inference Attacks".
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from garrison.errors import ConfigError
from garrison.gateway.validation.decimals import exactly
from garrison.gateway.validation.lua import fields, named, table, text

Tree = Mapping[str, "Tree | str | bool"]
MAX_DECIMALS = 15


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One policy. What is not said goes out as it is."""

    strip: Annotated[
        tuple[str, ...], Meta(description="Keys removed wherever they stand, or JSON pointers, * for every item.")
    ] = ()
    decimals: (
        Annotated[int, Meta(ge=0, le=MAX_DECIMALS, description="Decimals of numbers that are not whole.")] | None
    ) = None
    bucket: (
        Annotated[float, Meta(gt=0, description="Numbers that are not whole become the nearest multiple of this.")]
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


def read_response(said: Mapping[str, Any], *, path: str = "", line: int = 0, key: str = "response") -> Response:
    """A policy from a gateway file. Raises ConfigError."""
    try:
        found = msgspec.convert(said, Response)
    except msgspec.ValidationError as error:
        message, _, at = str(error).partition(" - at `$")
        hint = "strip, decimals, bucket, top and items are known, and role.NAME with the same"
        raise ConfigError(f"{key}{at.rstrip('`')}: {message}", path=path, line=line, hint=hint) from error
    for policy in (found, *found.role.values()):
        for pointer in policy.strip:
            if not pointer or pointer == "/":
                raise ConfigError(
                    f"{key}.strip: an empty name strips nothing", path=path, line=line, hint="write a key or /a/b"
                )
        if policy.bucket is not None and bucket_decimals(policy.bucket) > MAX_DECIMALS:
            raise ConfigError(f"{key}.bucket: too fine", path=path, line=line, hint=f"at most {MAX_DECIMALS} decimals")
    return found


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
