"""What people call things: words that several forms share."""

from __future__ import annotations

from garrison.estate.assets import Asset
from garrison.findings.result import Result
from garrison.reach.path import Cut, Hop, Path
from garrison.report.terminal.frame import at
from garrison.words import counted

NOTHING_TO_SCAN = "nothing to scan was found"


def kind_of(asset: Asset) -> str:
    """What people call the kind: Kubernetes' own word where there is one."""
    return asset.type.partition(".")[0] if asset.format == "kubernetes" else type(asset).__name__


def called(asset: Asset) -> str:
    """An asset in a sentence: `Bucket fraud-training-data`."""
    return f"{kind_of(asset)} {asset.label}"


def standing(result: Result) -> list[str]:
    """What is counted beside the findings: what is undecided, ignored, known, mended."""
    since = result.since
    said = (
        (len(result.undecided), "unknown"),
        (len(result.ignored), "ignored"),
        (len(result.baselined), f"known in {since}" if since else "in the baseline"),
        (len(result.mended), f"mended since {since}" if since else "of the baseline mended: write it again"),
    )
    return [f"{number} {words}" for number, words in said if number]


def steps(path: Path) -> list[str]:
    """From the entry to the jewel, by name."""
    return [path.entry.value, *(called(hop.end) for hop in path.hops)]


def hop_words(hop: Hop) -> str:
    """A hop as a sentence: `Pod ray-head runs as ServiceAccount ml-train`."""
    return f"{called(hop.start) if hop.start else 'an attacker'} {hop.words} {called(hop.end)}"


def cut_words(cut: Cut, total: int, result: Result) -> tuple[str, str, str]:
    """How many paths it cuts, where it is done (`file:line`, or nothing), and what is cut there."""
    place = cut.hop.stated.place
    many = f"cut {cut.cuts} of {counted(total, 'path')}"
    return many, at(place, result) if place else "", hop_words(cut.hop)
