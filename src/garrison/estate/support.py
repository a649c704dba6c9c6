"""Which versions of managed engines get no more patches, as their providers say."""

from __future__ import annotations

import datetime as dt
import fnmatch
import tomllib
from functools import cache
from pathlib import Path

from garrison.estate.truth import Truth
from garrison.estate.values import Value


@cache
def ends() -> dict[str, dict[str, dt.date]]:
    """By product and pattern of a version (`emr-5.2*`), the day its support ended."""
    return tomllib.loads(Path(__file__).with_name("support.toml").read_text("utf8"))


def ended(product: str, version: Value) -> Truth:
    """Whether the provider has ended its support of a version; no for one that is not known to have ended."""
    return version.test(lambda said: any(fnmatch.fnmatchcase(str(said), pattern) for pattern in ends()[product]))
