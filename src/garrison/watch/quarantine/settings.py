"""`[quarantine]` of the watch file."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[quarantine]`: for how long lines that are no events are kept, and who can read them."""

    recipient: Annotated[
        str, Meta(description="Whose age key reads it (age1...); one is made in the state folder if unsaid.")
    ] = ""
    days: Annotated[int, Meta(ge=1, le=90, description="After which they are deleted.")] = 7
    size_mb: Annotated[int, Meta(ge=1, description="When it is full, such lines are not acknowledged.")] = 1_024
