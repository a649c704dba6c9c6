"""`[rules]`, `[baselines]` and `[silence]` of the watch file."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    pass


class Rules(_Table, frozen=True):
    """`[rules]`: which rules events are held to."""

    pack: Annotated[bool, Meta(description="Garrison's own rules.")] = True
    folders: Annotated[tuple[str, ...], Meta(description="Rules of your own: files, or folders with all below.")] = ()
    disabled: Annotated[tuple[str, ...], Meta(description="Ids of rules that are left out.")] = ()
    level: Annotated[str, Meta(pattern="^(informational|low|medium|high|critical)$")] = "low"


class Baselines(_Table, frozen=True):
    """`[baselines]`: what is normal hour by hour."""

    enabled: bool = True
    learn_days: Annotated[int, Meta(ge=1, le=400, description="How far back the first start looks.")] = 28
    late_minutes: Annotated[int, Meta(ge=1, le=1_440, description="How late events of an hour may come.")] = 10


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
