"""Defence in depth: which layers protect an asset, told by what the checks answer on it and its parts."""

from __future__ import annotations

import enum

import msgspec

from garrison.checks.check import Check, Outcome, Severity, Verdict
from garrison.checks.layers import Layer, layer_of
from garrison.estate.assets import Asset


class State(enum.StrEnum):
    """How a layer stands."""

    HOLDS = "holds"  # every check of it passes
    GAPS = "gaps"  # one fails, none of them badly
    BROKEN = "broken"  # one that is critical or high fails
    UNDECIDED = "undecided"  # none fails, and one could not be decided


class Standing(msgspec.Struct, frozen=True):
    """What the checks of one layer answer."""

    passed: int = 0
    failed: int = 0
    undecided: int = 0
    worst: Severity | None = None  # of those that fail

    @property
    def state(self) -> State:
        """How the layer stands."""
        if self.worst is not None:
            return State.BROKEN if self.worst.rank >= Severity.HIGH.rank else State.GAPS
        return State.UNDECIDED if self.undecided else State.HOLDS


class Defence(msgspec.Struct, frozen=True, eq=False):
    """An asset that matters, why it does, and its layers. A layer that nothing speaks of is not among them."""

    asset: Asset
    reasons: tuple[str, ...]
    layers: dict[Layer, Standing]


class Answer(msgspec.Struct, frozen=True, eq=False):
    """What a check answers for an asset."""

    check: Check
    asset: Asset
    verdict: Verdict

    @property
    def stated(self) -> bool:
        """Whether something was said that decided it: a check for Jupyter passes wherever there is no Jupyter."""
        return any(v.reason or (v.place and v.place.start != self.asset.place.start) for v in self.verdict.evidence)


def standings(answers: list[Answer]) -> dict[Layer, Standing]:
    """How each layer stands. What passes because there is nothing to judge protects nothing, and is not counted."""
    found: dict[Layer, Standing] = {}
    for answer in answers:
        layer = layer_of(answer.check)
        old = found.get(layer, Standing())
        if answer.verdict.outcome is Outcome.FAIL:
            worst = max((s for s in (old.worst, answer.check.severity) if s is not None), key=lambda s: s.rank)
            found[layer] = msgspec.structs.replace(old, failed=old.failed + 1, worst=worst)
        elif answer.verdict.outcome is not Outcome.PASS:
            found[layer] = msgspec.structs.replace(old, undecided=old.undecided + 1)
        elif answer.stated:
            found[layer] = msgspec.structs.replace(old, passed=old.passed + 1)
    return {layer: found[layer] for layer in Layer if layer in found}
