"""What is broken, huge or hostile: always an answer, quickly, and a problem that names file and line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

Read = Callable[..., Any]
DEEP = 100_000


@pytest.fixture(autouse=True)
def _quick() -> Any:
    start = time.process_time()
    yield
    assert time.process_time() - start < 20


def test_a_syntax_error_costs_its_block(read: Read) -> None:
    text = """
resource "ok" "a" {
  x = 1
}
resource "bad" "unclosed" {
  x = [1, 2
}
resource "ok" "b" {
  x = 2
}
resource "bad" "assigned" {
  y = = 3
}
variable "v" {
  default = 3
}
resource "ok" "heredoc" {
  x = <<EOT
resource "not" "one" {
EOT
  v = var.v
}
resource "ok" "refers" { x = bad.assigned.y }
"""
    reading = read({"main.tf": text})
    assert [(p.path, p.line, p.message) for p in reading.problems] == [
        ("main.tf", 7, "syntax error: resource bad.unclosed is not read"),
        ("main.tf", 12, "syntax error: resource bad.assigned is not read"),
    ]
    assert all(p.hint for p in reading.problems)
    assert reading.said(".:ok.a", "x") == 1
    assert reading.said(".:ok.b", "x") == 2
    assert reading.said(".:ok.heredoc") == {"x": 'resource "not" "one" {\n', "v": 3}
    # the broken ones are there, and whatever is asked of them is unknown: no default is taken for said
    broken = reading.resources[".:bad.assigned"]
    assert broken.at(("anything",)).state.name == "UNKNOWN"
    assert broken.at(("anything",)).reason == "syntax error on line 12"
    assert broken.place.line == 11
    assert reading.value(".:ok.refers", "x").state.name == "UNKNOWN"


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("main.tf", b"\x00\x01\x02\xff" * 100, 0),
        ("main.tf", b'resource "a" "b" {\n  x = "\xff\xfe"\n}\n', 2),
        ("main.tf", b"}}}}", 1),
        ("main.tf", b"not configuration at all", 1),
        ("main.tf", b'frobnicate "x" {\n}\n', 1),
        ("main.tf", b'\nresource "only_one" {\n}\n', 2),
        ("main.tf.json", b'{"resource": ', 1),
        ("main.tf.json", b"[1, 2]", 1),
        ("main.tf.json", b'{\n"a": 1,\n"a": 2}', 3),
        ("main.tf", b'variable "x" {}\nvariable "x" {}\n', 2),
        ("main.tf", b'resource "a" "b" {}\n\nresource "a" "b" {}\n', 3),
        ("main.tf", b"locals {\n  a = 1\n}\nlocals {\n  a = 2\n}\n", 5),
        ("main.tf", b'resource "a" "b" {\n  x = <<EOT\nnever ends\n', 3),
        ("terraform.tfvars", b"a = [", 1),
    ],
)
def test_problems_name_file_and_line(name: str, data: bytes, line: int, read: Read) -> None:
    reading = read({name: data, "other.tf": 'resource "ok" "fine" {}'})
    assert [(p.path, p.line) for p in reading.problems] == [(name, line)]
    assert ".:ok.fine" in reading.resources


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# a comment\n", b"\xef\xbb\xbf", b"\xef\xbb\xbflocals {}\n"])
def test_nothing_is_no_problem(data: bytes, read: Read) -> None:
    assert read({"main.tf": data}).problems == []


NESTED = {
    "parentheses": "(" * DEEP + "1" + ")" * DEEP,
    "lists": "[" * DEEP + "1" + "]" * DEEP,
    "objects": "{ a = " * DEEP + "1" + "}" * DEEP,
    "signs": "!" * DEEP + "true",
    "choices": "true ? 1 : " * DEEP + "1",
    "calls": "upper(" * DEEP + '"a"' + ")" * DEEP,
    "templates": '"${' * DEEP + "1" + '}"' * DEEP,
    "directives": '"' + "%{ if true }" * DEEP + "%{ endif }" * DEEP + '"',
    "indices": "a" + "[a" * DEEP + "]" * DEEP,
    "attributes": "a" + ".b" * DEEP,
    "loops": "[for x in " * DEEP + "[1]" + " : x]" * DEEP,
    "unclosed": "[" * DEEP,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", NESTED)
def test_deep_nesting(kind: str, read: Read) -> None:
    text = f'resource "t" "x" {{\n  v = {NESTED[kind]}\n  ok = 1\n}}\nresource "t" "y" {{ v = t.x.v }}\n'
    reading = read({"main.tf": text})
    for address in (".:t.x", ".:t.y"):
        if address in reading.resources:
            assert reading.value(address, "v").state.name == "UNKNOWN"
    assert reading.problems or reading.said(".:t.x", "ok") == 1


def test_long_chains_are_no_nesting(read: Read) -> None:
    text = f'resource "t" "x" {{\n  v = 1{" + 1" * 50_000}\n}}\n'
    assert read({"main.tf": text}).said(".:t.x", "v") == 50_001


def test_deep_blocks(read: Read) -> None:
    text = 'resource "t" "x" {\n' + "b {\n" * 20_000 + "}\n" * 20_000 + "}\n"
    reading = read({"main.tf": text})
    assert reading.value(".:t.x", "b", "b").state.name == "KNOWN"


def test_deep_json(read: Read) -> None:
    reading = read({"main.tf.json": '{"locals": {"a": ' + "[" * DEEP + "]" * DEEP + "}}"})
    assert [p.path for p in reading.problems] == ["main.tf.json"]


def test_long_chains_of_names(read: Read) -> None:
    chain = "\n".join(f"  a{n} = local.a{n + 1}" for n in range(5000))
    reading = read({"main.tf": f'locals {{\n{chain}\n  a5000 = 7\n}}\nresource "t" "x" {{ v = local.a0 }}'})
    value = reading.value(".:t.x", "v")
    assert value.state.name == "UNKNOWN"
    assert "too deeply" in value.reason


@pytest.mark.parametrize(
    "text",
    [
        'locals {\n  a = local.b\n  b = local.a\n}\nresource "t" "x" { v = local.a }',
        'resource "t" "x" { v = t.x.v }',
        'resource "t" "x" { v = t.y.v }\nresource "t" "y" { v = t.x.v }',
        'variable "a" { default = var.a }\nresource "t" "x" { v = var.a }',
        'resource "t" "x" {\n  count = length(t.x)\n  v = 1 + t.x[0].v\n}',
        'resource "t" "x" {\n  for_each = t.x\n  v = each.key\n}',
    ],
)  # fmt: skip
def test_cycles_are_unknown(text: str, read: Read) -> None:
    reading = read({"main.tf": text})
    assert reading.value(".:t.x", "v").state.name == "UNKNOWN"


def test_modules_that_call_themselves_or_multiply(read: Read) -> None:
    files = {"self/main.tf": 'module "m" { source = "./" }\nresource "t" "x" {}\noutput "o" { value = module.m.o }'}
    for n in range(40):
        calls = "".join(f'module "{name}" {{ source = "../m{n + 1}" }}\n' for name in ("a", "b"))
        files[f"m{n}/main.tf"] = calls + 'resource "t" "x" {}'
    reading = read(files)
    messages = {p.message for p in reading.problems}
    assert "module m calls itself" in messages
    assert any("module instances" in m or "levels deep" in m for m in messages)
    assert len(reading.resources) < 20_000


BOMBS = {
    "range": "range(1000000000)",
    "for_each": "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a]]]",
    "product": "setproduct(range(1000), range(1000), range(1000))",
    "regex": 'regex("^(a+)+$", "' + "a" * 60 + '!")',
    "regex choice": 'regex("^(a|a)*$", "' + "a" * 60 + '!")',
    "regex chain": 'regex("^a*a*a*a*a*a*a*b", "' + "a" * 500 + '")',
    "regex nested": 'regexall("((a{1,50}){1,50}){1,50}b", "' + "a" * 500 + '")',
    "replace": 'replace("' + "a" * 500 + '", "/(.*)*x/", "")',
    "power": "pow(10, 1000000000)",
    "digits": "1" * 100_000,
    "indent": 'indent(1000000000, "a\\nb")',
    "format": 'format("%9999d%9999d", 1, 1)',
    "width": 'format("%999999999d", 1)',
    "yaml": 'yamldecode("' + "- " * 5000 + '")',
    "yaml keys": 'yamldecode("' + "? " * 50_000 + '")',
    "yaml aliases": 'yamldecode("a: &a [1,1]\\nb: &b [*a,*a]\\nc: &c [*b,*b]\\n")',
    "json": 'jsondecode("' + "[" * DEEP + '")',
    "cidr": 'cidrsubnet("::/0", 128, pow(2, 200))',
    "chunks": "chunklist(range(1000), 0)",
    "parse": 'parseint("' + "9" * 100_000 + '", 10)',
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
def test_bombs(kind: str, read: Read) -> None:
    reading = read({"main.tf": f'resource "t" "x" {{\n  v = {BOMBS[kind]}\n  ok = 1\n}}\n'})
    value = reading.value(".:t.x", "v")
    if kind == "format":
        assert len(value.text()) == 2 * 9999
    else:
        assert value.state.name == "UNKNOWN" or kind == "for_each"
    assert reading.said(".:t.x", "ok") == 1


@pytest.mark.parametrize(
    "template",
    ['a{n} = "${{local.a{m}}}${{local.a{m}}}"', "a{n} = concat(local.a{m}, local.a{m})", "a{n} = [local.a{m}, local.a{m}]",
     "a{n} = {{ x = local.a{m}, y = local.a{m} }}"],
)  # fmt: skip
def test_what_doubles(template: str, read: Read) -> None:
    first = 'a0 = "xxxxxxxxxx"' if '"' in template else "a0 = [1, 2, 3]"
    lines = "\n".join("  " + template.format(n=n, m=n - 1) for n in range(1, 60))
    uses = (
        "v = local.a59\n  w = jsonencode(local.a59)\n  s = sha256(jsonencode(local.a59))\n  e = local.a59 == local.a58"
    )
    reading = read({"main.tf": f'locals {{\n  {first}\n{lines}\n}}\nresource "t" "x" {{\n  {uses}\n}}\n'})
    assert reading.value(".:t.x", "s").state.name == "UNKNOWN"
    reading.value(".:t.x", "v")
    assert reading.value(".:t.x", "e").state.name in ("UNKNOWN", "KNOWN")


def test_instances_are_bounded(read: Read) -> None:
    text = (
        'locals { m = { for k in setproduct(range(200), range(200)) : "${k[0]}-${k[1]}" => k } }\n'
        'resource "t" "x" {\n  for_each = local.m\n  v = each.key\n}\n'
        'resource "t" "y" {\n  count = 1000000000\n  v = count.index\n}\nresource "t" "z" { v = t.y[*].id }\n'
    )
    reading = read({"main.tf": text})
    assert list(reading.resources) == [".:t.x", ".:t.y", ".:t.z"]
    assert reading.resources[".:t.x"].exists.answer is None
    assert reading.value(".:t.y", "v").state.name == "UNKNOWN"


def test_secrets_are_not_in_reasons(read: Read) -> None:
    expressions = ['tonumber("hunter2")', 'jsondecode("hunter2{")', 'base64decode("hunter2%")', 'yamldecode("{hunter2")',
                   'cidrhost("hunter2", 1)', 'parseint("hunter2", 10)', '{}["hunter2"]', '"hunter2" + 1']  # fmt: skip
    text = "\n".join(f"  v{n} = {e}" for n, e in enumerate(expressions))
    reading = read({"main.tf": f'resource "t" "x" {{\n{text}\n}}'})
    reasons = [reading.value(".:t.x", f"v{n}").reason for n in range(len(expressions))]
    assert all(reasons)
    assert not [r for r in reasons if "hunter2" in r]


def test_unreadable_lists_of_modules(read: Read) -> None:
    for manifest in ("{", "[]", json.dumps({"Modules": [{"Key": "m", "Dir": "/etc"}]})):
        reading = read(
            {"main.tf": 'module "m" { source = "a/b/c" }', ".terraform/modules/modules.json": manifest.encode()}
        )
        assert [n.message.partition(":")[0] for n in reading.tree.notes] == ["module m is not read"]
