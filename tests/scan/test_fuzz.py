"""Real files with something wrong in them: whatever it is, a scan ends soon, and nothing in it raises."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from garrison.findings.result import Result
from garrison.scan.scan import scan

ROOT = Path(__file__).parents[2]
SEEDS = [
    p for top in ("examples/fraud-platform", "src/garrison/checks/examples") for p in sorted((ROOT / top).rglob("*"))
]
ENDINGS = {".tf": "terraform", ".yaml": "yaml", ".json": "json", ".service": "units", ".ipynb": "notebooks"}
ROUNDS = 12  # with every ending
FILES = 20  # in one scan
SECONDS = 10  # of CPU, for one scan

_PLAN = """{"format_version": "1.2", "planned_values": {"root_module": {"resources": [{"address": "aws_s3_bucket.b",
"mode": "managed", "type": "aws_s3_bucket", "name": "b", "values": {"acl": "public-read", "bucket": null, "tags": {"a": "b"},
"grant": [{"uri": "x"}]}}], "child_modules": [{"address": "module.m[0]", "resources": [{"address": "module.m[0].aws_s3_bucket_acl.a",
"mode": "managed", "type": "aws_s3_bucket_acl", "name": "a", "values": {"acl": "private"}}]}]}},
"resource_changes": [{"address": "module.m[0].aws_s3_bucket_acl.a", "change": {"after_unknown": {"bucket": true, "x": [true]}}}],
"configuration": {"root_module": {"resources": [{"address": "aws_s3_bucket.b", "expressions": {"bucket": {"references": ["var.x"]}}}],
"module_calls": {"m": {"expressions": {"b": {"references": ["aws_s3_bucket.b.id", "aws_s3_bucket.b"]}}, "module": {"resources":
[{"address": "aws_s3_bucket_acl.a", "expressions": {"bucket": {"references": ["var.b"]}}}], "outputs": {"o": {"expression":
{"references": ["module.m.o"]}}}}}}}}}"""
_STACK = """{"Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "x"]}}, "Parameters": {"P": {"Type": "String", "Default": "x"}},
"Mappings": {"M": {"a": {"b": "c"}}}, "Resources": {"B": {"Type": "AWS::S3::Bucket", "Condition": "C", "Properties":
{"BucketName": {"Fn::Sub": ["${P}-${x}", {"x": {"Fn::FindInMap": ["M", "a", "b"]}}]}, "AccessControl": {"Fn::If": ["C",
"PublicRead", {"Ref": "AWS::NoValue"}]}, "Tags": [{"Key": "a", "Value": {"Fn::Join": ["-", ["a", {"Fn::Select": [0,
{"Fn::Split": [",", "a,b"]}]}]]}}]}}, "F": {"Type": "AWS::Serverless::Function", "Properties": {"Role": {"Fn::GetAtt":
["R", "Arn"]}}}}}"""
_ODD = ["null", "true", "0", "-1", "1e9", '""', '"x"', "[]", "{}", "[[]]", "*", "*a", "&a", "!Ref", "${", "}", "%{", "<<A", "\x00", "\xff",
        "\U0001f600", "---", "...", "<<:", "? ", "|", ">", "'", '"', "\\", "\t", "\r", "#", "each.key", "count.index", "var.x", "for", "{{", "}}",
        "Fn::If", "Ref", "0x10", "99999999999999999999", "AWS::NoValue", "::", "arn:aws:s3:::", "*/", "/*", "==", "?"]  # fmt: skip
_TOKEN = re.compile(r"\"[^\"\n]*\"|[\w.:-]+|[^\s\w]")


def _seeds(ending: str) -> list[str]:
    found = [p.read_text() for p in SEEDS if p.suffix == ending and p.is_file()]
    return [*found, *([_PLAN, _STACK] * 3 if ending == ".json" else [])]


def _mutated(text: str, chance: random.Random) -> bytes:
    """A few changes of what a person, a merge or a template may do to a file."""
    for _ in range(chance.choice((1, 1, 2, 4, 12))):
        tokens = [m.span() for m in _TOKEN.finditer(text)]
        if not tokens:
            break
        (a, b), (c, d) = chance.choice(tokens), chance.choice(tokens)
        lines = text.splitlines(keepends=True)
        line = chance.randrange(len(lines))
        match chance.randrange(9):
            case 0:
                text = text[:a] + chance.choice(_ODD) + text[b:]
            case 1:
                text = text[:a] + text[c:d] + text[b:]
            case 2:
                text = text[:a] + text[b:]
            case 3:
                text = text[:a] + chance.choice(_ODD) + text[a:]
            case 4:
                text = text[: chance.randrange(len(text))]
            case 5:
                text = "".join([*lines[:line], *lines[line + 1 :]])
            case 6:
                text = "".join([*lines[:line], lines[line] * chance.choice((2, 50)), *lines[line:]])
            case 7:
                lines[line] = " " * chance.randrange(9) + lines[line].lstrip()
                text = "".join(lines)
            case _:
                at = chance.randrange(len(text))
                text = text[:at] + chr(chance.randrange(0x250)) + text[at + 1 :]
    return text.encode("utf8" if chance.random() < 0.95 else "utf-16", "replace")


def _sound(result: Result) -> None:
    """Nothing raised: no check, no reader; every problem names a file."""
    assert [(f.check.id, f.asset.address, f.why) for f in result.errors] == []
    assert [p for p in result.problems if "broke off" in p.message or not p.path] == []


@pytest.mark.slow
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("ending", ENDINGS)
def test_mutated_files(ending: str, number: int, tmp_path: Path) -> None:
    chance = random.Random(f"{ending}{number}")
    seeds = _seeds(ending)
    assert len(seeds) > 5
    for n in range(FILES):
        folder = tmp_path / str(n // 3)
        folder.mkdir(exist_ok=True)
        (folder / f"{n}{ending}").write_bytes(_mutated(chance.choice(seeds), chance))
    start = time.process_time()
    result = scan([tmp_path])
    assert time.process_time() - start < SECONDS
    assert result.files > 0
    _sound(result)


def test_untouched_files_hold_what_the_mutated_ones_are_measured_by() -> None:
    result = scan([ROOT / "examples/fraud-platform/insecure"])
    assert len(result.findings) > 20
    _sound(result)
