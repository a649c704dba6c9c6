"""The JSON Schema Test Suite: what is supported passes, the rest is refused by the name of its keyword.

`make test` fetches it; GARRISON_SUITE names another folder to look for it in.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from garrison.errors import ConfigError
from garrison.gateway.validation import lua
from garrison.gateway.validation.schema import _KEYWORDS

from .conftest import Run

FOLDER = Path(os.environ.get("GARRISON_SUITE", Path(sys.prefix) / "suite"))
FILES = sorted(FOLDER.glob("*/json/tests/draft2020-12/**/*.json"))
# Whole files about what is not supported, or what depends on other documents.
OUTSIDE = {
    "content",
    "defs",
    "dynamicRef",
    "format",
    "refRemote",
    "unevaluatedItems",
    "unevaluatedProperties",
    "vocabulary",
}
# Why a schema of the other files may be refused: words that its message holds.
REASONS = ("'$id'", "'$ref' names", "'unevaluatedProperties'", "'$schema'", "'$dynamicRef'")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILES, reason=f"no test suite in {FOLDER}: make test fetches it"),
]


def spelled(value: Any) -> str:
    """A value with every digit it was read with."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(k)}:{spelled(v)}' for k, v in value.items())}}}"
    return f"[{','.join(map(spelled, value))}]" if isinstance(value, list) else json.dumps(value)


@pytest.mark.parametrize("path", [p for p in FILES if p.parent.name == "draft2020-12"], ids=lambda p: p.stem)
def test_every_case_is_right_or_its_schema_refused_by_name(run: Run, path: Path) -> None:
    seen: Counter[str] = Counter()
    for group in json.loads(path.read_text("utf-8"), parse_float=Decimal):
        code, refusal = compiled(group["schema"])
        if refusal:
            seen["refused"] += 1
            names = (*REASONS, *(f"{word!r} is not supported" for word in unknown_words(group["schema"])))
            assert any(name in refusal for name in names), (group["description"], refusal)
        else:
            seen["judged"] += judge(run, code, group)
    assert seen["judged"] or path.stem in OUTSIDE, "nothing of this file is supported"
    assert not seen["refused"] or path.stem in OUTSIDE | {"anchor", "not", "ref"}, seen


def test_optional_cases_that_are_supported_are_right(run: Run) -> None:
    judged = 0
    for path in FILES:
        if path.parent.name == "optional":
            for group in json.loads(path.read_text("utf-8"), parse_float=Decimal):
                code, refusal = compiled(group["schema"])
                judged += 0 if refusal else judge(run, code, group)
    assert judged > 50


def compiled(schema: object) -> tuple[str, str]:
    """A schema as Lua, or why it is refused."""
    try:
        return lua(schema), ""
    except ConfigError as error:
        return "", str(error)


def judge(run: Run, code: str, group: Any) -> int:
    """Holds every case of a group against the compiled schema; how many there are."""
    validate = run(code)[b"validate"]
    for test in group["tests"]:
        judged = validate(spelled(test["data"]).encode()) is True
        assert judged is test["valid"], (group["description"], test["description"])
    return len(group["tests"])


def unknown_words(schema: Any) -> set[str]:
    """Keys of a schema that are no keywords here."""
    if isinstance(schema, list):
        return set().union(*map(unknown_words, schema))
    if not isinstance(schema, dict):
        return set()
    return (schema.keys() - _KEYWORDS.keys()).union(*map(unknown_words, schema.values()))
