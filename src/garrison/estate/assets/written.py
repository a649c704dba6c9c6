"""Secrets that stand in files."""

from __future__ import annotations

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.truth import Truth
from garrison.estate.values import Value


class WrittenSecret(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A key, token or password that can be read in a file."""

    family: Value = UNMAPPED  # cloud, token, key, password
    places: Value = UNMAPPED  # everywhere it stands in the file
    for_tests: Truth = UNMAPPED_TRUTH  # the file is one of tests or documentation

    def is_one_of(self, *families: str) -> Truth:
        """Whether it is of one of these families, wherever in the file it stands."""
        return Truth(self.family.one_of(families).answer, self.places.items())
