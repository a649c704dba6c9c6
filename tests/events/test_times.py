"""Moments, as far as a calendar reaches."""

from __future__ import annotations

import datetime as dt

import pytest

from garrison.events.times import at


@pytest.mark.parametrize(
    ("time_us", "year"), [(0, 1970), (1_795_514_400_000_000, 2026), (2**63 - 1, 9999), (-(2**63), 1)]
)
def test_any_number_is_a_moment(time_us: int, year: int) -> None:
    assert at(time_us).year == year
    assert at(time_us).tzinfo is dt.UTC
