"""`[rules]`, `[baselines]` and `[silence]` of the watch file."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from garrison.watch.rules.rule import Level


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    pass


class Rules(_Table, frozen=True):
    """`[rules]`: which rules events are held to."""

    pack: Annotated[bool, Meta(description="Garrison's own rules.")] = True
    folders: Annotated[tuple[str, ...], Meta(description="Rules of your own: files, or folders with all below.")] = ()
    disabled: Annotated[tuple[str, ...], Meta(description="Ids, names or titles of rules that are left out.")] = ()
    level: Annotated[
        str,
        Meta(pattern="^(informational|low|medium|high|critical)$", description="Rules below this level tell nothing."),
    ] = "low"

    @property
    def least(self) -> Level:
        """`level`."""
        return Level[self.level.upper()]


class Baselines(_Table, frozen=True):
    """`[baselines]`: what is normal hour by hour."""

    enabled: bool = True
    learn_days: Annotated[int, Meta(ge=0, le=400, description="How far back the first start looks in the store.")] = 28
    late_minutes: Annotated[int, Meta(ge=1, le=1_440, description="How late events of an hour may come.")] = 10
    subjects: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Of how many it is remembered; more make the quietest forgotten.")
    ] = 100_000
    countries: Annotated[str, Meta(description="A file of your own in MaxMind's format; without it none are told.")] = (
        ""
    )


class Silence(_Table, frozen=True):
    """`[silence]`: inputs that go quiet."""

    enabled: bool = True
    least_minutes: Annotated[
        int, Meta(ge=1, description="Below this no silence is told, if an input says nothing.")
    ] = 30


class Judging(_Table, frozen=True):
    """All of it."""

    rules: Rules = Rules()
    baselines: Baselines = Baselines()
    silence: Silence = Silence()
    quiet_after_s: dict[str, float] = {}  # by input, where it says so
