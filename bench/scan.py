"""What `garrison scan` costs: a line per figure with its goal. `make bench-scan` runs it.

CPU-seconds are those of whole processes; where a peer is named, it ran on the same input in the same run. Goals that
name a public corpus need its folder as an argument; without it generated input of about the same size stands in.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import generate
from measure import Cost, median, run

GARRISON = str(Path(sys.executable).with_name("garrison"))
EXAMPLE = Path(__file__).parents[1] / "examples/fraud-platform/insecure"
MEBIBYTE = 1 << 20


def line(name: str, measured: float, goal: float, unit: str, *, at_least: bool = False) -> None:
    """Print a figure beside its goal."""
    met = measured >= goal if at_least else measured <= goal
    sign = "≥" if at_least else "≤"
    print(f"{name:58} {measured:10.3f} {unit:6} goal {sign} {goal:<8g} {'met' if met else 'short'}", flush=True)


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


def corpus(name: str, path: Path, goal_s: float, goal_ratio: float, checkov: str | None) -> None:
    """One corpus: CPU alone, then CPU and memory against checkov."""
    ours = scanned(path)
    line(f"{name}, CPU", ours.cpu_s, goal_s, "s")
    print(f"{'':4}garrison: {ours.cpu_s:.2f} CPU-s, {ours.peak_bytes / MEBIBYTE:.0f} MiB, exit {ours.exit_code}")
    if checkov is None:
        print(f"{name}: no checkov given, no ratio")
        return
    theirs: Cost = run([checkov, "-d", str(path), "--quiet", "--compact", "-o", "json", "--skip-download"])
    print(f"{'':4}checkov: {theirs.cpu_s:.2f} CPU-s, {theirs.peak_bytes / MEBIBYTE:.0f} MiB, exit {theirs.exit_code}")
    line(f"{name}, checkov's CPU / ours", theirs.cpu_s / ours.cpu_s, goal_ratio, "times", at_least=True)
    line(f"{name}, checkov's memory / ours", theirs.peak_bytes / ours.peak_bytes, 4, "times", at_least=True)


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
        if given.terragoat is None:
            generate.terraform(folder / "terraform", 250, 5)
        corpus("terragoat" if given.terragoat else "50 generated Terraform files", given.terragoat or folder / "terraform", 0.35, 20, given.checkov)  # fmt: skip
        if given.manifests is None:
            generate.kubernetes(folder / "manifests", 2_000, 10)
        corpus("kubeflow/manifests" if given.manifests else "200 generated manifests", given.manifests or folder / "manifests", 2, 40, given.checkov)  # fmt: skip
        growth(folder)
        large(folder)


if __name__ == "__main__":
    main()
