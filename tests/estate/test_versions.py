"""Versions lie on one side of a bound, or it is not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.versions import parse

NUMBERS = st.lists(st.integers(0, 3000), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("text", "exact", "bound", "below"),
    [
        ("2.9.1", True, "2.9.2", True),
        ("2.9.2", True, "2.9.2", False),
        ("2.10", True, "2.9.2", False),
        ("v0.11.0-gpu", True, "0.11.1", True),
        ("2.9", True, "2.9.0", False),
        ("2.9", True, "2.9.2", True),
        ("2.9", False, "2.9.2", None),
        ("2.9", False, "2.9.0", False),
        ("2.9", False, "3", True),
        ("7", False, "7.2.11", None),
        ("7", False, "6.2.20", False),
        ("3.0.0rc1", True, "3.0.0", True),
        ("3.0.0rc1", True, "3.0.0rc2", True),
        ("0.4.1.post7", True, "0.4.1", False),
        ("0.4.1", True, "0.4.1.post7", True),
        ("25.06", False, "25.07", True),
    ],
)
def test_below(text: str, exact: bool, bound: str, below: bool | None) -> None:
    assert parse(text, exact=exact).below(bound) is below


@pytest.mark.parametrize(
    ("text", "ranges", "inside"),
    [
        ("0.7.0", ">=0.6.5 <0.8.5", True),
        ("0.6.4", ">=0.6.5 <0.8.5", False),
        ("0.8.5", ">=0.6.5 <0.8.5", False),
        ("0.8.5", "<=0.8.5", True),
        ("0.8.6", "<=0.8.5", False),
        ("1.65.1", ">1.65.0 <1.121.0", True),
        ("1.65.0", ">1.65.0 <1.121.0", False),
        ("1", "", True),
    ],
)
def test_within(text: str, ranges: str, inside: bool) -> None:
    assert parse(text).within(ranges) is inside


def test_a_range_that_may_hold() -> None:
    assert parse("0.8", exact=False).within(">=0.6.5 <0.8.5") is None
    assert parse("0.9", exact=False).within(">=0.6.5 <0.8.5") is False


@pytest.mark.parametrize("text", ["latest", "", "nightly-3", "main"])
def test_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        parse(text)


@given(NUMBERS, NUMBERS)
def test_order_is_that_of_the_numbers(a: list[int], b: list[int]) -> None:
    one, other = ".".join(map(str, a)), ".".join(map(str, b))
    padded_a, padded_b = a + [0] * (4 - len(a)), b + [0] * (4 - len(b))
    assert parse(one).below(other) is (padded_a < padded_b)
    assert parse(one).above(other) is (padded_a > padded_b)
    if parse(one, exact=False).below(other) is not None:
        assert parse(one, exact=False).below(other) is (padded_a < padded_b)
