"""Draws findings to be read by eye: the sample behind `docs/accuracy.md`.

python bench/sample.py NAME=FOLDER ... [--each 5] prints, for each check, up to `--each` findings with the lines that decided
them. The draw is by fingerprint: the same findings give the same sample.
"""

from __future__ import annotations

import argparse
import gc
from collections import defaultdict
from pathlib import Path

from garrison.findings.finding import Finding
from garrison.scan.scan import scan

_LINES = 4  # of evidence for each finding
_WIDTH = 150


def drawn(found: list[tuple[str, Finding]], each: int) -> list[tuple[str, Finding]]:
    """Spread over the repositories, then by fingerprint: in turn the first of each."""
    by_name: dict[str, list[tuple[str, Finding]]] = defaultdict(list)
    for name, finding in sorted(found, key=lambda f: f[1].fingerprint):
        by_name[name].append((name, finding))
    turns = max(map(len, by_name.values()))
    return [theirs[n] for n in range(turns) for _, theirs in sorted(by_name.items()) if n < len(theirs)][:each]


def main() -> None:
    """Scan, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--each", type=int, default=5)
    given = parser.parse_args()
    gc.disable()
    by_check: dict[str, list[tuple[str, Finding]]] = defaultdict(list)
    for repository in given.repositories:
        name, _, folder = repository.partition("=")
        for finding in scan([Path(folder)]).findings:
            by_check[finding.check.id].append((name, finding))
    for check_id, found in sorted(by_check.items()):
        print(f"## {check_id}: {len(found)}")
        for name, finding in drawn(found, given.each):
            print(f"- {name} {finding.asset.address[:_WIDTH]}: {finding.why}")
            for evidence in finding.evidence[:_LINES]:
                place = evidence.place
                text = place.source.line(place.line - 1).decode("utf8", "replace").strip()[:_WIDTH]
                print(f"    {place.source.path}:{place.line}: {text}  {f'[{evidence.note}]' if evidence.note else ''}")


if __name__ == "__main__":
    main()
