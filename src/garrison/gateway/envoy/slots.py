"""Which filter has whose bucket, so that a limit of one role, model or tightened client fills nobody else's.

A bucket is full of time: so many seconds of it, which come back as they pass. A request takes as much as its limit would have the
next one wait (the generic cell rate algorithm of ITU-T I.371). So limits of all rates whose bursts last equally long, as
all that say none, have their buckets in one filter, each its own. What a limit is stands in a table of our Lua: where it
changes, no filter with buckets does.

Other lengths have filters of their own. These stand in slots, whose number is fixed, as a listener that changes ends
connections; and there are few, as Envoy takes an instance of inotify for each, of which a user has 128 as a rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from garrison.errors import ConfigError
from garrison.gateway.envoy.typed import Json, duration
from garrison.gateway.file.form import Rate

FILE: Final = "slots"  # beside what was compiled: which slot has what, so that it keeps it
COUNT: Final = 8

_FULL: Final = 1_000_000_000  # the most that a request can take (`hits_addend` of Envoy): all that is in a bucket
_SPARE: Final = 1_000_000  # a full bucket has a little more than that: Envoy reckons in floating point
_FASTEST: Final = 80_000_000_000  # what Envoy can fill a second: 2^32 - 1 in a step, or some less
_STEP_S: Final = 0.05
_LONG_S: Final = 100.0
_LONGEST_S: Final = 1_000_000_000.0  # 31 years
_OVER: Final = 0.95  # of a request, that a bucket can hold beside those that go through at once
_ERROR: Final = 1e-9  # of what is reckoned here

Kind = Literal["client", "role", "model"]
_KINDS: Final[tuple[Kind, ...]] = ("client", "role", "model")


class Span(msgspec.Struct, frozen=True, order=True):
    """Limits of one kind whose bursts last equally long."""

    kind: Kind
    seconds: float

    @property
    def length(self) -> str:
        """The seconds as they stand in Envoy's configuration."""
        return f"{self.seconds:.15g}"

    @property
    def full(self) -> int:
        """What a bucket holds when it is full, in Envoy's tokens."""
        return min(_FULL, int(_FASTEST * self.seconds))

    @property
    def bucket(self) -> Json:
        """The `TokenBucket`, which is full again after so long."""
        step_s = (
            _STEP_S if self.seconds < _LONG_S else self.seconds
        )  # Envoy rounds the one to whole tokens, the other to ms
        return {
            "max_tokens": self.full + self.full // _SPARE,
            "tokens_per_fill": round(self.full * step_s / self.seconds),
            "fill_interval": duration(step_s),
        }


Slots = tuple[tuple[Span, ...], ...]  # by slot what it has: one, unless there are more than slots
_decode = msgspec.json.Decoder(Slots).decode


def span_of(kind: Kind, rate: Rate) -> Span:
    """Where a limit belongs: of all lengths in which as many go through at once, the one with the fewest binary digits.

    So limits that differ often have the same. What is over a whole number of requests only lets the next come a little sooner.
    """
    least = min(rate.at_once / rate.per_second, _LONGEST_S) * (1 - _ERROR)
    most = max(least, min((rate.at_once + _OVER) / rate.per_second, _LONGEST_S))
    step = 2.0 ** math.ceil(math.log2(most))
    while (seconds := math.ceil(least / step) * step) > most:
        step /= 2
    return Span(kind, seconds)


def seated(before: Slots, wanted: Iterable[Span]) -> Slots:
    """All that is wanted in slots: what was somewhere before stays, as long as its place is not needed.

    Where no place is left, those of a kind share. Only then does a push fill buckets of others.
    """
    seats = [*before[:COUNT], *[()] * (COUNT - len(before))]
    needed = sorted(set(wanted))
    for span in needed:
        if not any(span in seat for seat in seats):
            still = [tuple(other for other in seat if other in needed) for seat in seats]
            places = [slot for slot in range(COUNT) if _fits(span.kind, slot, still[slot])]
            slot = min(places, key=lambda n: (len(still[n]), len(seats[n])))
            seats[slot] = (*still[slot], span)
    return tuple(seats)


def _fits(kind: Kind, slot: int, others: tuple[Span, ...]) -> bool:
    """Whether a slot can take limits of a kind: one has but one kind, and each kind has one that no other takes."""
    return _KINDS[slot : slot + 1] in {(), (kind,)} and all(other.kind == kind for other in others)


class Draft(msgspec.Struct, frozen=True):
    """What a limit takes from where: the label of the bucket, the tokens of a request, the seconds until the next may come."""

    label: str
    cost: int
    wait_s: int


def draft(slots: Slots, kind: Kind, rate: Rate) -> Draft:
    """The same, for a limit that has a slot."""
    span = span_of(kind, rate)
    slot = next(number for number, seat in enumerate(slots) if span in seat)
    cost = min(int(span.full / (rate.per_second * span.seconds)), _FULL)
    return Draft(label(slot, span), cost, math.ceil(1 / rate.per_second))


def label(slot: int, span: Span) -> str:
    """What tells limits of a length from others of the slot."""
    return f"{prefix(slot)}{span.length}"


def prefix(slot: int) -> str:
    """How the labels of a slot begin."""
    return f"{slot}:"


def read_slots(folder: Path) -> Slots:
    """What had which slot when the folder was last compiled to. Raises ConfigError."""
    path = folder / FILE
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = "garrison gateway compile writes it; without it, all limits of models and roles begin anew, once"
        raise ConfigError(f"does not say which limits are where: {error}", path=str(path), hint=hint) from error


def written(slots: Slots) -> str:
    """The same for the next time."""
    return msgspec.json.encode(slots).decode() + "\n"
