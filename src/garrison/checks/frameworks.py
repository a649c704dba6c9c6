"""What a check maps to, in words."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from garrison.errors import UsageError, nearest


class Framework(msgspec.Struct, frozen=True):
    """A framework of controls."""

    key: str  # before the colon of a mapping, and in options
    title: str
    url: str
    provider: str = ""  # whose services it is about; "" where that does not matter


class Control(msgspec.Struct, frozen=True):
    """One control of a framework. `name` is empty where the framework numbers its controls only."""

    framework: str
    id: str
    name: str
    url: str
    provider: str = ""  # whose services its framework is about; "" where that does not matter


@cache
def _frameworks() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8"))


def framework_keys() -> tuple[str, ...]:
    """What the frameworks are called on the command line."""
    return tuple(sorted(_frameworks()))


def framework(name: str) -> Framework:
    """The framework called so, in whatever case. Raises UsageError for one that is not."""
    by_lower = {key.lower(): key for key in _frameworks()}
    key = by_lower.get(name.lower())
    if key is None:
        keys = framework_keys()
        raise UsageError(f"no framework is called {name}", hint=nearest(name, keys, f"one of: {', '.join(keys)}"))
    said = _frameworks()[key]
    return Framework(key, said["title"], said["url"], said.get("provider", ""))


def control(mapping: str) -> Control:
    """The control behind `ATLAS:AML.T0035`."""
    key, _, id_ = mapping.partition(":")
    said = _frameworks().get(key, {"title": key, "url": ""})
    return Control(said["title"], id_, said.get("names", {}).get(id_, ""), said["url"], said.get("provider", ""))
