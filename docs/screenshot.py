"""Draws docs/images/scan.svg: what `garrison scan` shows of the example platform. Run it after the screen has changed."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

from garrison.report import View, form
from garrison.scan.scan import scan

TOP = Path(__file__).parents[1]
WIDTH, LINES = 100, 46


def main() -> None:
    """Write the picture."""
    result = scan([TOP / "examples/fraud-platform/insecure"])
    result.prefix = ""
    view = View(colour=True, width=WIDTH, paths=("examples/fraud-platform/insecure",))
    screen = "".join(form("terminal").render(result, view))
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ garrison scan examples/fraud-platform/insecure\n", style="bold"))
    lines = screen.splitlines()
    console.print(Text.from_ansi("\n".join([*lines[:LINES], " ⋯", "", *lines[-2:]])))
    drawn = console.export_svg(title="garrison scan", unique_id="scan")
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
    (TOP / "docs/images").mkdir(exist_ok=True)
    (TOP / "docs/images/scan.svg").write_text(re.sub(r"[ \t]+\n", "\n", drawn), encoding="utf8")


if __name__ == "__main__":
    main()
