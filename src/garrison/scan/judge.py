"""Every check on every asset of its kind, and how well the assets that matter most are defended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import msgspec

from garrison.checks.check import Check, Outcome, Verdict
from garrison.estate.assets import Asset
from garrison.estate.assets.written import WrittenSecret
from garrison.estate.estate import Estate, Relations
from garrison.estate.relations import Relation
from garrison.findings.defence import Answer, Defence, standings
from garrison.findings.finding import Finding, evidence_of, fingerprint
from garrison.findings.risk import Crossings, matters, risk, weight
from garrison.reach.path import Paths
from garrison.scan.config import Settings

_WEIGHTIEST = 200  # assets whose layers of defence are told

Kinds = dict[type[Asset], list[Check]]


class Judged(msgspec.Struct, frozen=True, eq=False):
    """What the checks answered."""

    checks: tuple[Check, ...]
    found: dict[Outcome, list[Finding]]  # what did not pass, the greatest risk first
    passed: Counter[str]  # how often each passed
    defences: tuple[Defence, ...]  # of the assets that matter most, the weightiest first


def judge(estate: Estate, checks: tuple[Check, ...], paths: Paths, settings: Settings) -> Judged:
    """What did not pass, by outcome, the greatest risk first. A framework of one provider is about that one's assets."""
    provider = settings.framework.provider if settings.framework else ""
    crossings = Crossings(paths)
    found: dict[Outcome, list[Finding]] = {o: [] for o in Outcome}
    passed: Counter[str] = Counter()
    kinds: Kinds = defaultdict(list)
    for check in checks:
        kinds[check.kind].append(check)
    for kind, theirs in kinds.items():
        for asset in estate.of(kind):
            if provider and asset.provider != provider:
                continue
            near = estate.near(asset)
            for check in theirs:
                if check.native and asset.native_.keys().isdisjoint(check.native):
                    continue  # it is about an attribute of another provider's
                verdict = _run(check, asset, near)
                if verdict.outcome is Outcome.PASS:
                    passed[check.id] += 1
                else:
                    found[verdict.outcome].append(_finding(check, asset, verdict, estate, crossings))
                    if (fault := estate.facts(asset).fault) and verdict.outcome is not Outcome.ERROR:
                        broken = Verdict(Outcome.ERROR, fault)
                        found[Outcome.ERROR].append(_finding(check, asset, broken, estate, crossings))
    found[Outcome.FAIL] = _once(found[Outcome.FAIL])
    for findings in found.values():
        findings.sort(key=lambda f: (-f.risk.score, -f.severity.rank, f.check.id, f.asset.address))
    return Judged(checks, found, passed, tuple(_defences(estate, kinds, provider)) if settings.defences else ())


def _once(findings: list[Finding]) -> list[Finding]:
    """A secret is told once: by the check that knows what it is for, where there is one."""
    told: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for finding in findings:
        if finding.check.tells_secret and not isinstance(finding.asset, WrittenSecret):
            place = finding.asset.place
            told[place.source.path].append((place.line, place.end_line))

    def is_new(finding: Finding) -> bool:
        at = finding.place
        return not any(first <= at.line <= last for first, last in told[at.source.path])

    return [f for f in findings if not isinstance(f.asset, WrittenSecret) or is_new(f)] if told else findings


def _run(check: Check, asset: Asset, near: Relations) -> Verdict:
    try:
        verdict: object = check.run(asset, near)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a check that raises is an outcome of its own, and named
        return Verdict(Outcome.ERROR, f"{check.id} raised {type(error).__name__}: {error}")
    if isinstance(verdict, Verdict):
        return verdict
    return Verdict(Outcome.ERROR, f"{check.id} answered with a {type(verdict).__name__}: it must end in fail_if()")


def _finding(check: Check, asset: Asset, verdict: Verdict, estate: Estate, crossings: Crossings) -> Finding:
    evidence = evidence_of(verdict.evidence, asset)
    crossed = crossings.of(e.place for e in evidence) if verdict.outcome is Outcome.FAIL else None
    return Finding(
        check=check,
        asset=asset,
        owner=estate.graph.whole_of(asset) or asset,
        outcome=verdict.outcome,
        why=verdict.why,
        evidence=evidence,
        confidence=check.confidence,
        fingerprint=fingerprint(check, asset.address),
        risk=risk(check.severity, check.confidence, estate.facts(asset), crossed),
        condition=asset.condition if asset.exists.unknown else "",
    )


def _parts(asset: Asset, estate: Estate) -> Iterator[Asset]:
    for edge in estate.graph.out(asset, Relation.CONTAINS):
        if edge.end is not None and edge.end.is_part_of(asset):
            yield edge.end
            yield from _parts(edge.end, estate)


def _defences(estate: Estate, kinds: Kinds, provider: str) -> Iterator[Defence]:
    """The assets that matter most are few: their checks are run again, and what passes is kept this time."""
    heavy = [
        (weight(facts), asset)
        for asset in estate.assets
        if (not provider or asset.provider == provider)
        and matters(facts := estate.facts(asset))
        and estate.graph.whole_of(asset) is None
    ]
    heavy.sort(key=lambda h: (-h[0].factor, h[1].address))
    for weighed, asset in heavy[:_WEIGHTIEST]:
        answers = [
            Answer(check, part, _run(check, part, estate.near(part)))
            for part in (asset, *_parts(asset, estate))
            for check in kinds.get(type(part), ())
        ]
        if layers := standings(answers):
            yield Defence(asset, weighed.reasons, layers)
