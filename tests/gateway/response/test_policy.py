"""Policies as the gateway file says them, and what is done to headers."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from garrison.gateway.response.headers import headers
from garrison.gateway.response.policy import Policy, Response, blames, bucket_decimals


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"bucket": 1e-20}, "bucket: multiples of 1e-20 are too fine"),
        ({"bucket": 0.30000000000000004}, "bucket: multiples of 0.3 are too fine"),
        ({"strip": ["name", ""]}, "strip.1: '' strips nothing"),
        ({"strip": ["/"]}, "strip.0: '/' strips nothing"),
        ({"strip": ["/a/"]}, "strip.0: '/a/' strips nothing"),
        ({"strip": ["/a~b"]}, "strip.0: '/a~b' is no JSON pointer"),
        ({"role": {"x": {"strip": ["//a"]}}}, "role.x.strip.0: '//a' strips nothing"),
    ],
)
def test_what_would_do_nothing_or_fail_is_told(said: dict[str, Any], message: str) -> None:
    (found,) = blames(msgspec.convert(said, Response))
    assert f"{'.'.join(map(str, found.steps))}: {found.message}".startswith(message)
    assert found.hint


def test_what_can_be_done_is_not() -> None:
    said = {"bucket": 1e-15, "strip": ["a/b", "~", "/a~0b/*/c~1d"], "role": {"x": {"bucket": 1000}}}
    assert list(blames(msgspec.convert(said, Response))) == []


@pytest.mark.parametrize("bucket", [0.0, -1.0, 1e16, float("inf"), float("nan")])
def test_a_bucket_is_a_number_that_divides(bucket: float) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"bucket": bucket}, Policy)


@pytest.mark.parametrize(("bucket", "decimals"), [(0.05, 2), (0.5, 1), (1.0, 0), (10, 0), (0.125, 3)])
def test_multiples_of_a_bucket_are_written_with_its_decimals(bucket: float, decimals: int) -> None:
    assert bucket_decimals(bucket) == decimals


def test_headers_do_not_tell_what_stands_behind() -> None:
    found = headers()
    names = [*found.remove, *found.set, *found.set_over_tls]
    assert all(re.fullmatch("[a-z0-9-]+", name) for name in names)
    assert len(set(names)) == len(names)
    assert {"server", "x-powered-by"} <= set(found.remove)
    assert found.set["x-content-type-options"] == "nosniff"
