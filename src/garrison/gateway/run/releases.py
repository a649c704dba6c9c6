"""How old an Envoy is, and whether there are fixes that it lacks, as far as is known here (releases.toml).

A version of Envoy gets fixes for a year (RELEASES.md of the project); wheels can come months after them.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

_SUPPORTED: Final = dt.timedelta(days=365)

Number = tuple[int, ...]


def described(version: str, today: dt.date) -> str:
    """A version with its date and age."""
    released = releases().get(_number(version))
    if released is None:
        return f"Envoy {version} (its date is not known here)"
    return f"Envoy {version} of {released}, {(today - released).days} days old"


def warnings(version: str, today: dt.date) -> list[str]:
    """What speaks against a version."""
    number, known = _number(version), releases()
    found = []
    begun = known.get((*number[:2], 0))
    if begun is None and number < min(known):
        found.append(f"Envoy {version} is older than any that this gateway is held against")
    elif begun is not None and today - begun > _SUPPORTED:
        found.append(f"Envoy {version} gets no fixes any more: those of its kind came for a year from {begun}")
    newest = max((other for other in known if other[:2] == number[:2]), default=number)
    if number < newest:
        later = ".".join(map(str, newest))
        found.append(
            f"Envoy {later} of {known[newest]} has fixes that {version} lacks: GARRISON_ENVOY can name its binary"
        )
    return found


@cache
def releases() -> dict[Number, dt.date]:
    """Versions and the days of their release."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return {_number(version): released for version, released in tomllib.loads(text).items()}


def _number(version: str) -> Number:
    """`1.40.0-dev` is 1.40.0."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
