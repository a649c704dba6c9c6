"""On which ports machine-learning servers listen. The facts are in `ports.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec


class Ports(msgspec.Struct, frozen=True):
    """TCP port -> what listens there; `telling` is a regular expression for texts that speak of such servers."""

    own: dict[int, str]  # little else listens there
    shared: dict[int, str]  # web applications of every kind do too
    telling: str


@cache
def known_ports() -> Ports:
    """The ports that Garrison knows."""
    said = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8"))
    own, shared = ({int(port): name for port, name in said[part].items()} for part in ("own", "shared"))
    return Ports(own, shared, rf"(?i)(?<![a-z])({said['words']['all']})(?![a-z])")
