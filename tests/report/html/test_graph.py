"""The graph of attack paths: built against paths made by hand."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from garrison.findings.result import Result

from .conftest import Open

pytestmark = pytest.mark.browser


def test_graph_merges_what_is_the_same(with_paths: Result, open_report: Open) -> None:
    page = open_report(with_paths, "#paths")
    assert sorted(page.locator(".node .label").all_text_contents()) == [
        "a notebook user", "fraud-training-data", "lab", "scorer", "the internet",
    ]  # fmt: skip
    expect(page.locator(".graph .edge")).to_have_count(5)
    expect(page.locator(".graph .unsure")).to_have_count(1)
    boxes = {
        text.text_content(): rect.bounding_box()
        for text, rect in zip(page.locator(".node .label").all(), page.locator(".node rect").all(), strict=True)
    }
    left = {name: box["x"] for name, box in boxes.items() if box}
    assert left["a notebook user"] < left["lab"] < left["scorer"] < left["fraud-training-data"]
    assert left["the internet"] == left["a notebook user"]


def test_a_path_is_followed_from_the_list_and_from_the_graph(with_paths: Result, open_report: Open) -> None:
    page = open_report(with_paths, "#paths")
    page.locator(".way-head").nth(2).click()
    expect(page.locator(".edge.on")).to_have_count(3)
    expect(page.locator(".node.on")).to_have_count(4)
    expect(page.locator(".hops:visible li")).to_have_count(3)
    expect(page.locator(".hops:visible")).to_contain_text("lab sends jobs to scorer.")
    expect(page).to_have_url(re.compile("path=2"))
    page.locator(".edge", has_text="reaches").focus()
    expect(page.locator(".hint")).to_contain_text("The internet reaches scorer. k8s/scorer.yaml:")
    page.keyboard.press("Enter")
    expect(page.locator(".edge.on")).to_have_count(2)
    page.locator(".way-head").first.click()
    expect(page.locator(".edge.on")).to_have_count(0)


def test_cuts_are_shown_in_the_graph(with_paths: Result, open_report: Open) -> None:
    page = open_report(with_paths, "#paths")
    cut = page.locator(".cut-head").first
    expect(cut).to_contain_text("takes away 2 of 3 paths")
    cut.click()
    expect(page.locator(".edge.cut")).to_have_count(1)
    expect(cut).to_have_attribute("aria-pressed", "true")
    cut.click()
    expect(page.locator(".edge.cut")).to_have_count(0)


def test_the_graph_moves_with_keys_buttons_and_the_mouse(with_paths: Result, open_report: Open) -> None:
    page = open_report(with_paths, "#paths")
    graph = page.locator(".graph")
    seen = [graph.get_attribute("viewBox")]

    def moved() -> bool:
        seen.append(graph.get_attribute("viewBox"))
        return seen[-1] != seen[-2]

    graph.focus()
    for key in ("ArrowRight", "+", "-"):
        page.keyboard.press(key)
        assert moved(), key
    page.get_by_role("button", name="Larger").click()
    assert moved()
    graph.hover(position={"x": 5, "y": 5})
    page.mouse.down()
    box = graph.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 30, steps=5)
    page.mouse.up()
    assert moved()
    page.get_by_role("button", name="Fit").click()
    assert graph.get_attribute("viewBox") == seen[0]


def test_without_paths_the_graph_says_so(result: Result, open_report: Open) -> None:
    page = open_report(result, "#paths")
    expect(page.locator("#part-paths .empty")).to_contain_text("No way was found")
