"""What the Lua that reads answers finds, piece by piece, is what a parser of JSON finds in the whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import lupa.luajit21 as lupa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.gateway.envoy.lua_text import shipped

COUNTS = {
    "prompt_tokens": "prompt_tokens",
    "input_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
    "output_tokens": "completion_tokens",
    "total_tokens": "total_tokens",
}
Read = Callable[..., dict[str, float]]
words = st.sampled_from(["usage", "response", "message", "content", *COUNTS, "x", 'q"u', "back\\", "\n", "{", "ü"])
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 10**12), st.floats(0, 10), words),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
    max_leaves=25,
)
counts = st.dictionaries(st.sampled_from(list(COUNTS)), st.integers(0, 10**12))


@pytest.fixture(scope="module")
def read() -> Read:
    lua = lupa.LuaRuntime(encoding=None)
    reader = lua.execute(f"{shipped('tokens')}\nreturn reader".encode())

    def found(text: str, sizes: list[int], *, events: bool = False) -> dict[str, float]:
        data, (told, feed) = text.encode(), reader(events)
        while data:
            size = max(1, sizes.pop(0)) if sizes else len(data)
            feed(data[:size])
            data = data[size:]
        return {key.decode(): value for key, value in dict(told).items()}

    return found


def expected(document: Any) -> dict[str, int]:
    """The counts of a document, where they can stand."""
    found: dict[str, int] = {}
    places = [document] if isinstance(document, dict) else []
    places += [document[key] for key in ("response", "message") if places and isinstance(document.get(key), dict)]
    for place in places:
        usage = place.get("usage")
        for key, value in usage.items() if isinstance(usage, dict) else ():
            if key in COUNTS and type(value) is int:
                found[COUNTS[key]] = max(found.get(COUNTS[key], 0), value)
    return found


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_counts_are_those_of_the_document(read: Read, data: st.DataObject) -> None:
    document = data.draw(st.dictionaries(words, values, max_size=5))
    if data.draw(st.booleans()):
        document |= {"usage": data.draw(counts)}
    if data.draw(st.booleans()):
        document |= {"response": {"usage": data.draw(counts), "output": data.draw(values)}}
    text = json.dumps(document, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.sampled_from([None, 1])))
    found = read(text, data.draw(st.lists(st.integers(1, 9), max_size=200)))
    found.pop("text_bytes")
    assert found == expected(document)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(values, counts), max_size=4), st.lists(st.integers(1, 30), max_size=50))
def test_events_are_documents_of_their_own(read: Read, many: list[tuple[Any, Any]], sizes: list[int]) -> None:
    text = ': a comment with a " in it\n\n'
    wanted: dict[str, int] = {}
    for value, usage in many:
        text += f"event: piece\ndata: {json.dumps({'choices': value, 'usage': usage})}\n\n"
        for key, number in expected({"usage": usage}).items():
            wanted[key] = max(wanted.get(key, 0), number)
    found = read(f"{text}data: [DONE]\n\n", sizes, events=True)
    found.pop("text_bytes")
    assert found == wanted


def test_text_is_as_long_as_it_is_written(read: Read) -> None:
    delta = {"content": 'a"b', "role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '{"x":1}'}}]}
    text = f"data: {json.dumps({'id': 'c-1', 'choices': [{'delta': delta}]})}\n\n"
    length = len(r"a\"b") + len(r"{\"x\":1}")
    assert read(text * 3, [5] * 60, events=True) == {"text_bytes": 3 * length}


def test_hostile_answers_are_read_to_their_end(read: Read) -> None:
    assert read("[" * 100_000 + "]" * 200_000 + '{"usage":{"total_tokens":5}}', []) == {
        "text_bytes": 0,
        "total_tokens": 5,
    }
    assert read('{"' + "k" * 1_000_000, [1000] * 100) == {"text_bytes": 0}
    assert read('{"usage":{"total_tokens":' + "9" * 1_000_000 + "}}", [10_000] * 101) == {"text_bytes": 0}
    assert read("\\" * 10_001 + '{"usage":{"total_tokens":-5}}', []) == {"text_bytes": 0}
