"""Draws the pictures in docs/images: what `garrison scan` shows of the example platform. Run it after that has changed."""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from garrison.findings.result import Result
from garrison.report import View, form
from garrison.scan.scan import scan

TOP = Path(__file__).parents[1]
IMAGES = TOP / "docs/images"
EXAMPLE = "examples/fraud-platform/insecure"
WIDTH, LINES = 100, 46


def main() -> None:
    """Write the pictures."""
    result = scan([TOP / EXAMPLE])
    result.prefix = ""
    IMAGES.mkdir(exist_ok=True)
    terminal(result)
    report(result)


def terminal(result: Result) -> None:
    """What a terminal shows first, in colours."""
    view = View(colour=True, width=WIDTH, paths=(EXAMPLE,))
    screen = "".join(form("terminal").render(result, view))
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ garrison scan {EXAMPLE}\n", style="bold"))
    lines = screen.splitlines()
    console.print(Text.from_ansi("\n".join([*lines[:LINES], " ⋯", "", *lines[-2:]])))
    drawn = console.export_svg(title="garrison scan", unique_id="scan")
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
    (IMAGES / "scan.svg").write_text(re.sub(r"[ \t]+\n", "\n", drawn), encoding="utf8")


def report(result: Result) -> None:
    """The first page of the HTML report in the light, and its attack paths in the dark."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        file = Path(name, "report.html")
        file.write_text("".join(form("html").render(result, View(paths=(EXAMPLE,)))), encoding="utf8")
        browser = driver.chromium.launch(executable_path=shutil.which(os.environ.get("CHROMIUM", "chromium")))
        page = browser.new_page(viewport={"width": 1280, "height": 960}, color_scheme="light")
        page.goto(file.as_uri())
        page.screenshot(path=IMAGES / "report-light.png")
        page = browser.new_page(viewport={"width": 1280, "height": 960}, color_scheme="dark")
        page.goto(f"{file.as_uri()}#{'paths' if result.paths.found else 'findings'}")
        page.screenshot(path=IMAGES / "report-dark.png")
        browser.close()


if __name__ == "__main__":
    main()
