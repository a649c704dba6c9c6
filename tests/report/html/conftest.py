"""A report in a real browser: Debian's Chromium, driven from outside. Nothing it does may reach the network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from garrison.estate.assets import Asset
from garrison.estate.values import State, Value
from garrison.findings.finding import Finding
from garrison.findings.result import Result
from garrison.reach.path import Cut, Entry, Hop, Jewel, Medium, Paths
from garrison.reach.path import Path as AttackPath
from garrison.report import View, form

Open = Callable[..., Page]


def written(result: Result, view: View | None = None) -> str:
    return "".join(form("html").render(result, view or View()))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if found is None:
        pytest.fail("no Chromium is installed: run make browser, or name one in CHROMIUM")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found)
        yield browser
        browser.close()


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a report; afterwards the console must be empty, and nothing but the file itself been asked for."""
    said: list[str] = []
    asked: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)
    file = tmp_path / "the report.html"

    def open_(result: Result, address: str = "", view: View | None = None, **options: str) -> Page:
        file.write_text(written(result, view), encoding="utf8")
        page = context.new_page()
        if options:
            page.emulate_media(**options)  # type: ignore[arg-type]
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{file.as_uri()}{address}")
        return page

    yield open_
    context.close()
    assert said == []
    assert {url.partition("#")[0] for url in asked} <= {file.as_uri()}


def hop(start: Asset | None, end: Asset, medium: Medium, words: str, *, sure: bool = True) -> Hop:
    place = (start or end).place
    return Hop(
        start, end, medium, words, Value(State.KNOWN if sure else State.UNKNOWN, None, place, "so it is assumed")
    )


@pytest.fixture
def with_paths(result: Result) -> Result:
    """Three paths over three assets: two share their last hop, which is the best cut; one hangs on an unknown."""
    assets = {f.owner.label: f.owner for f in result.findings}
    scorer, lab, data = assets["scorer"], assets["lab"], assets["fraud-training-data"]
    into, reads = hop(None, scorer, Medium.NETWORK, "reaches"), hop(scorer, data, Medium.IDENTITY, "reads")
    sends = hop(lab, scorer, Medium.NETWORK, "sends jobs to", sure=False)
    found = (
        AttackPath(Entry.INTERNET, (into, reads), Jewel.TRAINING_DATA, sure=True, score=90),
        AttackPath(Entry.INTERNET, (hop(None, data, Medium.NETWORK, "reads"),), Jewel.TRAINING_DATA, sure=True, score=80),
        AttackPath(Entry.NOTEBOOK_USER, (hop(None, lab, Medium.CODE, "runs code in"), sends, reads), Jewel.TRAINING_DATA, sure=False, score=40),
    )  # fmt: skip
    result.paths = Paths(found, 3, (Cut(reads, 2), Cut(into, 1)), ("a role reads what its policies allow",))
    return result


@pytest.fixture
def many(result: Result) -> Result:
    """5,000 findings on a thousand assets, made of those of the small estate."""
    some = [f for f in result.findings if f.owner is f.asset]
    assets = {f.asset.address: f.asset for f in some}

    def copy(finding: Finding, number: int) -> Finding:
        old = assets[finding.asset.address]
        asset = msgspec.structs.replace(old, address=f"{old.address}[{number}]")
        return msgspec.structs.replace(
            finding, asset=asset, owner=asset, fingerprint=f"{finding.fingerprint[:10]}{number:06}"
        )

    copies = -(-5000 // len(some))
    result.findings = [copy(f, n) for n in range(copies) for f in some][:5000]
    return result
