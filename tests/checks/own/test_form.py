"""The schema says of a file what Garrison says of it, as far as a schema can."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from garrison.checks.own.form import Form, schema
from garrison.estate.assets import kinds

from .conftest import YAML


@pytest.fixture(scope="module")
def validator() -> Any:
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def test_a_right_check_is_valid(validator: Any) -> None:
    validator.validate(yaml.safe_load(YAML))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("severity: low", "severity: bad"),
        ("severity: low", "severty: low"),
        ("severity: low\n", ""),
        ("kind: Bucket", "kind: Buckt"),
        ("acme-bucket-team", "Team"),
        ("[ACME:SEC-7]", "[SEC-7]"),
        ("fail.tf: |", "fail.tff: |"),
        ("title: Bucket has no team", 'title: ""'),
    ],
)
def test_a_wrong_check_is_not(validator: Any, old: str, new: str) -> None:
    assert old in YAML
    assert not validator.is_valid(yaml.safe_load(YAML.replace(old, new, 1)))


def test_it_helps_to_write() -> None:
    made = schema()
    assert made["properties"]["kind"]["enum"] == sorted(kinds())
    assert set(made["properties"]) == set(Form.__struct_fields__)
    assert all("description" in p for p in made["properties"].values())
