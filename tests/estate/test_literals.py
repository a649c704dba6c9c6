"""Credentials are told from what only stands in for them, and are never part of the evidence."""

from __future__ import annotations

import pytest

from garrison.estate.literals import credentials, is_default
from garrison.estate.values import Place, Source, known, unknown

PLACE = Place.at(Source("a.yaml", b"x"), (0, 0), (0, 1))


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "password",
        "secretkey",
        "AWS_SECRET_ACCESS_KEY",
        "hf-token",
        "WANDB_API_KEY",
        "client.secret",
        "token",
    ],
)
def test_written_out(name: str) -> None:
    truth = credentials([(name, known("s3cr3t-value-91"))], PLACE)
    assert truth.yes
    assert "s3cr3t" not in "".join(str(v.content) + v.reason for v in truth.because)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSWORD_FILE", "/run/secrets/db"),
        ("DB_PASSWORD", "/run/secrets/db"),
        ("DB_PASSWORD", "$(FROM_SECRET)"),
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("DB_PASSWORD", "<your password>"),
        ("DB_PASSWORD", "replace-me"),
        ("DB_PASSWORD", ""),
        ("CREATE_TOKEN", "true"),
        ("MAX_TOKENS", "4096"),
        ("PAD_TOKEN", "eos"),
        ("TOKENIZER", "bert-base"),
        ("TOKEN_URL", "https://login.example.com"),
    ],
)
def test_no_credential(name: str, value: str) -> None:
    assert credentials([(name, known(value))], PLACE).no


def test_unknown_is_not_written_out() -> None:
    assert credentials([("PASSWORD", unknown("later"))], PLACE).no


def test_defaults() -> None:
    shipped = frozenset({"minio123"})
    assert is_default([("secretkey", known("minio123"))], "secretkey", shipped, PLACE).yes
    assert is_default([("secretkey", known("another"))], "secretkey", shipped, PLACE).no
    assert is_default([("accesskey", known("minio123"))], "secretkey", shipped, PLACE).no
