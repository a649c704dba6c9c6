"""The report as a browser shows it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, expect

from garrison.checks.frameworks import framework
from garrison.findings.result import Result
from garrison.report import View

from .conftest import Open

pytestmark = pytest.mark.browser

# What of the text on a page is too pale: WCAG 2.2, section 1.4.3, measured on what is drawn.
CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; }
    return [255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.checkVisibility() || e.closest('svg, script, style, noscript')) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${walker.currentNode.data.trim().slice(0, 30)} ${e.className} ${ratio.toFixed(2)}`);
  }
  return [...new Set(poor)];
}"""


def entries(page: Page) -> list[str]:
    return page.locator("#entries h3").all_text_contents()


def test_first_page(result: Result, open_report: Open) -> None:
    page = open_report(result)
    expect(page.locator("h1")).to_contain_text("1 critical and 2 high findings on 2 assets")
    expect(page.locator(".notice")).to_contain_text("incomplete")
    expect(page.locator(".first li").first).to_contain_text("fraud-training-data")
    expect(page.locator(".matrix")).to_contain_text("fraud-training-data")
    assert page.locator("noscript").count() == 1


def test_a_number_leads_to_its_findings_and_back(result: Result, open_report: Open) -> None:
    page = open_report(result)
    page.locator(".tally a", has_text="critical").click()
    expect(page.locator("#found")).to_contain_text("1 of")
    assert "findings?severity=critical" in page.url
    page.go_back()
    expect(page.locator("#part-overview")).to_be_visible()


def test_a_layer_of_an_asset_leads_to_what_fails_on_it(result: Result, open_report: Open) -> None:
    page = open_report(result)
    page.locator(".matrix tbody tr", has_text="fraud-training-data").locator("td a").first.click()
    assert entries(page) == ["Bucket fraud-training-data"]
    expect(page.locator("#facet-layer")).to_have_value("identity")


def test_filters_narrow_and_are_in_the_address(result: Result, open_report: Open) -> None:
    page = open_report(result, "#findings")
    everything = page.locator("#found b").inner_text()
    assert everything == str(len(result.findings))
    page.locator("#facet-provider").select_option("kubernetes")
    assert entries(page) == ["Deployment scorer"]
    page.get_by_role("button", name="high", exact=True).click()
    expect(page.get_by_role("button", name="high", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".finding")).to_have_count(2)
    expect(page).to_have_url(re.compile("severity=high"))
    page.reload()
    expect(page.locator(".finding")).to_have_count(2)
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("#found b")).to_have_text(everything)


def test_ml_only(result: Result, open_report: Open) -> None:
    page = open_report(result, "#findings")
    page.get_by_label("ML only").check()
    about_ml = sum(f.check.about_ml for f in result.findings)
    expect(page.locator("#found b")).to_have_text(f"{about_ml} of {len(result.findings)}")


def test_search_looks_at_everything_that_is_said(result: Result, open_report: Open) -> None:
    page = open_report(result, "#findings")
    page.keyboard.press("/")
    for words, owner in {
        "privileged scorer": "Deployment scorer",
        "AML.T0105": "Deployment scorer",
        "main.tf fraud-training readable internet": "",
        "anybody read bucket": "Bucket fraud-training-data",
    }.items():
        page.locator("#search").fill(words)
        assert (entries(page) or [""])[0] == owner, words
    page.keyboard.press("Escape")
    expect(page.locator("#found b")).to_have_text(str(len(result.findings)))


def test_undecided_and_ignored(result: Result, open_report: Open) -> None:
    page = open_report(result, "#findings?outcome=undecided")
    page.locator(".head").first.click()
    expect(page.locator(".detail").first).to_be_hidden()
    page.locator(".head").first.click()
    expect(page.locator(".detail").first).to_contain_text("var.team")
    page.locator("#facet-outcome").select_option("ignored")
    assert entries(page) == ["Bucket published"]
    expect(page.locator(".detail").first).to_contain_text("The data set is published.")


def test_a_finding_tells_why_where_and_how_to_mend_it(result: Result, open_report: Open) -> None:
    page = open_report(result, "#findings?q=bucket-public&severity=critical")
    detail = page.locator(".detail").first
    expect(detail.locator(".marked code").last).to_contain_text('acl    = "public-read"')
    expect(detail.locator("figcaption").first).to_have_text("infra/main.tf:11")
    expect(detail).to_contain_text("block public access")
    expect(detail).to_contain_text("AML.T0035")
    assert detail.locator("a:not(.permalink)").count() == 0
    detail.locator("summary").click()
    assert detail.locator(".added").count() > 0
    detail.locator(".permalink").click()
    expect(page.locator("#found b")).to_have_text(f"1 of {len(result.findings)}")


def test_keys(result: Result, open_report: Open) -> None:
    page = open_report(result, "#findings")
    page.keyboard.press("j")
    page.keyboard.press("j")
    focused = page.locator(".head").nth(1)
    expect(focused).to_be_focused()
    page.keyboard.press("Enter")
    expect(focused).to_have_attribute("aria-expanded", "true")
    expect(focused).to_be_focused()


def test_coverage_tells_what_was_not_seen(result: Result, open_report: Open) -> None:
    page = open_report(result, "#coverage")
    part = page.locator("#part-coverage")
    for words in ("k8s/broken.yaml:3", "var.team", "Bicep is not read", "The data set is published."):
        expect(part).to_contain_text(words)


def test_controls_are_a_part_of_their_own(result: Result, open_report: Open) -> None:
    page = open_report(result)
    expect(page.locator("#views a")).to_have_count(4)
    result.framework = framework("NIST-800-53")
    page = open_report(result, "#controls")
    row = page.locator("#part-controls tbody tr", has_text="Access Enforcement")
    expect(row).to_contain_text("failed")
    row.get_by_role("link", name="bucket-public", exact=True).click()
    expect(page.locator("#search")).to_have_value("bucket-public")


def test_known_findings_are_told_by_where_they_are_known(result: Result, open_report: Open) -> None:
    result.baselined, result.findings, result.since = result.findings, [], "main"
    page = open_report(result, "#findings?outcome=known")
    expect(page.locator("#found")).to_contain_text("findings known in main on")
    expect(page.locator("h1")).to_contain_text("Nothing new was found")


def test_five_thousand_findings_stay_fluent(many: Result, open_report: Open) -> None:
    page = open_report(many, "#findings")
    expect(page.locator("#found b")).to_have_text("5,000")
    drawn = page.locator(".entry").count()
    assert drawn < 100
    page.mouse.wheel(0, 50_000)
    expect(page.locator(".entry").nth(drawn)).to_be_attached()
    started = time.perf_counter()
    page.locator("#search").fill("training[7]")
    expect(page.locator(".entry")).to_have_count(1)
    assert time.perf_counter() - started < 3


def test_an_entry_with_many_findings_shows_some(many: Result, open_report: Open) -> None:
    first = many.findings[0].asset
    many.findings = [msgspec.structs.replace(f, owner=first) for f in many.findings[:200]]
    page = open_report(many, "#findings")
    expect(page.locator(".finding")).to_have_count(25)
    page.get_by_role("button", name="Show 175 more on it").click()
    expect(page.locator(".finding")).to_have_count(200)


def test_dark_follows_the_system_and_can_be_chosen(result: Result, open_report: Open) -> None:
    page = open_report(result, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Change to light colours").click()
    light = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == light


def test_paper_has_everything_and_no_controls(with_paths: Result, open_report: Open, tmp_path: Path) -> None:
    page = open_report(with_paths)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".detail")).to_have_count(len(with_paths.findings))
    for part in ("overview", "findings", "paths", "coverage"):
        expect(page.locator(f"#part-{part}")).to_be_visible()
    for control in ("#views", "#theme", ".filters", ".zoom"):
        expect(page.locator(control).first).to_be_hidden()
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").stat().st_size > 20_000
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    expect(page.locator("#part-coverage")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["overview", "findings", "paths", "coverage"])
def test_text_can_be_read(with_paths: Result, open_report: Open, view: str, scheme: str) -> None:
    page = open_report(with_paths, f"#{view}?open=all", color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_nothing_sticks_out(with_paths: Result, open_report: Open, width: int, tmp_path: Path) -> None:
    page = open_report(with_paths)
    page.set_viewport_size({"width": width, "height": 800})
    for view in ("overview", "findings", "paths", "coverage"):
        page.locator(f'#views a[data-view="{view}"]').click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        page.screenshot(path=tmp_path / f"{view}-{width}.png")


def test_everything_has_a_name(with_paths: Result, open_report: Open) -> None:
    page = open_report(with_paths)
    for view in ("overview", "findings", "paths", "coverage"):
        page.locator(f'#views a[data-view="{view}"]').click()
        names = page.evaluate(
            "[...document.querySelectorAll('button, a, input, select, [role=button], [tabindex]')]"
            ".filter(e => e.checkVisibility())"
            ".map(e => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent)"
        )
        assert names
        assert all(re.search(r"\w|\d|[+−]", name) for name in names)


def test_what_was_scanned_is_in_the_head(result: Result, open_report: Open) -> None:
    view = View(paths=("infra", "k8s"), time_ms=1_795_442_700_000, dated=True)
    page = open_report(result, view=view)
    expect(page.locator("#scanned")).to_have_text(
        f"infra k8s · 3 files, {result.assets} assets, AWS and Kubernetes · 2026-11-23 14:05 UTC"
    )
