"""What others wrote stays text, and the policy of the file holds whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, expect

from garrison.findings.result import Result
from garrison.scan.scan import scan

from .conftest import Open, written

pytestmark = pytest.mark.browser

HOSTILE = [
    "</script><script>hit=1</script>",
    '"><img src=x onerror=hit=1>',
    "<svg onload=hit=1>",
    "javascript:hit=1",
    "\u202eevil\u2066",
    "x" * 10_000,
]


def test_hostile_text_stays_text(tmp_path: Path, open_report: Open) -> None:
    bucket = 'resource "aws_s3_bucket" "b{0}" {{\n  bucket = "{1}"\n  acl = "public-read" # {1}\n}}\n'
    names = [name.replace('"', '\\"') for name in HOSTILE]
    (tmp_path / "<img src=x onerror=hit=1>.tf").write_text(
        "".join(bucket.format(n, name) for n, name in enumerate(names))
    )
    page = open_report(scan([tmp_path]), "#findings?open=all")
    shown = page.locator("#entries").text_content() or ""
    assert "</script><script>hit=1</script>" in shown
    assert '"><img src=x onerror=hit=1>' in shown
    assert "\\u202eevil\\u2066" in shown
    for view in ("overview", "paths", "coverage"):
        page.locator(f'#views a[data-view="{view}"]').click()
    assert page.evaluate("typeof hit") == "undefined"
    assert page.locator("img, #entries script, #entries svg").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("#findings?severity=<img>&asset=%00&pillar=%E0%A4%A", "Nothing matches these filters."),
        ("#findings?outcome=__proto__&finding=x", "Nothing matches these filters."),
        ("#constructor?open=all", "Mend first"),
        ("#paths?path=length&path=1e9", "Attack paths"),
    ],
)
def test_a_hostile_address_asks_for_nothing(result: Result, open_report: Open, address: str, shown: str) -> None:
    page = open_report(result, address)
    expect(page.locator("main")).to_contain_text(shown)


def test_the_policy_forbids_all_but_the_report(result: Result, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "r.html").write_text(written(result), encoding="utf8")
    page = browser.new_page()
    page.goto((tmp_path / "r.html").as_uri())
    with pytest.raises(Error, match="TrustedHTML"):
        page.evaluate("document.body.innerHTML = '<img src=x onerror=hit=1>'")
    with pytest.raises(Error, match="Failed to fetch"):
        page.evaluate("fetch('https://example.com/')")
    page.evaluate("() => { const i = new Image(); i.src = 'https://example.com/x.png'; document.body.append(i); }")
    page.evaluate(
        "() => { const s = document.createElement('style'); s.textContent = 'h1{display:none}'; document.head.append(s); }"
    )
    expect(page.locator("h1")).to_be_visible()
    page.close()
