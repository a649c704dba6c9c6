"""A store with events in it, as the judge has it."""

from __future__ import annotations

from tests.watch.judge.conftest import node, put

__all__ = ["node", "put"]
