"""Values that a schema lists: their types, their one form, and how they are told."""

from __future__ import annotations

import json
from typing import Any

from garrison.gateway.validation.decimals import decimals, is_number

_MAX_TOLD = 200  # characters; what one reads at a glance


def kinds(value: object) -> tuple[str, ...]:
    """The types of JSON Schema that a value has."""
    if is_number(value):
        return ("number", "integer") if value == int(value) else ("number",)
    names = {str: "string", dict: "object", list: "array", bool: "boolean"}
    return (names.get(type(value), "null"),)


def common(lists: list[list[Any]]) -> list[Any]:
    """The values that stand in every list."""
    forms = [{canonical(value) for value in values} for values in lists[1:]]
    return [value for value in lists[0] if all(canonical(value) in form for form in forms)]


def canonical(value: object) -> str:
    """The form of a value that `canonical` of json.lua makes of its bytes: the same for equal values only."""
    if isinstance(value, str):
        return f"s{len(value.encode())}:{value}"
    if is_number(value):
        return decimals(value).spelled
    if isinstance(value, list):
        return f"[{','.join(canonical(v) for v in value)}]"
    if isinstance(value, dict):
        pairs = (f"{canonical(k)}{canonical(v)}" for k, v in value.items())
        return f"{{{','.join(sorted(pairs, key=str.encode))}}}"
    return {True: "t", False: "f", None: "n"}[value]  # type: ignore[index]  # JSON has no other values


def listed(values: list[Any]) -> str:
    """A choice of values in words; empty where it is too long to tell, or holds more than scalars."""
    if any(isinstance(value, dict | list) for value in values):
        return ""
    said = " or ".join(str(v) if is_number(v) else quoted(v) for v in values)
    return said if len(said) <= _MAX_TOLD else ""


def quoted(value: str | bool | None) -> str:
    """A value as JSON writes it."""
    return json.dumps(value, ensure_ascii=False)
