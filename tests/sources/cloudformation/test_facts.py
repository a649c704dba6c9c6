"""Templates as cfn-lint decodes them: the same structure, the same lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import garrison.checks
from garrison.estate.values import Source
from garrison.sources.cloudformation.intrinsics import function_of
from garrison.sources.cloudformation.template import Template
from garrison.sources.documents import as_text, compose
from garrison.sources.nodes import Mapping, Node, Scalar, Sequence

pytestmark = pytest.mark.facts

SHORT = """\
# every function in its short form
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Env: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Mappings:
  Sizes: {dev: {size: small}}
Conditions:
  IsDev: !Equals [!Ref Env, dev]
  Not: !Not [!Condition IsDev]
  Some: !Or [!Condition IsDev, !And [!Condition Not, !Condition IsDev]]
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties: &shared
      Enabled: true
      Number: 12
      Text: "12"
      Disabled: no
      Long: |
        several
          lines
      Folded: >-
        one
        line
  Bucket:
    Type: AWS::S3::Bucket
    Condition: IsDev
    Properties:
      A: !GetAtt Key.Arn
      B: !GetAtt [Key, Arn]
      C: !Sub "${AWS::Region}-${Key}"
      D: !Sub ["${x}", {x: !Ref Env}]
      E: !Join ["-", [a, !Ref Env]]
      F: !Select [0, !Split [",", "a,b"]]
      G: !FindInMap [Sizes, !Ref Env, size]
      H: !If [IsDev, 1, !Ref AWS::NoValue]
      I: !Base64 text
      J: !Cidr [10.0.0.0/16, 2, 8]
      K: !ImportValue other
      L: !GetAZs ""
      M: {"Fn::Sub": "${Key}"}
      N: *shared
      O: []
      P: {}
      Q: [{a: 1}, [2, 3]]
"""
LONG = {
    "Resources": {
        "B": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "Name": {"Fn::Join": ["", ['a\u00e9\\ "', {"Ref": "AWS::Region"}]]},
                "List": [1, 2.5, True, False, -3, "x", {"Fn::GetAtt": ["B", "Arn"]}],
            },
        }
    }
}


def data_of(template: Template, node: Node) -> Any:
    """A node as cfn-lint shows it: functions in their long form, scalars as texts."""
    name, argument = function_of(node, condition=True)
    if node.tag.startswith("!"):
        inner = data_of(template, argument)
        if name == "GetAtt" and isinstance(inner, str):
            inner = inner.split(".", 1)
        return {name if name in ("Ref", "Condition") else f"Fn::{name}": inner}
    if isinstance(node, Mapping):
        pairs = zip(node.pairs[::2], node.pairs[1::2], strict=True)
        return {key.text: data_of(template, value) for key, value in pairs if isinstance(key, Scalar)}
    if isinstance(node, Sequence):
        return [data_of(template, item) for item in node.items]
    content = template.content(node)
    return None if content is None else as_text(content)


def texts(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): texts(value) for key, value in data.items()}
    if isinstance(data, list):
        return [texts(item) for item in data]
    return None if data is None else as_text(data)


def lines(template: Template, node: Node, path: str = "") -> dict[str, int]:
    """The line of every mapping and list below a node."""
    found = {} if isinstance(node, Scalar) or node.tag else {path: node.start >> 20}
    if isinstance(node, Mapping):
        for key, value in zip(node.pairs[::2], node.pairs[1::2], strict=True):
            assert isinstance(key, Scalar)
            found |= lines(template, value, f"{path}/{key.text}")
    elif isinstance(node, Sequence):
        for number, item in enumerate(node.items):
            found |= lines(template, item, f"{path}/{number}")
    return found


def lint_lines(node: Any, path: str = "") -> dict[str, int]:
    if not isinstance(node, dict | list):
        return {}
    mark = getattr(node, "start_mark", None)
    found = {} if mark is None else {path: mark.line}
    for name, item in node.items() if isinstance(node, dict) else enumerate(node):
        found |= lint_lines(item, f"{path}/{name}")
    return found


def agrees(path: Path) -> int:
    """Compare a file; how many mappings and lists have a line in both."""
    from cfnlint.decode import decode

    expected, errors = decode(str(path))
    assert not errors
    (found,) = compose(path.read_bytes())
    assert isinstance(found.node, Mapping)
    template = Template(Source(path.name, path.read_bytes()), found.node)
    assert data_of(template, found.node) == texts(expected)
    theirs, ours = lint_lines(expected), lines(template, found.node)
    shared = theirs.keys() & ours.keys()
    assert {p: ours[p] for p in shared} == {p: theirs[p] for p in shared}
    return len(shared)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("short.yaml", SHORT),
        ("crlf.yaml", SHORT.replace("\n", "\r\n")),
        ("long.json", json.dumps(LONG, indent=2)),
        ("tabs.json", json.dumps(LONG, indent="\t", ensure_ascii=False)),
        ("flat.json", json.dumps(LONG)),
    ],
)
def test_the_decoder_of_cfn_lint_agrees(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    assert agrees(path) > 4


def test_the_decoder_of_cfn_lint_agrees_on_every_example() -> None:
    examples = sorted(Path(garrison.checks.__path__[0], "examples").glob("*/*.cloudformation.*"))
    assert examples
    assert all(agrees(path) for path in examples)
