"""What signals are called that no rule tells: what `rules` of a route, a response or a silence can name beside ids and titles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from garrison.watch.baselines.baseline import Kind
from garrison.watch.baselines.hour import Measure
from garrison.watch.baselines.novelty import Field

# * stands for what a judge fills in: a test, a part of the watch, the name of a route or a response.
_OTHERS: Final = (
    "concept drift (*)", "drift of *", "odd inputs (*)", "model extraction", "silent input", "lines lost", "lines in quarantine", "senders denied",
    "baselines forgotten", "broken rule", "rule changes", "rules cannot be read", "* failed", "* does not run",
    "response-failed", "route-gave-up",
)  # fmt: skip


def names() -> Iterator[str]:
    """All of them, some as patterns."""
    for kind in Kind:
        for measure in Measure:
            yield from (f"{kind} {measure}", f"{kind} {measure}, slowly")
        yield from (f"{kind} new {field}" for field in Field)
    yield from _OTHERS
