"""TOML as nodes: the values are tomllib's, and each stands where it is written."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.values import Body, Place, Source, State, Value
from garrison.sources.documents import GO_WORDS, Reader
from garrison.sources.toml_nodes import compose_toml

GATEWAY = b"""# a comment with [brackets] = 1
[listener.public]
address = "0.0.0.0:8443"  # everywhere
tls.certificate = 'server.pem'

[model."meta/llama"]
upstream = ["a", "b # c"]
limits = { rate = { per-second = 1.5, burst = 3 }, concurrent = 2 }
text = \"\"\"
two "lines"
\"\"\"
[[identity.certificate]]
san = "one"
[[identity.certificate]]
san = "zwei \xc3\xa4"
"\xc3\xa4" = [1, 'x']
client = "b"
"""


def value_of(data: bytes) -> Value:
    node = compose_toml(data).node
    assert node is not None
    return Reader(Source("gateway.toml", data), GO_WORDS).value(node)


def plain(value: Value) -> Any:
    """What a value says, without places."""
    if isinstance(value.content, Body):
        return {name: plain(value.child(name)) for name in value.content.keys()}
    if isinstance(value.content, tuple):
        return [plain(item) for item in value.content]
    return value.content


def at(value: Value, *steps: str | int) -> Place:
    for step in steps:
        value = value.items()[step] if isinstance(step, int) else value.child(step)
    assert value.place is not None
    assert value.state is State.KNOWN
    return value.place


def test_values_stand_where_they_are_written() -> None:
    value = value_of(GATEWAY)
    assert plain(value) == tomllib.loads(GATEWAY.decode())
    texts = {
        ("listener", "public"): (2, "[listener.public]"),
        ("listener", "public", "address"): (3, '"0.0.0.0:8443"'),
        ("listener", "public", "tls", "certificate"): (4, "'server.pem'"),
        ("model", "meta/llama", "upstream", 1): (7, '"b # c"'),
        ("model", "meta/llama", "limits", "rate", "burst"): (8, "3"),
        ("model", "meta/llama", "text"): (9, '"""\ntwo "lines"\n"""'),
        ("identity", "certificate", 0, "san"): (13, '"one"'),
        ("identity", "certificate", 1, "san"): (15, '"zwei ä"'),
        ("identity", "certificate", 1, "ä", 1): (16, "'x'"),
        ("identity", "certificate", 1): (14, "[[identity.certificate]]"),
    }
    for steps, (line, text) in texts.items():
        place = at(value, *steps)
        assert (place.line, place.text) == (line, text), steps


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"a = 1\nb = \n", 2, "it is not TOML"),
        (b"a = 1\na = 2\n", 2, "it is not TOML"),
        (b"a = '\xff'\n", 1, "it is not UTF-8 text"),
        (b"a = " + b"[" * 100_000, 1, "nested deeper"),
        (b"b = 1\na" + b".a" * 1_000_000 + b" = 1", 2, "nested deeper"),
        (b"b = {a" + b' . "a"' * 1_000_000 + b" = 1}", 1, "nested deeper"),
        (b"a" * 9_000_000, 1, "it is not TOML"),
        (b"#" * 10_000_001, 1, "too large"),
    ],
)
def test_what_is_wrong_is_told(data: bytes, line: int, message: str) -> None:
    composed = compose_toml(data)
    assert composed.node is None
    assert composed.complaints[0].line == line
    assert message in composed.complaints[0].message


PIECES = st.sampled_from(
    [
        *("[a]\n", "[[b]]\n", "[a.c]\n", "[[b.d]]\n", "k = 1\n", "# [z]\n", "\r\n", "o = inf\n", "p = -1.5e3\n"),
        *(
            '"q.r" = [1, [2, 3], {x = 1}]\n',
            "e.f = 'x=[#'\n",
            "g = {h = 1, i = [true]}\n",
            "l = [\n 1, # one\n 2,\n]\n",
        ),
        *("m = 1979-05-27T07:32:00Z\n", "n = '''\n]]\n'''\n"),
    ]
)


@given(st.lists(PIECES | st.text("ab[]{}=.,'\"#\n 1", max_size=6), max_size=12))
def test_whatever_tomllib_takes_is_read_with_its_values(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert compose_toml(text.encode()).complaints
        return
    node = compose_toml(text.encode())
    assert not node.complaints
    value = value_of(text.encode())
    if said:
        assert set(plain(value)) == set(said)
