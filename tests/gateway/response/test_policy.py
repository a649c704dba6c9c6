"""Policies as the gateway file says them, and what is done to headers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from garrison.errors import ConfigError
from garrison.gateway.response.headers import headers
from garrison.gateway.response.policy import bucket_decimals, read_response


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"decimal": 2}, "response: Object contains unknown field `decimal`"),
        ({"decimals": -1}, "response.decimals: Expected `int` >= 0"),
        ({"bucket": 0}, "response.bucket: Expected `float` > 0"),
        ({"bucket": 1e-20}, "response.bucket: too fine"),
        ({"top": 0}, "response.top: Expected `int` >= 1"),
        ({"items": "3"}, "response.items: Expected `int"),
        ({"strip": [""]}, "response.strip: an empty name strips nothing"),
        ({"role": {"x": {"tops": 1}}}, "response.role[...]: Object contains unknown field `tops`"),
        ({"role": {"x": {"role": {}}}}, "unknown field `role`"),
    ],
)
def test_what_is_not_understood_is_told(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_response(said, path="gateway.toml", line=7)
    assert caught.value.where == "gateway.toml:7"
    assert message in str(caught.value)
    assert "strip, decimals, bucket, top" in caught.value.hint or caught.value.hint


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
