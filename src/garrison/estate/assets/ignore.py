"""What somebody decided not to be told of."""

from __future__ import annotations

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.truth import Truth
from garrison.estate.values import Value


class Ignore(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A comment `garrison: ignore[...]`, or an entry under `ignore` in the configuration."""

    reason: Value = UNMAPPED  # absent where none is given
    expired: Truth = UNMAPPED_TRUTH  # its date has passed, or is no date
    known_checks: Truth = UNMAPPED_TRUTH  # every check it names exists
