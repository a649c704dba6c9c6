"""Where a value can be written that is not said yet."""

from __future__ import annotations

import msgspec


class Spot(msgspec.Struct, frozen=True):
    """A path below the asset, or in a new resource beside it."""

    steps: tuple[str, ...]
    companion: str = ""  # the type of the new resource
    by: str = ""  # its attribute that names the asset
