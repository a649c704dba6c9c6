"""The steps an attacker can make, collected as a graph of numbers.

A node is an asset in one state: held (he controls it, or reads it), open (he can speak to it), changed (he can write it),
and so on. Hubs have no asset: they stand between many that can and many that can be reached, so that a thousand pods
cost a thousand steps and not a million.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from garrison.estate.assets import Asset
from garrison.estate.truth import Truth
from garrison.estate.values import Value
from garrison.reach.path import Medium

HELD, OPEN, CHANGED, CALLED, TOKEN, ADMIN = "", "open", "changed", "called", "token", "administrator"


class Step(msgspec.Struct, frozen=True, eq=False):
    """From node to node; `words` and `stated` are those of a hop. `flawed` is one that is there by mistake."""

    start: int
    end: int
    medium: Medium
    words: str
    stated: Value
    sure: bool
    flawed: bool


class Steps:
    """All steps of an estate."""

    def __init__(self) -> None:
        self.assets: list[Asset | None] = []  # by node
        self.found: list[Step] = []
        self.entrances: list[int] = []  # where the internet begins, one for each thing that it reaches first
        self._nodes: dict[tuple[str, str], int] = {}  # by address and state

    def node(self, asset: Asset, state: str = HELD) -> int:
        """The number of an asset in a state."""
        return self._numbered((asset.address, state), asset)

    def hub(self, name: str) -> int:
        """The number of a hub."""
        return self._numbered(("", name), None)

    def entrance(self, asset: Asset) -> int:
        """The internet before one thing that it reaches: ways in are told apart by where they begin."""
        found = self.hub(f"internet before {asset.address}")
        if found == len(self.assets) - 1 and found not in self.entrances[-1:]:
            self.entrances.append(found)
        return found

    def known(self, asset: Asset, state: str = HELD) -> int | None:
        """The number of an asset in a state, if some step begins or ends there."""
        return self._nodes.get((asset.address, state))

    def nodes(self) -> Iterator[tuple[int, Asset]]:
        """Every node that is an asset in some state."""
        return ((node, asset) for node, asset in enumerate(self.assets) if asset is not None)

    def _numbered(self, key: tuple[str, str], asset: Asset | None) -> int:
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = len(self.assets)
            self.assets.append(asset)
        return found

    def add(
        self,
        start: int,
        end: int,
        medium: Medium,
        words: str,
        stated: Value,
        *,
        truth: Truth | None = None,
        flawed: bool = False,
    ) -> None:
        """A step that is possible, or where `truth` is not decided, may be; none where it is decided that not."""
        if start != end and not (truth is not None and truth.no):
            self.found.append(Step(start, end, medium, words, stated, truth is None or truth.yes, flawed))


def evidence(truth: Truth, otherwise: Value) -> Value:
    """The value to show for a truth: the first that decided it and has a place."""
    return next((v for v in truth.because if v.place is not None), otherwise)
