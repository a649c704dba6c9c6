"""Templates that would take for ever or fill the memory: as the command meets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Scan = Callable[..., Any]
LOOPS = "Transform: AWS::LanguageExtensions\n"
FOUND = ("bucket-public", "a/m.yaml:B")


def bucket(name: str, more: str = "", condition: str = "") -> str:
    """A public bucket with something hostile in it: what is public must be found all the same."""
    return (
        f"{more}Resources:\n  B:\n    Type: AWS::S3::Bucket\n{condition}"
        f"    Properties:\n      AccessControl: PublicReadWrite\n      BucketName: {name}\n"
    )


def aliases(first: str, each: str, length: int) -> str:
    """Anchors of which each is made of the one before it, @."""
    return f"X:\n  - &a0 {first}\n" + "".join(
        f"  - &a{n} {each.replace('@', f'*a{n - 1}')}\n" for n in range(1, length)
    )


EXPONENTIAL = "".join(f"  A{n}: !And [!Condition A{n - 1}, !Condition A{n - 1}]\n" for n in range(1, 190))
TEMPLATES: dict[str, Callable[[], str]] = {
    "conditions in a circle": lambda: bucket("x", "Conditions:\n  A: !Not [!Condition B]\n  B: !Or [!Condition A, !Condition B]\n", "    Condition: A\n"),
    "conditions that double": lambda: bucket("x", f"Conditions:\n  A0: !Equals [a, a]\n{EXPONENTIAL}", "    Condition: A189\n"),
    "conditions that double in a circle": lambda: bucket("x", f"Conditions:\n  A0: !Condition A189\n{EXPONENTIAL}", "    Condition: A189\n"),
    "If that nests": lambda: bucket("!If [A, " * 60 + "x" + ", y]" * 60, "Conditions:\n  A: !Equals [!Ref AWS::Region, a]\n"),
    "If that doubles": lambda: bucket("*a15", "Conditions:\n  A: !Equals [!Ref AWS::Region, a]\n" + aliases("x", '{"Fn::If": [A, @, @]}', 16)),
    "Join that nests": lambda: bucket('!Join ["", [' * 95 + "x" + "]]" * 95),
    "Join that grows": lambda: bucket("*a4", aliases("xxxxxxxxxx", '{"Fn::Join": ["", [' + ", ".join(["@"] * 9) + "]]}", 5)),
    "Join with a long delimiter": lambda: bucket('!Join ["' + "x" * 1_000_000 + '", [' + ", ".join("a" * 5_000) + "]]"),
    "Sub that grows": lambda: bucket("*a9", aliases("xxxxxxxxxx", '{"Fn::Sub": ["' + "${x}" * 10_000 + '", {x: @}]}', 10)),
    "Sub with many holes": lambda: bucket('!Sub "' + "${AWS::Region}" * 200_000 + '"'),
    "Sub with open holes": lambda: bucket('!Sub "' + "${" * 200_000 + '"'),
    "resolve with open holes": lambda: bucket('"' + "{{" * 200_000 + '"'),
    "Split of all": lambda: bucket('!Select [1, !Split ["x", "' + "x" * 500_000 + '"]]'),
    "FindInMap in a circle": lambda: bucket("!FindInMap [M, !FindInMap [M, a, b], !Ref Q]", "Mappings:\n  M: {a: {b: !FindInMap [M, a, b]}}\n  N: !Ref N\n"),
    "FindInMap that multiplies": lambda: bucket("!FindInMap [M, !Ref Q, !Ref Q]", "Mappings:\n  M: {a: {" + ", ".join(f"b{n}: !FindInMap [M, !Ref Q, !Ref Q]" for n in range(10)) + "}}\n"),
    "Cidr of everything": lambda: bucket('!Select [99999999999999, !Cidr ["10.0.0.0/8", 100000000, 1]]'),
    "parameters in a circle": lambda: bucket('!Sub "${P}${Q}"', "Parameters:\n  P: {Type: String, Default: !Ref P}\n  Q: 5\n"),
    "ForEach inside itself": lambda: LOOPS + bucket("x") + "  Fn::ForEach::A: &a\n    - I\n    - [a, b]\n    - X${I}: {Type: AWS::S3::Bucket}\n",
    "ForEach of a long text": lambda: LOOPS + bucket("x") + '  Fn::ForEach::A:\n    - I\n    - ["' + "x" * 500_000 + '"]\n    - X${I}:\n        Type: AWS::S3::Bucket\n        Properties: {BucketName: "' + "${I}" * 100_000 + '"}\n',
    "ForEach of wrong shapes": lambda: LOOPS + bucket("x") + "  Fn::ForEach::A: 5\n  Fn::ForEach::B: [1]\n  Fn::ForEach::C: [{a: b}, {c: d}, [e]]\n  Fn::ForEach::D: [I, !Ref P, {X: {Type: AWS::S3::Bucket}}]\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", TEMPLATES)
def test_what_would_take_for_ever_is_unknown(kind: str, scan_with: Scan) -> None:
    answer = scan_with({"a/m.yaml": TEMPLATES[kind]()})
    seen = answer.failed() | {(f["check"], f["asset"]["address"]) for f in answer.report["undecided"]}
    assert (answer.code, FOUND in seen) == (1, True)


@pytest.mark.slow
def test_loops_that_multiply(scan_with: Scan) -> None:
    nested = "".join(f"{'  ' * (3 * n + 1)}Fn::ForEach::A{n}:\n{'  ' * (3 * n + 2)}- I{n}\n{'  ' * (3 * n + 2)}- [a, b, c, d, e, f, g, h]\n{'  ' * (3 * n + 2)}-\n" for n in range(20))  # fmt: skip
    name = "X" + "".join(f"${{I{n}}}" for n in range(20))
    long = f"  Fn::ForEach::L:\n    - I\n    - [{', '.join(map(str, range(20_000)))}]\n    - X${{I}}: {{Type: AWS::S3::Bucket}}\n"
    files = {
        "a/m.yaml": f"{LOOPS}Resources:\n{nested}{'  ' * 61}{name}:\n{'  ' * 62}Type: AWS::S3::Bucket\n",
        "b/m.yaml": LOOPS + bucket("x") + long,
    }
    assert scan_with(files).code == 1


def test_conditions_of_many_resources(scan_with: Scan) -> None:
    resources = "".join(f"  B{n}:\n    Type: AWS::S3::Bucket\n    Condition: A{n}\n" for n in range(190))
    answer = scan_with({"a/m.yaml": f"Conditions:\n  A0: !Equals [a, a]\n{EXPONENTIAL}Resources:\n{resources}"})
    assert answer.report["scanned"]["assets"] == 190 + 4
