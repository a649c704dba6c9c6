"""The graph of attack paths: built against paths made by hand."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from garrison.findings.result import Result
from garrison.reach.path import Entry, Jewel, Medium, Path, Paths

from .conftest import Open, hop

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


def test_two_things_that_lead_to_each_other_are_drawn_with_a_bow(with_paths: Result, open_report: Open) -> None:
    owners = {f.owner.label: f.owner for f in with_paths.findings}
    scorer, lab, data = owners["scorer"], owners["lab"], owners["fraud-training-data"]
    there = hop(scorer, lab, Medium.NETWORK, "reaches"), hop(lab, data, Medium.IDENTITY, "reads")
    back = hop(lab, scorer, Medium.NETWORK, "reaches"), hop(scorer, data, Medium.IDENTITY, "reads")
    found = tuple(
        Path(Entry.INTERNET, (hop(None, steps[0].start or data, Medium.NETWORK, "reaches"), *steps), Jewel.MODELS, sure=True, score=1)
        for steps in (there, back)
    )  # fmt: skip
    with_paths.paths = Paths(found, 2)
    page = open_report(with_paths, "#paths")
    expect(page.locator(".graph .edge")).to_have_count(6)
    drawn = [way.get_attribute("d") or "" for way in page.locator(".graph .way").all()]
    assert len(set(drawn)) == 6
    assert all(re.fullmatch(r"[MCH0-9 .-]+", way) for way in drawn)


def test_of_many_paths_the_worst_are_drawn_and_the_one_that_is_followed(with_paths: Result, open_report: Open) -> None:
    worst, other, last = with_paths.paths.found
    with_paths.paths = Paths((worst, *[other] * 49, last), 900)
    page = open_report(with_paths, "#paths")
    expect(page.locator(".lead")).to_contain_text("900 ways")
    expect(page.locator(".lead")).to_contain_text("The 51 worst are listed, the 40 worst are drawn.")
    expect(page.locator(".graph .edge")).to_have_count(3)
    page.locator(".way-head").last.click()
    expect(page.locator(".graph .edge")).to_have_count(5)
    expect(page.locator(".graph .edge.on")).to_have_count(3)


def test_without_paths_the_graph_says_so(result: Result, open_report: Open) -> None:
    result.paths = Paths()
    page = open_report(result, "#paths")
    expect(page.locator("#part-paths .empty")).to_contain_text("No way was found")
