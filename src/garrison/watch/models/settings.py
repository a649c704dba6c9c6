"""`[[model]]` and `[models]` of the watch file: which models are watched, and by what."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[[model]]`: a model whose inferences are watched."""

    name: Annotated[str, Meta(min_length=1, description="As the gateway calls it.")]
    reference: Annotated[str, Meta(min_length=1, description="File of `garrison models learn`.")]
    window_rows: Annotated[int, Meta(ge=50, le=100_000, description="Rows that drift is looked for in.")] = 1_000


class Models(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[models]`: what all of them share."""

    key_file: Annotated[str, Meta(description="The key that references were made with.")] = "models.key"
