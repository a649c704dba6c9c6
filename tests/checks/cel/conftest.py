"""A bucket of which everything can be said, and not be said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from garrison.checks.cel.compiling import compile_expression
from garrison.estate.assets.storage import Bucket
from garrison.estate.estate import Estate
from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Source, Value, absent, known, unknown

SOURCE = Source("main.tf", b'resource "aws_s3_bucket" "b" {}\n')
PLACE = Place.at(SOURCE, (0, 0), (0, 10))

Content = str | int | bool | list["Content"] | dict[str, "Content"] | None


def value(said: Content | Value) -> Value:
    """A known value at a place; None is absent."""
    if isinstance(said, Value):
        return said
    if said is None:
        return absent(PLACE)
    if isinstance(said, list):
        return known(tuple(value(item) for item in said), PLACE)
    if isinstance(said, dict):
        return known(Body.of({k: value(v) for k, v in said.items()}, PLACE), PLACE)
    return known(said, PLACE)


def truth(said: bool | None) -> Truth:
    return Truth(said, (known(said, PLACE) if said is not None else unknown("var.x has no default", PLACE),))


def bucket(**fields: Content | Value | Truth) -> Bucket:
    """Texts and the like become values; truths are given as they are."""
    said = {n: f if isinstance(f, Truth) else value(f) for n, f in fields.items()}
    return Bucket(
        address="r:aws_s3_bucket.b", name=value("b"), provider="aws", format="terraform", type="aws_s3_bucket",
        root="r", place=PLACE, exists=YES, **said,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def judge() -> Callable[..., Truth]:
    """What an expression says of a bucket with these fields."""

    def run(expression: str, **fields: Content | Value | Truth) -> Truth:
        asset = bucket(**fields)
        return compile_expression(expression, Bucket).run(asset, Estate([asset]).near(asset))

    return run
