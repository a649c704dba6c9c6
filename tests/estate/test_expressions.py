"""Which contexts flow out of GitHub's expressions."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.expressions import flows


@pytest.mark.parametrize(
    ("inside", "names"),
    [
        ("github.event.issue.title", ["github.event.issue.title"]),
        ("GitHub.Event.Issue.Title", ["github.event.issue.title"]),
        ("github['event'].issue['title']", ["github.event.issue.title"]),
        ("github.event.commits[0].message", ["github.event.commits.*.message"]),
        ("github.head_ref || github.ref_name", ["github.head_ref", "github.ref_name"]),
        ("format('{0}', github.head_ref)", ["github.head_ref"]),
        ("github.event_name == 'pull_request' && github.head_ref || 'main'", ["github.head_ref"]),
        ("env.TITLE", ["env.title"]),
        ("secrets.A", ["secrets.a"]),
        # What is only asked about.
        ("contains(github.event.comment.body, '/run')", []),
        ("startsWith(fromJSON(toJSON(github.head_ref)), 'x') && 'a'", []),
        ("github.event.issue.title == 'x'", []),
        ("'x' != github.head_ref", []),
        ("!github.head_ref", []),
        ("github.head_ref && 'a' || 'b'", []),
        ("'github.head_ref'", []),
        ("mygithub.head_ref", []),
    ],
)
def test_contexts_that_flow(inside: str, names: list[str]) -> None:
    assert [f.name for f in flows(f"a ${{{{ {inside} }}}} b")] == names


def test_the_whole_of_a_context() -> None:
    (flow,) = flows("x='${{ toJSON(github.event) }}'")
    assert (flow.name, flow.whole, flow.expression) == ("github.event", True, "${{ toJSON(github.event) }}")


def test_several_in_one_text_and_one_that_does_not_end() -> None:
    assert [f.name for f in flows("${{ secrets.A }} ${{ env.B }} ${{ github.head_ref")] == ["secrets.a", "env.b"]


@pytest.mark.parametrize(
    "text",
    [
        "${{" * 200_000,
        "${{ contains(" * 50_000 + "}}",
        "${{ " + "'" * 3_900 + " }}" * 1000,
        "${{ " + "a." * 1900 + " }}",
    ],
)
def test_hostile_texts_take_little_time(text: str) -> None:
    start = time.process_time()
    list(flows(text))
    assert time.process_time() - start < 2


@given(st.text(alphabet="${}()'[]!=&|. githubenv", max_size=80))
def test_no_text_raises(text: str) -> None:
    for flow in flows(text):
        assert flow.expression in text
