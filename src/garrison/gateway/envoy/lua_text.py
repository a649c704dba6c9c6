"""Values as Lua source, and the Lua that is shipped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from garrison.gateway.validation.lua import text

_HERE = Path(__file__).parent / "lua"


def literal(value: Any) -> str:
    """A value as a Lua expression; tables are written in order of their keys, so that what is equal looks equal."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        pairs = (f"[{literal(key)}]={literal(value[key])}" for key in sorted(value))
        return "{" + ",".join(pairs) + "}"
    return "{" + ",".join(literal(item) for item in value) + "}"


@cache
def shipped(name: str) -> str:
    """The text of a shipped Lua file."""
    return (_HERE / f"{name}.lua").read_text(encoding="utf-8")
