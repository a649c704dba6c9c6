"""`[[retention]]` of the watch file."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Class(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[[retention]]`: a class of events, which inputs name. `standard`, `inference` and `hold` are there without it."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
    days: Annotated[int, Meta(ge=1, le=20_000, description="Days; for ever if unsaid.")] | None = None
