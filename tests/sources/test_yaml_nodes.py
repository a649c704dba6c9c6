"""YAML to nodes: places, what is refused, what is said of it."""

from __future__ import annotations

import time

import pytest

from garrison.estate.values import Place, Source
from garrison.sources.nodes import Composed, Mapping, Node, Scalar, Sequence
from garrison.sources.yaml_nodes import compose_yaml, cuts


def only(data: bytes, first_line: int = 0) -> Composed:
    (found,) = compose_yaml(data, first_line)
    return found


def complaint(data: bytes) -> tuple[int, str]:
    last = list(compose_yaml(data))[-1]
    assert not last.readable
    assert last.node is None
    return last.complaints[-1].line, last.complaints[-1].message


def text_of(data: bytes, node: Node) -> str:
    return Place(Source("a.yaml", data), node.start, node.end).text


def child(node: Node | None, name: str) -> Node:
    assert isinstance(node, Mapping)
    return dict(zip((k.text for k in node.pairs[::2] if isinstance(k, Scalar)), node.pairs[1::2], strict=True))[name]


def test_every_node_knows_its_span_in_characters() -> None:
    data = 'Größe: "ä\\u0041"\nlist:\n- a: 1\n  b: [x, y]  # why\n- |\n  two\n  lines\nlast: z\n'.encode()
    root = only(data).node
    assert text_of(data, child(root, "Größe")) == '"ä\\u0041"'
    items = child(root, "list")
    assert isinstance(items, Sequence)
    assert text_of(data, items.items[0]) == "a: 1\n  b: [x, y]"
    assert text_of(data, child(items.items[0], "b")) == "[x, y]"
    assert text_of(data, items.items[1]) == "|\n  two\n  lines\n"
    assert text_of(data, child(root, "last")) == "z"


def test_lines_count_from_where_the_piece_begins_in_its_file() -> None:
    root = only(b"a: 1\nb: 2\n", first_line=10).node
    assert child(root, "b").start >> 20 == 11


@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\u2029"])
def test_unicode_line_breaks_do_not_shift_lines(odd: str) -> None:
    data = f'a: "x{odd}y"\nb: here\n'.encode()
    assert text_of(data, child(only(data).node, "b")) == "here"


def test_a_byte_order_mark_does_not_shift_the_first_line() -> None:
    data = b"\xef\xbb\xbfa: here\n"
    assert text_of(data, child(only(data).node, "a")) == "here"


def test_a_column_too_large_for_a_place_leaves_the_line_right() -> None:
    data = b"a: [" + b"'x', " * 300_000 + b"last]\nb: here\n"
    assert text_of(data, child(only(data).node, "b")) == "here"


def test_aliases_share_the_node_of_their_anchor() -> None:
    root = only(b"a: &x {k: v}\nb: *x\n").node
    assert child(root, "a") is child(root, "b")


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"a: 1\nb: [", 2, "not valid YAML: did not find expected node content (while parsing a flow node)"),
        (b"a:\n\tb: 1\n", 2, "found character that cannot start any token"),
        (b"a: 1\nb: \xe9t\xe9\n", 2, "it is not UTF-8 text"),
        (b"a: 1\nb: \x00\n", 2, "a control character stands in it"),
        (b"\x00\x01\x02\x03", 1, "a control character stands in it"),
        (b"a: *x\n", 1, "*x has no &x before it"),
        (b"a: 1\nb: &x [*x]\n", 2, "*x stands inside &x itself"),
        (b"- [" + b"[" * 100_000, 1, "it is nested deeper than 200 levels"),
        (b"- " * 100_000, 1, "it is nested deeper than 200 levels"),
        (b"".join(b" " * n + b"a:\n" for n in range(1_000)), 201, "it is nested deeper than 200 levels"),
        (b"a: &a [x]\n" + b"".join(b"k%d: &a%d [*a%s]\n" % (n, n, b"%d" % (n - 1) if n else b"") for n in range(400)), 200, "nested deeper than 200 levels"),
    ],
)  # fmt: skip
def test_what_is_broken_is_named_with_its_line(data: bytes, line: int, message: str) -> None:
    assert complaint(data)[0] == line
    assert message in complaint(data)[1]


def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 12)
    )
    began = time.process_time()
    line, message = complaint(bomb)
    assert time.process_time() - began < 1
    assert (line, message) == (6, "its aliases expand to more than 1,000,000 values")


def test_a_key_said_twice_is_a_complaint_that_spoils_nothing() -> None:
    found = only(b"a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    assert found.readable
    assert found.node is not None
    (said,) = found.complaints
    assert (said.line, said.message) == (5, "'c' is said twice, first in line 3; only the last counts")


def test_documents_before_a_broken_one_are_still_read() -> None:
    good, bad = compose_yaml(b"a: 1\n---\nb: [\n")
    assert good.node is not None
    assert bad.complaints[0].line == 3


def test_an_empty_stream_has_no_documents() -> None:
    assert list(compose_yaml(b"")) == []
    assert list(compose_yaml(b"# nothing\n")) == []


@pytest.mark.parametrize(
    ("data", "pieces"),
    [
        (b"a: 1\n---\nb: 2\n", [b"a: 1\n", b"---\nb: 2\n"]),
        (b"---\na: |\n  --- no\n--- x\n", [b"---\na: |\n  --- no\n", b"--- x\n"]),
        (b"a: 1\r\n---\r\nb: 2\r\n", [b"a: 1\r\n", b"---\r\nb: 2\r\n"]),
        (b"a: 1\n----\nb: 2\n", [b"a: 1\n----\nb: 2\n"]),
        (b"%YAML 1.1\n---\na: 1\n---\nb: 1\n", [b"%YAML 1.1\n---\na: 1\n---\nb: 1\n"]),
        (b"", [b""]),
    ],
)
def test_cuts_fall_between_documents(data: bytes, pieces: list[bytes]) -> None:
    assert [data[start:end] for start, end in cuts(data)] == pieces
