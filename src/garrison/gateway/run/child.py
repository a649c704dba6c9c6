"""Envoy and what stands beside it, as processes that lose no line of the audit feed."""

from __future__ import annotations

import sys
from pathlib import Path

from garrison.running.child import Process, spawn

# Without these, up to 64 KB of the audit feed are lost if Envoy is killed.
FLUSH = ("--file-flush-interval-msec", "50", "--file-flush-min-size-kb", "1")


def start(envoy: Path, bootstrap: Path, *, workers: int, drain_s: float) -> Process:
    """Start Envoy. What it has to say goes where our own words go."""
    command = [
        str(envoy), "-c", str(bootstrap), "--disable-hot-restart", "--log-level", "warn", *FLUSH,
        "--drain-time-s", str(max(1, round(drain_s))), "--drain-strategy", "immediate",
        *(("--concurrency", str(workers)) if workers else ()),
    ]  # fmt: skip
    return spawn(command)


def start_counter(job: Path) -> Process:
    """Start the counter of quotas."""
    return spawn([sys.executable, "-m", "garrison.gateway.quota", str(job)])


def start_fetcher(job: Path) -> Process:
    """Start what fetches the keys of issuers."""
    return spawn([sys.executable, "-m", "garrison.gateway.issuers", str(job)])


def start_service(bundle: Path, socket: Path) -> Process:
    """Start the authorisation service."""
    where = ["--bundle", str(bundle), "--socket", str(socket)]
    return spawn([sys.executable, "-m", "garrison.gateway.authorise", *where])
