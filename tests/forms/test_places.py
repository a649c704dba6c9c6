"""Where keys of TOML stand."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from garrison.forms.places import Steps, line_of, lines_of
from garrison.sources.toml_nodes import compose_toml

TEXT = '''\
top = 1
[a.b]
"quoted key" = """
[not.a.table]
x = 1
"""
list = [ # a comment with ] in it
  "one",
  { two = 2, "th.ree" = [3] },
]
[[many]]
name = 'first # no comment'
[many.inner]
deep = 1
[[many]]
name = "second"
a.dotted."key" = true
'''


def test_each_key_has_its_line() -> None:
    found = lines(TEXT)
    wanted: dict[Steps, int] = {
        ("top",): 1,
        ("a", "b"): 2,
        ("a", "b", "quoted key"): 3,
        ("a", "b", "list"): 7,
        ("a", "b", "list", 0): 8,
        ("a", "b", "list", 1): 9,
        ("a", "b", "list", 1, "th.ree", 0): 9,
        ("many",): 11,
        ("many", 0, "name"): 12,
        ("many", 0, "inner", "deep"): 14,
        ("many", 1): 15,
        ("many", 1, "a", "dotted", "key"): 17,
    }
    assert {steps: found[steps] for steps in wanted} == wanted


def test_what_is_not_there_stands_where_its_table_does() -> None:
    found = lines(TEXT)
    assert line_of(found, ("many", 0, "missing")) == 11
    assert line_of(found, ("nothing",)) == 1


def lines(text: str) -> dict[Steps, int]:
    node = compose_toml(text.encode()).node
    assert node is not None
    return lines_of(node)


def quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def steps_of(said: Any, steps: Steps = ()) -> set[Steps]:
    found = {steps} if steps else set()
    pairs = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for name, value in pairs:
        found |= steps_of(value, (*steps, name))
    return found


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x7f", min_codepoint=32), max_size=6)
VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=4), max_size=4))
def test_every_key_of_every_file_is_found(said: dict[str, dict[str, Any]]) -> None:
    def inline(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{quoted(k)} = {inline(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list):
            return "[\n" + ",\n".join(inline(v) for v in value) + "\n]"
        return quoted(value)

    text = "".join(
        f"[{quoted(table)}]\n" + "".join(f"{quoted(k)} = {inline(v)}\n" for k, v in pairs.items())
        for table, pairs in said.items()
    )
    assert tomllib.loads(text) == said
    assert set(lines(text)) == {(), *steps_of(said)}
