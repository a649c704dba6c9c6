"""Statements of Cedar: where they begin and end, and what they say."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.assets.gateway import AccessRule
from garrison.sources import cedar
from garrison.sources.cedar.files import _statements
from garrison.sources.discover import discover
from garrison.sources.mapping.assemble import assets_of

POLICIES = """// permit (principal, action, resource);
@id("a;b")
@note("//")
permit (
  principal,  // anybody; really
  action,
  resource
);

forbid (principal, action, resource) when { context.path like "*;//*" };
permit (principal == User::"permit (principal, action, resource);", action, resource);
"""


def rules(top: Path, text: str) -> list[AccessRule]:
    (top / "a.cedar").write_text(text)
    tree = discover(top)
    found = assets_of("cedar", cedar.read([f for f in tree.files.values() if cedar.claims(f)], tree))
    assert not tree.problems
    return [rule for rule in found if isinstance(rule, AccessRule)]


def test_statements_end_where_they_end(tmp_path: Path) -> None:
    first, second, third = rules(tmp_path, POLICIES)
    assert first.address == ".:a.cedar#a;b"
    assert first.statement.text() == "permit ( principal, action, resource );"
    assert (first.place.line, first.place.text) == (2, '@id("a;b")')
    assert first.allows_anybody.yes
    assert second.statement.text().endswith('like "*;//*" };')
    assert third.statement.text().startswith("permit (principal == User::")
    assert [rule.allows_anybody.yes for rule in (second, third)] == [False, False]


def test_those_that_the_gateway_ships_allow_nobody_everything(tmp_path: Path) -> None:
    import garrison.policy.vocabulary as policy

    text = (policy.SHIPPED / "policies.cedar").read_text()
    found = rules(tmp_path, text)
    assert found
    assert not any(rule.allows_anybody.yes for rule in found)


@given(st.text('permit(principal,action);"\\/\n @{}', max_size=60))
def test_whatever_is_written_is_cut_in_order(text: str) -> None:
    at = 0
    for start, end, said in _statements(text):
        assert at <= start < end <= len(text)
        assert said.endswith(";")
        at = end
