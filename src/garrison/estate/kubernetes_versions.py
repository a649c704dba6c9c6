"""How long versions of Kubernetes get fixes, and which versions of its API are gone; the dates stand in the data file."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from functools import cache
from pathlib import Path

import msgspec

_MINOR = re.compile(r"^v?1\.(\d{1,3})(?!\d)")


class Removed(msgspec.Struct, frozen=True, array_like=True):
    """Since which minor version of Kubernetes 1 a kind is not served in a version, and in which it is now."""

    minor: int
    now: str  # "" where the kind is gone


class _Data(msgspec.Struct, frozen=True):
    upstream: dict[str, dt.date]
    aws: dict[str, list[dt.date]]
    azure: dict[str, list[dt.date]]
    gcp: dict[str, list[dt.date]]
    removed: dict[str, dict[str, Removed]]


@cache
def _data() -> _Data:
    text = Path(__file__).with_name("kubernetes_versions.toml").read_text("utf8")
    return msgspec.convert(tomllib.loads(text), _Data)


def supported_until(version: str, provider: str, *, extended: bool) -> dt.date | None:
    """The last day a version gets fixes from a provider, with or without extended support; None where nobody knows.

    What a provider's calendar does not list is told by that of Kubernetes itself; what is older than both is long over.
    """
    minor = _MINOR.match(version)
    if minor is None:
        return None
    name = f"1.{minor[1]}"
    calendars: dict[str, dict[str, list[dt.date]]] = {"aws": _data().aws, "azure": _data().azure, "gcp": _data().gcp}
    dates = calendars.get(provider, {}).get(name)
    if dates is not None:
        return dates[-1] if extended else dates[0]
    upstream = _data().upstream
    oldest = min(int(v.partition(".")[2]) for v in upstream)
    return dt.date.min if int(minor[1]) < oldest else upstream.get(name)


def removed(api_version: str, kind: str) -> Removed | None:
    """When a version of the API ceased to serve a kind; None while it does."""
    return _data().removed.get(api_version, {}).get(kind)
