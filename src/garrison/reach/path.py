"""An attack path: from where an attacker begins to what he is after, a hop at a time."""

from __future__ import annotations

import enum

import msgspec

from garrison.estate.assets import Asset
from garrison.estate.values import Value


class Entry(enum.StrEnum):
    """Where an attacker begins."""

    INTERNET = "the internet"
    NOTEBOOK_USER = "a notebook user"
    CI_JOB = "a CI job"
    CONTAINER = "a compromised container"


class Jewel(enum.StrEnum):
    """What he is after."""

    TRAINING_DATA = "training data"
    MODELS = "models"
    ENDPOINTS = "endpoints"
    SECRETS = "secrets"
    ADMIN = "administration"


class Medium(enum.StrEnum):
    """Over what a hop goes."""

    NETWORK = "network"
    IDENTITY = "identity"
    MOUNT = "mount"
    CODE = "code"


class Hop(msgspec.Struct, frozen=True, eq=False):
    """One step. `words` completes the sentence "start ... end": "runs as", "reads"."""

    start: Asset | None  # None: the entry itself
    end: Asset
    medium: Medium
    words: str
    stated: Value  # its place is where the hop is said, its reason what is assumed


class Path(msgspec.Struct, frozen=True, eq=False):
    """A shortest way from one entry to one jewel."""

    entry: Entry
    hops: tuple[Hop, ...]  # at least one; the last one ends at the jewel
    jewel: Jewel
    sure: bool  # whether no hop hangs on something unknown
    score: float  # 0 to 100; the greatest first


class Cut(msgspec.Struct, frozen=True, eq=False):
    """A single change, and how many paths it takes away."""

    hop: Hop
    cuts: int


class Paths(msgspec.Struct, frozen=True, eq=False):
    """All paths of a scan, the worst first; `total` counts those too that are not told one by one."""

    found: tuple[Path, ...] = ()
    total: int = 0
    cuts: tuple[Cut, ...] = ()  # the one that takes away most first; each counts on its own
    notes: tuple[str, ...] = ()  # what the search takes for granted
