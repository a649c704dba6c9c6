"""What `garrison scan` costs: a line per figure with its goal. `make bench-scan` runs it.

CPU-seconds are those of whole processes; where a peer is named, it ran on the same input in the same run. Goals that
name a public corpus need its folder as an argument; without it generated input of about the same size stands in, for
which there is no goal.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec

import generate
from measure import Cost, line, median, run

GARRISON = str(Path(sys.executable).with_name("garrison"))
EXAMPLE = Path(__file__).parents[1] / "examples/fraud-platform/insecure"
MEBIBYTE = 1 << 20


class Goals(msgspec.Struct, frozen=True):
    """What is to be reached on a corpus: CPU seconds, and how many times as much the peer takes."""

    cpu_s: float | None = None
    cpu_ratio: float | None = None
    memory_ratio: float | None = None


TERRAGOAT, MANIFESTS = Goals(0.35, 20, 4), Goals(2, 40, 4)


def scanned(path: Path, runs: int = 5) -> Cost:
    """The cost of a scan with its JSON report. Ends the benchmark where the scan itself did not work."""
    command = [GARRISON, "scan", str(path), "--format", "json", "-o", os.devnull]
    cost = median(command, runs) if runs > 1 else run(command)
    if cost.exit_code not in (0, 1, 3):
        sys.exit(f"{' '.join(command)} ended with {cost.exit_code}")
    return cost


def start_up(folder: Path) -> None:
    """What everybody pays for."""
    line("garrison --version, CPU", median([GARRISON, "--version"], 15).cpu_s * 1000, 80, "ms")
    empty = folder / "empty"
    empty.mkdir()
    line("scan of an empty folder, CPU", median([GARRISON, "scan", str(empty)], 15).cpu_s * 1000, 200, "ms")


def corpus(name: str, path: Path, goals: Goals, checkov: str | None) -> None:
    """One corpus: CPU alone, then CPU and memory against checkov."""
    ours = scanned(path)
    line(f"{name}, CPU", ours.cpu_s, goals.cpu_s, "s")
    print(f"{'':4}garrison: {ours.cpu_s:.2f} CPU-s, {ours.peak_bytes / MEBIBYTE:.0f} MiB, exit {ours.exit_code}")
    if checkov is None:
        print(f"{name}: no checkov given, no ratio")
        return
    theirs: Cost = run([checkov, "-d", str(path), "--quiet", "--compact", "-o", "json", "--skip-download"])
    print(f"{'':4}checkov: {theirs.cpu_s:.2f} CPU-s, {theirs.peak_bytes / MEBIBYTE:.0f} MiB, exit {theirs.exit_code}")
    line(f"{name}, checkov's CPU / ours", theirs.cpu_s / ours.cpu_s, goals.cpu_ratio, "times", at_least=True)
    line(
        f"{name}, checkov's memory / ours",
        theirs.peak_bytes / ours.peak_bytes,
        goals.memory_ratio,
        "times",
        at_least=True,
    )


def growth(folder: Path) -> None:
    """Ten times as much may take eleven times as long."""
    ten = folder / "ten"
    for n in range(10):
        shutil.copytree(EXAMPLE, ten / f"copy-{n}")
    once, tenfold = scanned(EXAMPLE), scanned(ten)
    line("the example ten times / once, CPU", tenfold.cpu_s / once.cpu_s, 11, "times")


def large(folder: Path) -> None:
    """100,000 resources: half Terraform, half Kubernetes."""
    generate.terraform(folder / "large" / "terraform", 50_000)
    generate.kubernetes(folder / "large" / "kubernetes", 50_000)
    cost = scanned(folder / "large", runs=1)
    line("100,000 resources, CPU", cost.cpu_s, 45, "s")
    line("100,000 resources, peak memory", cost.peak_bytes / MEBIBYTE, 1536, "MiB")


def main() -> None:
    """Run all of it in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terragoat", type=Path)
    parser.add_argument("--manifests", type=Path, help="a checkout of kubeflow/manifests")
    parser.add_argument("--checkov", help="the command of an installed checkov")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start_up(folder)
        if given.terragoat is not None:
            corpus("terragoat", given.terragoat, TERRAGOAT, given.checkov)
        else:
            generate.terraform(folder / "terraform", 250, 5)
            corpus("50 generated Terraform files", folder / "terraform", Goals(), given.checkov)
        if given.manifests is not None:
            corpus("kubeflow/manifests", given.manifests, MANIFESTS, given.checkov)
        else:
            generate.kubernetes(folder / "manifests", 2_000, 10)
            corpus("200 generated manifests", folder / "manifests", Goals(), given.checkov)
        growth(folder)
        large(folder)


if __name__ == "__main__":
    main()
