"""What is derived about each asset: whether it is exposed, what it holds, which zone it is in."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from garrison.estate.assets import Asset
from garrison.estate.truth import Truth


class Holds(msgspec.Struct, frozen=True):
    """Something worth stealing or spoiling. `weight` is from 0 to 1: its worth times how sure it is."""

    what: str
    why: str
    weight: float


class Facts(msgspec.Struct, frozen=True, eq=False):
    """Derived facts of one asset."""

    exposed: Truth
    holds: tuple[Holds, ...] = ()
    environment: str = ""  # production, staging, test, development; "" where nothing says
    stage: str = ""  # ingest, train, register, serve, monitor


AllFacts = Mapping[str, Facts]


def facts_of(asset: Asset) -> Facts:
    """What can be told from the asset alone."""
    return Facts(asset.public)
