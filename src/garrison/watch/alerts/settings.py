"""`[alerts]` of the watch file."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What alerts are put together with."""

    findings: Annotated[str, Meta(description="A report of garrison scan --format json; none if empty.")] = ""
