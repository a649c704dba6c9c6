"""A check's answer for one asset, as every output form receives it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from garrison.checks.check import Check, Confidence, Outcome, Severity
from garrison.estate.assets import Asset
from garrison.estate.values import Place, Value

if TYPE_CHECKING:
    from garrison.findings.risk import Risk


class Evidence(msgspec.Struct, frozen=True, eq=False):
    """One place that decided the outcome, and what is to be said of it ("SageMaker's default is Enabled")."""

    place: Place
    note: str = ""
    decided_by: str = ""  # for an unknown value: what would decide it


class Finding(msgspec.Struct, frozen=True, eq=False):
    """One check on one asset. `fingerprint` does not change when lines move."""

    check: Check
    asset: Asset
    owner: Asset  # what the asset is part of, else itself
    outcome: Outcome
    why: str
    evidence: tuple[Evidence, ...]
    confidence: Confidence
    fingerprint: str
    risk: Risk
    condition: str = ""  # it exists only if this holds
    also: tuple[Finding, ...] = ()  # the same, of the same lines, where something else deploys them

    @property
    def severity(self) -> Severity:
        """The check's."""
        return self.check.severity

    @property
    def place(self) -> Place:
        """The first place that decided it, else where the asset is declared."""
        return self.evidence[0].place if self.evidence else self.asset.place

    @property
    def decided_by(self) -> tuple[str, ...]:
        """What would decide an unknown outcome: variables, parameters, resources."""
        return tuple(dict.fromkeys(e.decided_by for e in self.evidence if e.decided_by))


def told_once(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, of which those that several roots owe to the same lines are one: two overlays of one base.

    The first one stays, and carries the others.
    """
    same: dict[tuple[object, ...], list[Finding]] = {}
    times: Counter[tuple[object, ...]] = Counter()
    for finding in findings:
        places = [finding.asset.place, *(e.place for e in finding.evidence)]
        lines = (finding.check.id, finding.why, *((p.source.path, p.start, p.end) for p in places))
        times[lines, finding.asset.root] += 1  # two things of one root are two findings
        same.setdefault((times[lines, finding.asset.root], *lines), []).append(finding)
    return [msgspec.structs.replace(f[0], also=tuple(f[1:])) if len(f) > 1 else f[0] for f in same.values()]


def evidence_of(values: tuple[Value, ...], asset: Asset) -> tuple[Evidence, ...]:
    """Each place once, in the order in which it decided; the asset's own where none is known."""
    found: dict[tuple[str, int, int], Evidence] = {}
    for value in values:
        place = value.place or asset.place
        key = (place.source.path, place.start, place.end)
        if key not in found or (value.decided_by and not found[key].decided_by):
            found[key] = Evidence(place, value.reason, value.decided_by)
    return tuple(found.values()) or (Evidence(asset.place),)


def fingerprint(check: Check, address: str) -> str:
    """The same for the same check on the same declared thing, wherever in its file that stands; 16 hex digits."""
    return hashlib.sha256(f"{check.id}\0{address}".encode()).hexdigest()[:16]
