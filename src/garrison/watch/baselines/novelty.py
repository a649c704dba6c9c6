"""Values that were never seen of a subject. How surprising one is depends on how often the subject shows new ones."""

from __future__ import annotations

import enum
import hashlib
import math

import msgspec

HALF_LIFE_HOURS = 24.0 * 28
MAX_KNOWN = 2_000
_WARM_HOURS = 24 * 7  # before which every value is new
_RARE = 0.01  # chance of a new value in an hour, below which one is told


class Field(enum.StrEnum):
    """What may be new."""

    PEER = "peer"
    COUNTRY = "country"
    PROGRAM = "program"


class New(msgspec.Struct, frozen=True):
    """A value that was never seen: `expected` is how many new ones an hour has, on average."""

    field: Field
    value: str
    expected: float
    known: int
    since_us: int


class Novelty(msgspec.Struct):
    """Values of one field: digests, and the hour each was last seen. Those that were silent longest make room."""

    seen: dict[bytes, int] = {}
    first_hour: int = -1
    hours: float = 0.0  # that were looked at, fading
    fresh: float = 0.0  # new values in them, fading
    forgotten: int = 0


def judge(novelty: Novelty, field: Field, values: dict[str, int], hour: int) -> list[New]:
    """Which values of an hour are new and worth telling."""
    if novelty.first_hour < 0 or hour - novelty.first_hour < _WARM_HOURS:
        return []
    expected = (novelty.fresh + 0.5) / (novelty.hours + 1)
    new = [value for value in values if _digest(value) not in novelty.seen]
    if -math.expm1(-expected) > _RARE and len(new) < _many(expected):
        return []
    return [New(field, value, expected, len(novelty.seen), values[value]) for value in new]


def learn(novelty: Novelty, values: dict[str, int], hour: int) -> None:
    """Remember the values of an hour."""
    if novelty.first_hour < 0:
        novelty.first_hour = hour
    fade = 0.5 ** (1 / HALF_LIFE_HOURS)
    digests = [_digest(value) for value in values]
    warm = hour - novelty.first_hour >= _WARM_HOURS // 2  # at first everything is new
    new = sum(digest not in novelty.seen for digest in digests) if warm else 0
    novelty.hours, novelty.fresh = novelty.hours * fade + warm, novelty.fresh * fade + new
    for digest in digests:
        novelty.seen.pop(digest, None)
        novelty.seen[digest] = hour
    while len(novelty.seen) > MAX_KNOWN:
        novelty.seen.pop(next(iter(novelty.seen)))
        novelty.forgotten += 1


def merged(one: Novelty, other: Novelty) -> Novelty:
    """What two nodes know of a field."""
    seen = dict(sorted([*one.seen.items(), *other.seen.items()], key=lambda item: item[1]))
    left = max(0, len(seen) - MAX_KNOWN)
    firsts = [novelty.first_hour for novelty in (one, other) if novelty.first_hour >= 0]
    return Novelty(
        seen=dict(list(seen.items())[left:]),
        first_hour=min(firsts, default=-1),
        hours=max(one.hours, other.hours),
        fresh=one.fresh + other.fresh,
        forgotten=one.forgotten + other.forgotten + left,
    )


def _many(expected: float) -> float:
    """How many new values at once are worth telling of a subject that often shows some: far beyond Poisson's spread."""
    return expected + 6 * math.sqrt(expected) + 6


def _digest(value: str) -> bytes:
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest()
