"""Documents to values: what a scalar means to its reader, merge keys, files that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.values import Body, Source, State, Value, dig, known, referred, unknown
from garrison.sources.documents import GO_WORDS, YAML_WORDS, Reader, compose, joined, load, plain
from garrison.sources.interface import File, Tree

KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(lambda k: k != "<<")
DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


def data_of(value: Value) -> Any:
    if value.state is State.ABSENT:
        return None
    if isinstance(value.content, Body):
        return {name: data_of(item) for name, item in value.content.items()}
    if isinstance(value.content, tuple):
        return [data_of(item) for item in value.content]
    return value.content


def read(text: str | bytes, words: dict[str, bool | None] = YAML_WORDS) -> Value:
    data = text.encode() if isinstance(text, str) else text
    (found,) = compose(data)
    assert found.node is not None
    return Reader(Source("a.yaml", data), words).value(found.node)


@given(DATA)
def test_what_is_written_as_yaml_reads_back(data: Any) -> None:
    assert data_of(read(yaml.safe_dump(data, allow_unicode=True))) == data


@given(DATA, st.sampled_from([None, 1, "\t"]))
def test_what_is_written_as_json_reads_back(data: Any, indent: Any) -> None:
    assert data_of(read(json.dumps([data], indent=indent))) == [data]


@given(DATA)
def test_every_value_has_a_place_whose_text_is_its_own(data: Any) -> None:
    stack = [read(json.dumps([data], indent=1, ensure_ascii=False))]
    while stack:
        value = stack.pop()
        assert value.place is not None
        if value.state is State.KNOWN and isinstance(value.content, Body):
            stack += [item for _, item in value.content.items()]
        elif value.state is State.KNOWN and isinstance(value.content, tuple):
            stack += value.content
        else:
            assert json.loads(value.place.text) == value.content


# What goyaml.v2 makes of them (sigs.k8s.io/yaml, resolve.go).
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("true", True), ("Yes", True), ("ON", True), ("y", True), ("tRUE", "tRUE"), ("n", False), ("off", False),
        ("~", None), ("null", None), ("12", 12), ("-7", -7), ("0644", 420), ("0o17", 15), ("0x1F", 31),
        ("0b101", 5), ("1_000", 1000), ("08", 8.0), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("1.2.3", "1.2.3"),
        ("2012-10-17", "2012-10-17"), ("12:30:45", "12:30:45"), ("0x", "0x"), ("-", "-"), ("+1", 1),
        ("9" * 5_000, "9" * 5_000),
    ],
)  # fmt: skip
def test_plain_scalars_mean_what_kubernetes_takes_them_for(text: str, meant: object) -> None:
    found = plain(text, GO_WORDS)
    assert found == meant
    assert type(found) is type(meant)


def test_quotes_and_tags_decide_before_the_words_do() -> None:
    assert data_of(read('{a: "true", b: \'1\', c: !!str 1, d: !!int "1", e: !!bool "yes"}')) == {
        "a": "true", "b": "1", "c": "1", "d": 1, "e": True,
    }  # fmt: skip


def test_merge_keys_give_way_to_what_is_said_and_to_those_before() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 0\nq: {<<: {<<: *y, d: 4}}\n'<<': {k: 1}\n"
    found = read(text)
    assert data_of(found.child("z")) == {"a": 0, "b": 1, "c": 2}
    assert data_of(found.child("q")) == {"b": 2, "c": 2, "d": 4}


def test_merge_keys_in_a_long_chain_are_followed() -> None:
    chain = "".join(f"- &m{n} {{<<: *m{n - 1}, k{n}: {n}}}\n" for n in range(1, 150))
    last = read(f"- &m0 {{k0: 0}}\n{chain}").items()[-1]
    assert len(dig(last, ()).content.keys()) == 150


def test_of_two_equal_keys_the_last_counts() -> None:
    assert data_of(read("a: 1\na: 2\n")) == {"a": 2}


def test_a_missing_key_is_absent_at_the_mapping() -> None:
    found = dig(read("a:\n  b: 1\n"), ("a", "c"))
    assert found.state is State.ABSENT
    assert str(found.place) == "a.yaml:2:3"


def test_json_with_comments_and_trailing_commas_is_read_as_yaml() -> None:
    assert data_of(read('{"a": 1, # why\n "b": [1, 2,],}')) == {"a": 1, "b": [1, 2]}


def test_json_that_is_neither_is_called_bad_json() -> None:
    (found,) = compose(b'{"a": 1\n "b": 2')
    assert found.complaints[0].message.startswith("not valid JSON: a comma")
    assert found.complaints[0].line == 2


def test_a_document_beyond_the_limit_is_refused_and_told_its_size() -> None:
    (found,) = compose(b"a: " + b"x" * 12_000_000, 4)
    assert (found.complaints[0].line, found.node) == (5, None)
    assert "12 MB is too large: the limit is 10 MB" in found.complaints[0].message


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_a_file_is_read_in_any_unicode(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.yaml"
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    path.write_bytes(f"{mark}a: é\n".encode(encoding))
    source = load(File("a.yaml", path), Tree(tmp_path))
    assert source is not None
    assert data_of(read(source.data)) == {"a": "é"}


def test_a_file_that_cannot_be_opened_is_a_problem(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert load(File("a.yaml", tmp_path / "gone"), tree) is None
    assert [(p.path, p.message) for p in tree.problems] == [("a.yaml", "it cannot be read: No such file or directory")]


def test_joined_texts_are_known_only_when_all_parts_are() -> None:
    ref = referred("t:Bucket", "Arn", None)
    assert joined([known("a"), known(1), known(True)], None).content == "a1true"
    text = joined([known("arn:"), ref, known("/*")], None)
    assert text.state is State.UNKNOWN
    assert text.contains("/*").yes
    assert text.equals("other").no
    assert joined([known(""), ref], None).ref == ref.ref
    nested = joined([known("x-"), unknown("why", None, (known("y"), unknown("why")))], None)
    assert nested.starts_with("x-").yes
    assert len(nested.content) == 3
