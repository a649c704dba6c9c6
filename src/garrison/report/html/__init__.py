"""For people who read at leisure or pass it on: one HTML file that asks nothing of the network."""

from __future__ import annotations

from collections.abc import Iterator

from garrison.findings.result import Result
from garrison.report import View
from garrison.report.html.data import report_data
from garrison.report.html.page import pieces

TELLS_DEFENCES = True


def render(result: Result, view: View) -> Iterator[str]:
    """The whole file. It holds everything that was found, whatever is asked of the terminal."""
    yield from pieces(report_data(result, view))
