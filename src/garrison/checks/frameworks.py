"""What a check maps to, in words."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec


class Control(msgspec.Struct, frozen=True):
    """One control of a framework. `name` is empty where the framework numbers its controls only."""

    framework: str
    id: str
    name: str
    url: str


@cache
def _frameworks() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8"))


def control(mapping: str) -> Control:
    """The control behind `ATLAS:AML.T0035`."""
    key, _, id_ = mapping.partition(":")
    said = _frameworks().get(key, {"title": key, "url": ""})
    return Control(said["title"], id_, said.get("names", {}).get(id_, ""), said["url"])
