"""What the HTML report costs with 5,000 findings: its size, how soon it can be read, how soon a search answers.

`make bench-html` runs it in Chromium. Times are medians of fresh pages; the browser itself is started before.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from garrison.findings.result import Result
from garrison.report import View, form
from garrison.scan.scan import scan
from measure import line

EXAMPLE = Path(__file__).parents[1] / "examples/fraud-platform/insecure"
FINDINGS, RUNS = 5_000, 7
# When the first entries stand on the screen, in milliseconds since the page was asked for.
PAINTED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(
  document.querySelector('.entry .detail') ? performance.now() : NaN))))"""
LOADED = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
SEARCH = """async (words) => {
  const input = document.getElementById('search');
  const started = performance.now();
  input.value = words;
  input.dispatchEvent(new Event('input'));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - started;
}"""
WORDS = ("r", "ray", "bucket", "bucket copy-7", "nothing at all", "")


def large(folder: Path) -> Result:
    """The example platform as often as it takes, all of it in one scan."""
    copies = 1 + FINDINGS // len(scan([EXAMPLE]).findings)
    for number in range(copies):
        shutil.copytree(EXAMPLE, folder / f"copy-{number}")
    result = scan([folder])
    result.findings = result.findings[:FINDINGS]
    return result


def opened(browser: Browser, file: Path) -> None:
    """How soon the page is there, on both of its longest parts, and a search in it."""
    loaded: list[float] = []
    painted: list[float] = []
    searched: list[float] = []
    for _ in range(RUNS):
        page = browser.new_page()
        page.goto(f"{file.as_uri()}#findings")
        painted.append(page.evaluate(PAINTED))
        loaded.append(page.evaluate(LOADED))
        searched += [page.evaluate(SEARCH, words) for words in WORDS]
        page.close()
    line(f"{FINDINGS:,} findings, DOMContentLoaded", statistics.median(loaded), 1000, "ms")
    line(f"{FINDINGS:,} findings, first entries painted", statistics.median(painted), 1000, "ms")
    line(f"{FINDINGS:,} findings, a search to the next frame, median", statistics.median(searched), 100, "ms")
    line(f"{FINDINGS:,} findings, a search to the next frame, longest", max(searched), None, "ms")


def main() -> None:
    """Write the report once, open it several times."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        result = large(folder / "platform")
        started = time.process_time()
        text = "".join(form("html").render(result, View()))
        line(f"{FINDINGS:,} findings, written, CPU", time.process_time() - started, None, "s")
        file = folder / "report.html"
        file.write_text(text, encoding="utf8")
        line(f"{FINDINGS:,} findings, size", file.stat().st_size / 1e6, 5, "MB")
        browser = driver.chromium.launch(executable_path=shutil.which(os.environ.get("CHROMIUM", "chromium")))
        opened(browser, file)
        browser.close()


if __name__ == "__main__":
    main()
