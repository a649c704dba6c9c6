"""Envoy and what stands beside it, as processes that lose no line of the audit feed."""

from __future__ import annotations

import sys
from pathlib import Path

from garrison.running.child import Process, spawn

# Without these, up to 64 KB of the audit feed are lost if Envoy is killed.
FLUSH = ("--file-flush-interval-msec", "50", "--file-flush-min-size-kb", "1")


def start(envoy: Path, bootstrap: Path, log: Path, *, workers: int, drain_s: float) -> Process:
    """Start Envoy. What it has to say goes where our own words go; the audit feed is for its owner only."""
    make_log(log)
    command = [
        str(envoy), "-c", str(bootstrap), "--disable-hot-restart", "--log-level", "warn", *FLUSH,
        "--drain-time-s", str(max(1, round(drain_s))), "--drain-strategy", "immediate",
        *(("--concurrency", str(workers)) if workers else ()),
    ]  # fmt: skip
    return spawn(command)


def make_log(log: Path) -> None:
    """An audit feed that is there, and that nobody else can read."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log.touch(mode=0o600)


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
