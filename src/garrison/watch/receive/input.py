"""The seam between an input, which speaks with senders, and the intake, which makes events of what they send.

An input reads, hands lines over, and acknowledges when `take` has returned. It never acknowledges what `take` refused.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from garrison.events.mappers import Mapper


class Source(msgspec.Struct, frozen=True):
    """Where lines come from: the input's name in the watch file, and the format of its log."""

    name: str
    form: Mapper


class InputSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What an `[[input]]` says, whatever its type: settings of inputs begin with these."""

    name: str
    quiet_after: str = ""  # `1h`: silence for so long is told; empty for never
    retention: str = "standard"  # the class of its events


class Line(msgspec.Struct, frozen=True):
    """What a sender told, and the place that tells it from the same line told twice: a file and an offset in it."""

    data: bytes
    place: tuple[object, ...] = ()
    wrong: str = ""  # why it is no line, where the input knows already


class Sample(msgspec.Struct, frozen=True):
    """A measurement of a resource, in the units of its name (`node_memory_MemAvailable_bytes`)."""

    time_us: int
    name: str
    value: float
    host: str = ""
    labels: dict[str, str] = {}


class Count(enum.StrEnum):
    """What is counted of an input."""

    LINES = "lines"
    BYTES = "bytes"
    EVENTS = "events"
    QUARANTINED = "quarantined"  # lines that are not of the format
    REFUSED = "refused"  # what was not taken, and not acknowledged: its sender keeps it
    LOST = "lost"  # what was not taken, of senders that keep nothing
    DENIED = "denied"  # senders without a valid credential
    SAMPLES = "samples"


class Intake(Protocol):
    """What inputs hand over to."""

    async def take(self, source: Source, lines: Sequence[Line]) -> int:
        """Make events of lines: normalised, redacted, and on the disk when this returns; lines of no event are in the quarantine then.

        How many of the lines are events. Raises BusyError where they cannot be kept now: acknowledge nothing, and be slow.
        """
        ...

    async def sample(self, source: str, samples: Sequence[Sample]) -> None:
        """Have samples on the disk. Raises BusyError."""
        ...

    def count(self, source: str, what: Count, by: int = 1) -> None:
        """Count what the input alone knows: what was lost, who was denied."""
        ...


class Around(msgspec.Struct, frozen=True):
    """What an input is given besides its settings."""

    intake: Intake
    state: Path  # a folder of its own, for positions
    beside: Callable[[str], Path]  # a path as the watch file means it


class Input(Protocol):
    """A module of `inputs`."""

    TYPE: str  # as `type` of an [[input]]
    Settings: type[Any]  # made from InputSettings, with the tag TYPE

    def hold(self, settings: Any, beside: Callable[[str], Path]) -> None:
        """Raises ConfigError for what settings say together, or for the files they name. Speaks with nobody."""
        ...

    async def serve(self, settings: Any, around: Around) -> None:
        """Receive until cancelled. Raises ConfigError for settings that cannot hold, BusyError where it cannot begin."""
        ...
