"""What is written into YAML and JSON: the value, and nothing else."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.values import pack
from garrison.fix.document import exchange, write

POD = """# a pod
kind: Pod # here
spec:
  containers:
    - name: a # first
      image: x
    - name: b
"""


def test_a_nested_key_is_added_behind_the_last_one() -> None:
    data = write(POD.encode(), pack(4, 6), ("securityContext", "privileged"), False)
    assert data is not None
    assert data.decode() == POD.replace("image: x\n", "image: x\n      securityContext:\n        privileged: false\n")


def test_what_is_said_is_exchanged() -> None:
    text = "kind: A\nspec:\n  mode: 'x' # why\n"
    assert write(text.encode(), 0, ("spec", "mode"), "STRICT") == text.replace("'x'", "STRICT").encode()
    assert write(text.encode(), 0, ("spec", "mode"), "on") == text.replace("'x'", '"on"').encode()
    assert exchange(text.encode(), pack(2, 8), pack(2, 11), True) == text.replace("'x'", "true").encode()


def test_a_resource_of_cloudformation_begins_with_its_key() -> None:
    text = "Resources:\n  Key:\n    Type: AWS::KMS::Key\n    Properties:\n      Description: x\n"
    assert write(text.encode(), pack(1, 2), ("Properties", "A"), True) == (text + "      A: true\n").encode()
    bare = "Resources:\n  Key:\n    Type: AWS::KMS::Key\n"
    assert (
        write(bare.encode(), pack(1, 2), ("Properties", "A"), True)
        == (bare + "    Properties:\n      A: true\n").encode()
    )


def test_flow_and_json_keep_their_style() -> None:
    assert write(b"spec: {a: 1}\n", 0, ("spec", "b", "c"), True) == b"spec: {a: 1, b: {c: true}}\n"
    assert write(b'{"a": {}}', 0, ("a", "b"), "x") == b'{"a": {"b": "x"}}'
    assert write(b'{\n  "a": 1\n}\n', 0, ("b",), True) == b'{\n  "a": 1,\n  "b": true\n}\n'


def test_a_block_of_text_at_the_end_is_not_run_into() -> None:
    text = "a:\n  script: |\n    x\n    y\nb: 1\n"
    assert write(text.encode(), 0, ("a", "c"), 1) == text.replace("    y\n", "    y\n  c: 1\n").encode()


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a: &x\n  b: 1\nc:\n  <<: *x\n", ("c", "b")),
        ("a: !Ref x\n", ("a",)),
        ("a: [1]\n", ("a", "b")),
        ("a: |\n  x\n", ("a",)),
        ("a: &x 1\n", ("a",)),
        ("a: x\n", ("a", "b")),
    ],
)
def test_what_only_a_guess_could_write_is_left_alone(text: str, steps: tuple[str, ...]) -> None:
    assert write(text.encode(), 0, steps, True) is None


names = st.text(string.ascii_lowercase, min_size=1, max_size=4).filter(lambda n: n not in {"y", "n", "no", "on", "yes", "off", "null", "true"})  # fmt: skip
leaves = st.booleans() | st.integers(0, 99) | st.text("ab \nü\"'#:", max_size=9)
documents = st.dictionaries(
    names,
    st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, min_size=1, max_size=3), max_leaves=9),
    min_size=1,
    max_size=4,
)  # fmt: skip


def put(document: dict[str, Any], steps: tuple[str, ...], content: object) -> None:
    for step in steps[:-1]:
        document = document.setdefault(step, {})
    document[steps[-1]] = content


@given(documents, st.lists(names, min_size=1, max_size=3), st.sampled_from([True, 7, "Enabled", "on"]), st.sampled_from(["block", "flow", "json"]))  # fmt: skip
def test_it_reads_as_if_the_value_had_been_put_there(document: dict[str, Any], steps: list[str], content: object, style: str) -> None:  # fmt: skip
    if style == "json":
        text = json.dumps(document, indent=2, ensure_ascii=False)
    else:
        text = yaml.safe_dump(document, allow_unicode=True, default_flow_style=style == "flow", sort_keys=False)
    found = write(text.encode(), 0, tuple(steps), content)
    if found is not None:
        put(document, tuple(steps), content)
        assert yaml.safe_load(found.decode()) == document
