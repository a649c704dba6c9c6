"""Envoy and what stands beside it, as processes that lose no line of the audit feed."""

from __future__ import annotations

import sys
from pathlib import Path

from garrison.gateway.envoy.bootstrap import arguments
from garrison.running.child import Process, spawn


def start(envoy: Path, bootstrap: Path, *, workers: int, drain_s: float) -> Process:
    """Start Envoy. What it has to say goes where our own words go."""
    return spawn([str(envoy), *arguments(bootstrap, workers=workers, drain_s=drain_s)])


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
