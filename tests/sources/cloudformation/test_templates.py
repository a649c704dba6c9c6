"""CloudFormation templates to resources: functions, parameters, conditions, SAM, what is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from garrison.estate.values import Body, Ref, State, Value
from garrison.sources.cloudformation import claims
from garrison.sources.cloudformation.templates import CloudFormationResource, read_templates
from garrison.sources.discover import discover
from garrison.sources.interface import Tree

WANTED = frozenset({"AWS::S3::Bucket", "AWS::Serverless::Function"})


def read(folder: Path, text: str | bytes, name: str = "t.yaml") -> tuple[list[CloudFormationResource], Tree]:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    tree = discover(folder)
    return read_templates([f for f in tree.files.values() if claims(f)], tree, WANTED), tree


def data_of(value: Value) -> Any:
    """Plain data, `...` for what is unknown."""
    if value.state is State.UNKNOWN:
        return ...
    if isinstance(value.content, Body):
        return {name: data_of(item) for name, item in value.content.items() if item.state is not State.ABSENT}
    if isinstance(value.content, tuple):
        return [data_of(item) for item in value.content]
    return value.content


HEAD = """\
Parameters:
  Env: {Type: String, Default: dev}
  Open: {Type: String}
  Vpc: {Type: AWS::EC2::VPC::Id}
  Name: {Type: String, MinLength: 1}
  Public: {Type: String, Default: 'true'}
  Count: {Type: Number, Default: '3'}
  Zones: {Type: CommaDelimitedList, Default: 'a, b'}
  Image: {Type: AWS::SSM::Parameter::Value<String>, Default: /ami}
  Secret: {Type: String, NoEcho: true, Default: hunter2}
Mappings:
  Sizes:
    dev: {size: small, kind: same}
    prod: {size: large, kind: same}
Conditions:
  IsDev: !Equals [!Ref Env, dev]
  IsProd: !Not [Condition: IsDev]
  IsOpen: !Equals [!Ref Open, 'yes']
  Both: !And [!Condition IsDev, !Condition IsOpen]
  Either: !Or [!Condition IsDev, !Condition IsOpen]
  Round: !Or [!Condition Round, !Condition IsOpen]
  Flag: !Equals [!Ref Public, true]
Resources:
  Key: {Type: AWS::KMS::Key}
  B:
    Type: AWS::S3::Bucket
    Properties:
      X: """


def x(folder: Path, text: str) -> Value:
    (_, bucket), tree = read(folder, HEAD + text + "\n")
    assert tree.problems == []
    return bucket.at(("X",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref Env", "dev"),
        ("{Ref: Env}", "dev"),
        ("!Ref Public", True),
        ("!Ref Count", 3),
        ("!Ref Zones", ["a", "b"]),
        ("!Ref AWS::Partition", "aws"),
        ("'true'", True),
        ("5.10", "5.10"),
        ("012345678901", "012345678901"),
        ("443", 443),
        ("2012-10-17", "2012-10-17"),
        ("!Sub 'a-${Env}-${!Literal}'", "a-dev-${Literal}"),
        ("!Sub ['${x}-${Env}', {x: !Join ['', [1, 2]]}]", "12-dev"),
        ("{'Fn::Sub': 'a-${ Env }'}", "a-dev"),
        ("!Join [',', !Ref Zones]", "a,b"),
        ("!Join ['/', [a, true, 1, !Ref AWS::NoValue]]", "a/true/1"),
        ("!Select [1, [a, b]]", "b"),
        ("!Select ['0', !Split ['-', 'p-q']]", "p"),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!FindInMap [Sizes, !Ref Env, size]", "small"),
        ("!FindInMap [Sizes, !Ref AWS::Region, kind]", "same"),
        ("!FindInMap [Sizes, none, size, {DefaultValue: tiny}]", "tiny"),
        ("!If [IsDev, 1, 2]", 1),
        ("!If [IsProd, 1, {a: !Ref AWS::NoValue, b: 2}]", {"b": 2}),
        ("!If [Flag, 1, 2]", 1),
        ("!If [Either, 1, 2]", 1),
        ("[1, !If [IsProd, 2, !Ref AWS::NoValue], 3]", [1, 3]),
        ("!If [IsOpen, {a: 1, b: 2}, {a: 1, b: 3}]", {"a": 1, "b": ...}),
        ("!If [IsOpen, [a, b], [a, c]]", ["a", ...]),
        ("!If [IsOpen, [a], [a, c]]", ...),
        ("!If [IsOpen, same, same]", "same"),
        ("{'Fn::Base64': !Sub '${Env}!'}", "dev!"),
        ("!Base64 {'Fn::Sub': '${Env}!'}", "dev!"),
        ("{'Fn::ToJsonString': {a: !Ref Env}}", {"a": "dev"}),
        ("{'Fn::Length': !Ref Zones}", 2),
        ("!Cidr [10.0.0.0/16, 2, 8]", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("!Cidr [nonsense, 2, 8]", ...),
        ("!Select [7, [a]]", ...),
        ("!GetAZs ''", ...),
        ("!ImportValue other", ...),
        ("{'Fn::Transform': {Name: M}}", ...),
        ("!Unheard of", ...),
        ("!Ref Nobody", ...),
        ("!If [Round, 1, 2]", ...),
        ("!If [Nobody, 1, 2]", ...),
        ("!Join []", ...),
        ("!If [IsDev]", ...),
        ("{a: !Transform {Name: M}, b: 1}", {"a": ..., "b": 1}),
        ("{Condition: {a: b}}", {"Condition": {"a": "b"}}),
    ],
)
def test_functions_give_what_cloudformation_gives(tmp_path: Path, text: str, expected: object) -> None:
    found = data_of(x(tmp_path, text))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("!Ref Key", Ref("t.yaml:Key", "Ref")),
        ("!GetAtt Key.Arn", Ref("t.yaml:Key", "Arn")),
        ("!GetAtt [Key, Arn]", Ref("t.yaml:Key", "Arn")),
        ("{'Fn::GetAtt': [Key, Outputs.Id]}", Ref("t.yaml:Key", "Outputs.Id")),
        ("!Sub '${Key}'", Ref("t.yaml:Key", "Ref")),
        ("!Sub '${Key.Arn}'", Ref("t.yaml:Key", "Arn")),
        ("!Join ['', [!Ref Key]]", Ref("t.yaml:Key", "Ref")),
    ],
)
def test_references_survive(tmp_path: Path, text: str, ref: Ref) -> None:
    found = x(tmp_path, text)
    assert found.ref == ref
    assert found.given().yes


def test_an_unknown_text_keeps_its_known_parts_and_references(tmp_path: Path) -> None:
    found = x(tmp_path, "!Sub 'arn:aws:s3:::${Key}/${Env}/*'")
    assert [p.content if p.state is State.KNOWN else p.ref for p in found.content] == [
        "arn:aws:s3:::", Ref("t.yaml:Key", "Ref"), "/", "dev", "/*",
    ]  # fmt: skip
    assert found.equals("*").no


@pytest.mark.parametrize(
    ("text", "given", "decider"),
    [
        ("!Ref Open", None, "parameter Open"),
        ("!Ref Vpc", True, "parameter Vpc"),
        ("!Ref Name", True, "parameter Name"),
        ("!Ref Image", True, "parameter Image"),
        ("!Ref AWS::Region", True, "AWS::Region"),
        ("!ImportValue shared-key", True, "export shared-key"),
        ("!If [IsOpen, !Ref Key, other]", True, "parameter Open"),
        ("!If [IsOpen, !Ref Key, !Ref AWS::NoValue]", None, "parameter Open"),
        ("!Join [',', !Ref Open]", None, "parameter Open"),
        ("'{{resolve:secretsmanager:db:SecretString:password}}'", True, "{{resolve:secretsmanager:db:SecretString:password}}"),
    ],
)  # fmt: skip
def test_what_is_unknown_says_what_decides_it(tmp_path: Path, text: str, given: bool | None, decider: str) -> None:
    found = x(tmp_path, text)
    assert found.state is State.UNKNOWN
    assert found.given().answer is given
    assert found.decided_by == decider


def test_a_default_says_that_it_is_one(tmp_path: Path) -> None:
    found = x(tmp_path, "!Ref Env")
    assert (found.reason, found.decided_by) == ("the default of parameter Env", "parameter Env")
    assert str(found.place) == "t.yaml:28:10"
    assert x(tmp_path, "!Sub 'a${Env}'").reason == "the default of parameter Env"


@pytest.mark.parametrize("text", ["!Ref Secret", "!Sub 'x${Secret}'", "!Join ['', [a, !Ref Secret]]"])
def test_the_default_of_a_secret_parameter_is_never_shown(tmp_path: Path, text: str) -> None:
    found = x(tmp_path, text)
    assert found.state is State.UNKNOWN
    assert found.given().yes
    assert "hunter2" not in repr(found) + repr(found.content)


def test_both_branches_of_an_undecided_choice_are_referred_to(tmp_path: Path) -> None:
    found = x(tmp_path, "!If [IsOpen, !Ref Key, !GetAtt Key.Arn]")
    assert [p.ref for p in found.content] == [Ref("t.yaml:Key", "Ref"), Ref("t.yaml:Key", "Arn")]


BUCKET = "  {}:\n    Type: AWS::S3::Bucket\n    Condition: {}\n"


def test_conditions_decide_what_exists(tmp_path: Path) -> None:
    names = ("IsDev", "IsProd", "IsOpen", "Both", "Either", "Nobody")
    text = HEAD + "1\n" + "".join(BUCKET.format(f"R{name}", name) for name in names)
    found = {r.address.partition(":R")[2]: (r.exists.answer, r.condition) for r in read(tmp_path, text)[0][2:]}
    assert found == {
        "IsDev": (True, "IsDev"), "IsOpen": (None, "IsOpen"), "Both": (None, "Both"), "Either": (True, "Either"),
        "Nobody": (None, "Nobody"),
    }  # fmt: skip


def test_a_resource_has_its_address_type_root_and_places(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    text = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      V:\n        Status: On\n"
    ((bucket,), _) = read(tmp_path, text, "a/t.yaml")
    assert (bucket.address, bucket.root, bucket.type) == ("a/t.yaml:B", "a/t.yaml", "AWS::S3::Bucket")
    assert (str(bucket.place), bucket.place.end_line) == ("a/t.yaml:2:3", 6)
    assert str(bucket.at(("V", "Status")).place) == "a/t.yaml:6:17"
    assert bucket.at(("V", "None")).state is State.ABSENT
    assert str(bucket.at(("V", "None")).place) == "a/t.yaml:6:9"
    assert str(bucket.at(("W",)).place) == "a/t.yaml:5:7"


def test_a_resource_without_properties_says_nothing(tmp_path: Path) -> None:
    ((bucket,), _) = read(tmp_path, "Resources:\n  B:\n    Type: AWS::S3::Bucket\n")
    assert bucket.at(("A", "B")).state is State.ABSENT
    assert str(bucket.at(("A",)).place) == "t.yaml:2:3"


def test_json_reads_as_yaml_does(tmp_path: Path) -> None:
    body = {"Fn::Join": ["", ["a", {"Ref": "P"}]]}
    template = {
        "Parameters": {"P": {"Type": "String", "Default": "b"}},
        "Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"X": body, "Y": "false", "Z": "\ud83d\ude00"}}},
    }
    for indent in (None, "\t"):
        ((bucket,), tree) = read(tmp_path, json.dumps(template, indent=indent), "t.json")
        assert data_of(bucket.at(())) == {"X": "ab", "Y": False, "Z": "\U0001f600"}
        assert tree.problems == []


LOOP = """\
Transform: AWS::LanguageExtensions
Parameters: {{Names: {{Type: CommaDelimitedList{default}}}}}
Resources:
  Fn::ForEach::Buckets:
  - Name
  - {names}
  - Bucket${{Name}}:
      Type: AWS::S3::Bucket
      Properties:
        BucketName: !Sub "x-${{Name}}"
        Label: !Ref Name
        Inner:
          Fn::ForEach::Keys: [K, [p, q], {{"k${{K}}": !Join ['', [!Ref Name, !Ref K]]}}]
"""


def test_a_loop_over_a_known_list_is_written_out(tmp_path: Path) -> None:
    found, tree = read(tmp_path, LOOP.format(default=", Default: 'A,B'", names="!Ref Names"))
    assert [r.address for r in found] == ["t.yaml:BucketA", "t.yaml:BucketB"]
    assert data_of(found[1].at(())) == {"BucketName": "x-B", "Label": "B", "Inner": {"kp": "Bp", "kq": "Bq"}}
    assert all(r.exists.yes for r in found)
    assert tree.problems == []


def test_a_loop_over_an_unknown_list_gives_one_that_may_exist(tmp_path: Path) -> None:
    (one,), _ = read(tmp_path, LOOP.format(default="", names="!Ref Names"))
    assert (one.address, one.exists.answer) == ("t.yaml:Bucket${Name}", None)
    assert one.at(("Label",)).state is State.UNKNOWN


def test_loops_in_loops_without_end_are_bounded(tmp_path: Path) -> None:
    items = f"[{', '.join(map(str, range(100)))}]"
    loop = "{B: {Type: AWS::S3::Bucket}}"
    for n in range(6):
        loop = f"{{'Fn::ForEach::L{n}': [V{n}, {items}, {loop}]}}"
    found, _ = read(tmp_path, f"Transform: AWS::LanguageExtensions\nResources: {loop}\n")
    assert found
    assert all(r.exists.answer is None for r in found if r.condition)


def test_globals_of_sam_hold_where_a_function_says_nothing_else(tmp_path: Path) -> None:
    text = """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Timeout: 3, Tracing: Active, Environment: {Variables: {A: 1, B: 1}}, Layers: [one]}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {Timeout: 9, Environment: {Variables: {B: 2}}, Layers: [two]}}
  G: {Type: AWS::Serverless::Function}
  B: {Type: AWS::S3::Bucket, Properties: {}}
"""
    f, g, b = read(tmp_path, text)[0]
    assert data_of(f.at(())) == {
        "Timeout": 9, "Tracing": "Active", "Environment": {"Variables": {"A": 1, "B": 2}}, "Layers": ["one", "two"],
    }  # fmt: skip
    assert g.at(("Timeout",)).content == 3
    assert b.at(("Timeout",)).state is State.ABSENT


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("Resources:\n  B:\n    Type: AWS::S3::Bucket\n   Oops: 1\n", 4, "not valid YAML"),
        ('{"Resources": {"B": {"Type": "AWS::S3::Bucket"}', 1, "not valid JSON"),
        ("Resources:\n  A: {Type: AWS::S3::Bucket}\n  B:\n    Properties: {}\n", 3, "resource B has no Type"),
        ("Resources:\n  A: {Type: AWS::S3::Bucket}\n  A: {Type: AWS::S3::Bucket}\n", 3, "'A' is said twice"),
        ("Resources:\n  A: {Type: AWS::S3::Bucket, X: \x00}\n", 2, "a control character"),
        ("Resources: {A: {Type: AWS::S3::Bucket, X: " + "[" * 100_000, 1, "nested deeper"),
        ("Resources: {A: {Type: AWS::S3::Bucket}}\nX: " + "x" * 12_000_000, 1, "too large"),
    ],
)
def test_what_is_broken_is_a_problem_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    _, tree = read(tmp_path, text)
    (problem,) = tree.problems
    assert (problem.path, problem.line) == ("t.yaml", line)
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Transform: [AWS::Serverless-2016-10-31, Mine]\nResources: {A: {Type: AWS::S3::Bucket}}", "the macro Mine"),
        ("Resources:\n  A: {Type: AWS::S3::Bucket}\n  B: {Type: !Module x}", None),
        ("Resources:\n  A: {Type: AWS::S3::Bucket}\n  B: {Type: {'M': x}}", "resource B in line 3 is made by"),
        ("Resources:\n  A: {Type: AWS::S3::Bucket}\n{% if x %}\n  {{ y }}\n", "a template of a template"),
    ],
)
def test_what_is_made_elsewhere_is_noted(tmp_path: Path, text: str, note: str | None) -> None:
    _, tree = read(tmp_path, text)
    assert tree.problems == []
    assert [n.message[: len(note or "")] for n in tree.notes] == ([note] if note else [])


def test_files_that_are_no_templates_are_passed_over(tmp_path: Path) -> None:
    for number, text in enumerate(
        ("- AWS::S3::Bucket Resources", "Resources: [AWS::S3::Bucket]", "Resources: AWS::S3::Bucket")
    ):
        assert read(tmp_path, text, f"{number}.yaml")[0] == []
    assert discover(tmp_path).problems == []


def test_hostile_nesting_of_functions_is_unknown(tmp_path: Path) -> None:
    assert x(tmp_path, "!Join ['', [" * 60 + "a" + "]]" * 60).state is State.UNKNOWN
    text = HEAD.replace("  Flag:", "".join(f"  C{n}: !Not [!Condition C{n + 1}]\n" for n in range(3_000)) + "  Flag:")
    assert read(tmp_path, text + "!If [C0, 1, 2]\n")[0][1].at(("X",)).state is State.UNKNOWN
    deep = "[" * 150 + "!Ref Env" + "]" * 150
    assert x(tmp_path, deep).state is State.KNOWN
