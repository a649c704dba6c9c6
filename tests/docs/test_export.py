"""The exports that the page shows are some that are taken."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from garrison.watch.export.destination import any_destination, destinations
from garrison.watch.export.form import Form
from garrison.watch.store.filter import parse

PAGE = (Path(__file__).parents[2] / "docs/export.md").read_text("utf8")


def test_each_kind_is_shown_and_taken() -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shown = [msgspec.convert(one, any_destination()) for one in tomllib.loads(block)["export"]]
    assert {type(one) for one in shown} == set(destinations())
    for one in shown:
        assert parse(one.filter)


def test_each_form_is_told() -> None:
    assert {f"| `{form}` |" for form in Form} <= set(re.findall(r"^\| `\w+` \|", PAGE, re.MULTILINE))
