"""JSON to nodes: what the standard library says too, places, and what is refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.values import Place, Source
from garrison.sources.json_nodes import compose_json
from garrison.sources.nodes import Mapping, Node, Scalar, Sequence, Style

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def plain(node: Node | None) -> Any:
    if isinstance(node, Mapping):
        return {
            k.text: plain(v) for k, v in zip(node.pairs[::2], node.pairs[1::2], strict=True) if isinstance(k, Scalar)
        }
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return json.loads(node.text) if node.style is Style.WORD else node.text


@given(JSON, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_it_reads_what_the_standard_library_writes(data: Any, indent: Any, ascii_only: bool) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=ascii_only)
    (found,) = compose_json(text)
    assert found.readable
    assert plain(found.node) == data


@given(st.text(alphabet='{}[]:,"\\ \n01.-eEtrufalsn\t\x00') | JSON.map(lambda d: json.dumps(d)[:-1]))
def test_it_accepts_exactly_what_the_standard_library_does(text: str) -> None:
    """A stream of values goes further than the standard library: only single ones are compared."""
    found = list(compose_json(text))
    try:
        expected = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        assert len(found) != 1 or not found[0].readable
    else:
        assert [plain(f.node) for f in found] == [expected]


def test_places_are_those_of_the_text() -> None:
    text = '{\n\t"ä": {"b": [1, "two"]},\n\t"c": "\\ud83d\\ude00"\n}'
    (found,) = compose_json(text)
    assert isinstance(found.node, Mapping)
    source = Source("a.json", text.encode())
    _, first, _, last = found.node.pairs
    assert isinstance(first, Mapping)
    assert Place(source, first.pairs[1].start, first.pairs[1].end).text == '[1, "two"]'
    assert (last.start >> 20, last.start & 0xFFFFF) == (2, 6)
    assert isinstance(last, Scalar)
    assert last.text == "\U0001f600"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"a": 1,\n "b" 2}', 2, "a colon expected, not '2'"),
        ('{"a": 1,}', 1, "a key in double quotes expected, not '}'"),
        ("[1\n2]", 2, "a comma or the closing bracket expected, not '2'"),
        ('{"a": [1, 2}', 1, "a comma or the closing bracket expected, not '}'"),
        ("[nan]", 1, "a value or ] expected, not 'n'"),
        ('{"a": "x\n"}', 1, "a value expected, not '\"'"),
        ('{\n"a": 1', 2, "a comma or the closing bracket expected, not the end"),
        ("[" * 100_000, 1, "it is nested deeper than 200 levels"),
    ],
)  # fmt: skip
def test_what_is_broken_is_named_with_its_line(text: str, line: int, message: str) -> None:
    (found,) = compose_json(text)
    assert found.node is None
    assert found.complaints[0].line == line
    assert message in found.complaints[0].message


def test_a_key_said_twice_is_a_complaint() -> None:
    (found,) = compose_json('{"a": 1,\n"a": 2}')
    assert found.readable
    assert [c.line for c in found.complaints] == [2]


def test_a_large_text_takes_linear_time() -> None:
    def cost(items: int) -> float:
        text = json.dumps([{"name": f"n{n}", "value": n} for n in range(items)])
        began = time.process_time()
        assert next(compose_json(text)).readable
        return time.process_time() - began

    assert cost(20_000) < 16 * max(cost(2_500), 0.01)
