"""What tests of several parts hold their results against."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

_NAME = "shared/data/ocsf/schema-1.9.0-dev.json.xz"
# The compiled schema marks these as of a profile, where the classes' own sources say `"profile": null`.
_OF_THE_CLASS = {
    2003: {"confidence", "confidence_id"},
    2004: {"confidence", "confidence_id"},
    6003: {"actor", "api"},
    6005: {"actor"},
    1001: {"actor", "device"},
    1007: {"actor", "device"},
}
# The compiled schema has only what these inherit from an entity; the source of the endpoint names more.
_ENDPOINT = ["ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid", "interface_name", "domain"]
_TYPES: dict[str, type] = {
    "integer_t": int,
    "long_t": int,
    "port_t": int,
    "timestamp_t": int,
    "boolean_t": bool,
    "json_t": object,
}


@pytest.fixture(scope="session")
def ocsf_faults() -> Callable[[dict[str, Any]], list[str]]:
    """What an event says against the schema of OCSF: its attributes, types, enumerations, profiles and constraints."""
    path = next((p / _NAME for p in Path(__file__).parents if (p / _NAME).is_file()), None)
    if path is None:
        pytest.skip("the schema of OCSF is not beside the project")
    schema = json.loads(lzma.decompress(path.read_bytes()))
    schema["objects"]["network_endpoint"]["constraints"] = {"at_least_one": _ENDPOINT}
    classes = {form["uid"]: form for form in schema["classes"].values()}

    def told(event: dict[str, Any]) -> list[str]:
        profiles = event["metadata"].get("profiles", [])
        form = classes[event["class_uid"]]
        own = _OF_THE_CLASS.get(event["class_uid"], set())
        attributes = {
            name: {**rule, "profile": None} if name in own else rule for name, rule in form["attributes"].items()
        }
        return list(_faults(event, {**form, "attributes": attributes}, schema, profiles))

    return told


def _faults(said: dict[str, Any], form: dict[str, Any], schema: dict[str, Any], profiles: list[str], at: str = "") -> Iterator[str]:  # fmt: skip
    attributes = form["attributes"]
    for name, rule in attributes.items():
        applies = rule["profile"] in (None, *profiles)
        if rule["requirement"] == "required" and applies and name not in said:
            yield f"{at}{name} is missing"
        if name in said and not applies:
            yield f"{at}{name} is of the profile {rule['profile']}"
    for name, value in said.items():
        rule = attributes.get(name)
        if rule is None:
            yield f"{at}{name} is not in the schema"
            continue
        if rule["@deprecated"]:
            yield f"{at}{name} is deprecated"
        if rule["is_array"] != isinstance(value, list):
            yield f"{at}{name} is {'no' if rule['is_array'] else 'a'} list"
            continue
        for item in value if rule["is_array"] else [value]:
            yield from _faults_of_value(item, rule, schema, profiles, f"{at}{name}")
    wanted = (form.get("constraints") or {}).get("at_least_one", [])
    if wanted and not any(name in said for name in wanted):
        yield f"{at.rstrip('.')} has none of {wanted}"


def _faults_of_value(value: Any, rule: dict[str, Any], schema: dict[str, Any], profiles: list[str], at: str) -> Iterator[str]:  # fmt: skip
    form = schema["objects"].get(rule["type"]) if rule["type"] != "object" else None
    if form is not None and isinstance(value, dict):
        yield from _faults(value, form, schema, profiles, f"{at}.")
        return
    wanted = _TYPES.get(rule["type"], dict if rule["type"] == "object" else str)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        yield f"{at} is {value!r}, not a {rule['type']}"
    elif rule["enum"] and str(value) not in rule["enum"]:
        yield f"{at} is {value}, not one of {list(rule['enum'])}"
