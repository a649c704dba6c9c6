"""The age of an Envoy, and what is said of one that is old."""

from __future__ import annotations

import datetime as dt

import pytest

from garrison.gateway.run.program import find_envoy, version_of
from garrison.gateway.run.releases import described, releases, warnings

SOON, LATE = dt.date(2026, 11, 25), dt.date(2027, 10, 14)


def test_a_version_is_told_with_its_age() -> None:
    assert described("1.40.0", SOON) == "Envoy 1.40.0 of 2026-10-13, 43 days old"
    assert described("1.99.0", SOON) == "Envoy 1.99.0 (its date is not known here)"


@pytest.mark.parametrize(
    ("version", "today", "told"),
    [
        ("1.40.2", SOON, ""),
        ("1.99.0", LATE, ""),
        ("1.40.0", SOON, "Envoy 1.40.2 of 2026-10-27 has fixes that 1.40.0 lacks: GARRISON_ENVOY can name its binary"),
        ("1.40.2", LATE, "Envoy 1.40.2 gets no fixes any more: those of its kind came for a year from 2026-10-13"),
        ("1.22.1", SOON, "Envoy 1.22.1 is older than any that this gateway is held against"),
    ],
)
def test_what_speaks_against_a_version(version: str, today: dt.date, told: str) -> None:
    assert warnings(version, today) == ([told] if told else [])


def test_the_one_that_is_installed_is_known() -> None:
    assert tuple(map(int, version_of(find_envoy()).split("."))) in releases()
