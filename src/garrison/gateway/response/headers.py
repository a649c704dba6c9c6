"""What gives the server behind away is removed from answers, what protects browsers is set (headers.toml, traces.toml)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec


class Headers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`set` replaces what the server said; `set_over_tls` says more to those who came over TLS."""

    remove: tuple[str, ...]
    set: dict[str, str]
    set_over_tls: dict[str, str]


@cache
def headers() -> Headers:
    """What is done to every answer."""
    text = Path(__file__).with_name("headers.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Headers)


@cache
def traces() -> tuple[str, ...]:
    """Patterns of Lua that tell a stack trace (traces.toml)."""
    text = Path(__file__).with_name("traces.toml").read_text("utf-8")
    return tuple(msgspec.convert(tomllib.loads(text)["patterns"], dict[str, str]).values())
