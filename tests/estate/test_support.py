"""The versions that providers have given up are told from those they keep."""

from __future__ import annotations

import datetime as dt

import pytest

from garrison.estate.support import ended, ends
from garrison.estate.values import absent, known, unknown


@pytest.mark.parametrize(
    ("product", "version"),
    [("glue", "0.9"), ("glue", "2.0"), ("emr", "emr-5.29.0"), ("emr", "emr-6.1.0"), ("emr", "emr-7.5.0"),
     ("lambda", "python3.8"), ("lambda", "nodejs"), ("lambda", "provided")],
)  # fmt: skip
def test_given_up(product: str, version: str) -> None:
    assert ended(product, known(version)).yes


@pytest.mark.parametrize(
    ("product", "version"),
    [("glue", "5.0"), ("emr", "emr-7.12.0"), ("emr", "emr-5.36.2"), ("lambda", "python3.13"),
     ("lambda", "nodejs24.x"), ("lambda", "provided.al2023")],
)  # fmt: skip
def test_kept(product: str, version: str) -> None:
    assert ended(product, known(version)).no


def test_what_is_not_said_is_the_provider_s_newest() -> None:
    assert ended("glue", absent()).no
    assert ended("glue", unknown("var.version")).unknown


def test_every_end_is_a_day_that_has_passed() -> None:
    assert all(type(day) is dt.date and day.year <= 2026 for found in ends().values() for day in found.values())
