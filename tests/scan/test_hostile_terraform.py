"""Configuration that would take for ever, fill the memory, or read what is not scanned: as the command meets it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Scan = Callable[..., Any]
DEEP = 100_000
FOUND = ("bucket-public", "a:aws_s3_bucket.b")


def bucket(value: str, more: str = "") -> str:
    """A public bucket with something hostile in it: what is public must be found all the same."""
    return f'resource "aws_s3_bucket" "b" {{\n  acl = "public-read"\n  bucket = {value}\n{more}}}\n'


NESTED: dict[str, Callable[[], str]] = {
    "brackets": lambda: "[" * DEEP + "]" * DEEP,
    "objects": lambda: "{a=" * DEEP + "1" + "}" * DEEP,
    "parentheses": lambda: "(" * DEEP + "1" + ")" * DEEP,
    "negations": lambda: "!" * DEEP + "true",
    "sums": lambda: "1" + "+1" * DEEP,
    "choices": lambda: "true ? 1 : " * DEEP + "1",
    "choices in parentheses": lambda: "(true ? " * DEEP + "1" + " : 2)" * DEEP,
    "indexes": lambda: "local.a" + "[0]" * DEEP,
    "attributes": lambda: "local.a" + ".b" * DEEP,
    "splats": lambda: "local.a" + "[*]" * DEEP,
    "calls": lambda: "upper(" * DEEP + "1" + ")" * DEEP,
    "loops": lambda: "[for x in " * DEEP + "[]" + " : x]" * DEEP,
    "directives": lambda: '"' + "%{if true}" * 20_000 + "x" + "%{endif}" * 20_000 + '"',
    "interpolations": lambda: '"' + "${1}" * DEEP + '"',
    "jsondecode": lambda: f'jsondecode("{"[" * DEEP}")',
    "yamldecode": lambda: f'yamldecode("{"[" * DEEP}")',
}


@pytest.mark.parametrize("kind", NESTED)
def test_deep_expressions_are_unknown(kind: str, scan_with: Scan) -> None:
    answer = scan_with({"a/m.tf": bucket(NESTED[kind]())})
    assert (answer.code, FOUND in answer.failed()) == (1, True)


def test_templates_deeper_than_the_grammar_goes_are_named(scan_with: Scan) -> None:
    """tree-sitter keeps so many open quotes and no more; the block is unknown then, and the scan says so."""
    answer = scan_with({"a/m.tf": bucket('"' + '${"' * 200 + "x" + '"}' * 200 + '"')})
    assert (answer.code, FOUND in answer.failed()) == (3, False)
    assert "bucket" in answer.problem("a/m.tf")["message"]


def test_what_is_left_open(scan_with: Scan) -> None:
    files = {f"a{n}/m.tf": bucket(text) for n, text in enumerate(("[" * DEEP, '"${' * 20_000, "<<A\n" + "${" * 20_000))}
    answer = scan_with(files)
    for path in files:
        problem = answer.problem(path)
        assert (problem["line"] >= 1, problem["message"]) == (
            True,
            "syntax error: resource aws_s3_bucket.b is not read",
        )


def test_deep_blocks(scan_with: Scan) -> None:
    closed = bucket('"b"', "a {\n" * DEEP + "}\n" * DEEP)
    answer = scan_with({"a/m.tf": closed, "b/m.tf": "a {\n" * DEEP, "c/m.tf": 'resource "x" \n' * 20_000})
    assert FOUND in answer.failed()
    assert answer.problem("b/m.tf")["line"] >= 1
    assert answer.problem("c/m.tf")["line"] == 1


@pytest.mark.slow
def test_many_broken_blocks(scan_with: Scan) -> None:
    answer = scan_with({"a/m.tf": "".join(f'resource "aws_s3_bucket" "b{n}" {{\n= =\n}}\n' for n in range(4_000))})
    assert sum("syntax error" in p["message"] for p in answer.report["problems"]) == 4_000


@pytest.mark.slow
def test_huge_blocks_are_refused_and_huge_files_read(scan_with: Scan) -> None:
    huge = "locals {\n" + "".join(f'  a{n} = "{"x" * 90}"\n' for n in range(100_000)) + "}\n"
    lists = "locals {\n  a = [" + "[]," * 1_200_000 + "]\n}\n"
    answer = scan_with(
        {"a/m.tf": huge + bucket('"b"'), "b/m.tf": lists, "c/m.tf": ("#" * 99 + "\n") * 120_000 + bucket('"b"')}
    )
    assert answer.problem("a/m.tf")["line"] == 1
    assert "4 MB" in answer.problem("a/m.tf")["message"]
    assert {FOUND, ("bucket-public", "c:aws_s3_bucket.b")} <= answer.failed()


MANY = "flatten([for a in range(1000): [for b in range(200): tostring(a * 1000 + b)]])"
A40, A60 = "a" * 40, "a" * 60
COMPUTED = {
    "range": 'join(",", range(1000000000))',
    "range down": "range(0, -1000000000, -1)[0]",
    "range of fractions": "range(0, 1, 0.000000001)[5]",
    "setproduct": f"setproduct({', '.join(['range(1000)'] * 6)})",
    "cidrsubnets": f'cidrsubnets("10.0.0.0/8", {", ".join(["8"] * 5_000)})',
    "cidrsubnets many": f'cidrsubnets("::/0", [for i in {MANY}: 64]...)',
    "cidrsubnet": 'cidrsubnet("::/0", 999999999, 9)',
    "cidrhost": f'cidrhost("::/0", {"9" * 5_000})',
    "loops": MANY,
    "merge": f'merge([for i in {MANY}: {{"a${{i}}" = i}}]...)',
    "format width": 'format("%1000000000d", 1)',
    "format precision": 'format("%.1000000000f", 1.5)',
    "format left": 'format("%-1000000000s", "a")',
    "format star": 'format("%*d", 1000000000, 1)',
    "format argument": 'format("%[1000000000]d", 1)',
    "indent": 'indent(1000000000, "a\\nb")',
    "pow": "pow(99999999, 99999999)",
    "product": "9999999999" + " * 9999999999" * 2_000,
    "digits": "9" * DEEP,
    "parseint": f'parseint("{"z" * DEEP}", 36)',
    "replace": f'replace("{"a" * 1_000}", "a", "{"b" * 1_000}")',
    "regex": f'regex("(a+)+$", "{A40}!")',
    "regexall": f'regexall("(a+)+$", "{A40}!")',
    "regex in replace": f'replace("{A40}!", "/(a+)+$/", "x")',
    "regex choice": f'regex("^(a|a)*$", "{A60}!")',
    "regex choices": f'regex("{"(a|a)" * 40}b", "{A40}")',
    "regex optional": f'regex("{"a?" * 40}{A40}", "{A40}")',
    "regex optional, counted": f'regex("(?:a?){{64}}(?:a){{64}}", "{"a" * 64}")',
    "regex counted": f'regex("(a{{1,999}}){{1,999}}$", "{A60}!")',
    "regex stars": f'regex("a*a*a*a*a*a*a*b", "{"a" * 100}")',
    "regex named": f'regex("(?P<x>a+)+$", "{A60}!")',
    "regex flags": f'regex("(?i:a+)+$", "{A60}!")',
    "regex lazy": f'regex("(a+?)+?$", "{A60}!")',
}


@pytest.mark.parametrize("kind", COMPUTED)
def test_what_would_take_for_ever_is_unknown(kind: str, scan_with: Scan) -> None:
    answer = scan_with({"a/m.tf": bucket(COMPUTED[kind])})
    assert (answer.code, FOUND in answer.failed()) == (1, True)


@pytest.mark.slow
def test_loops_turn_only_so_often(scan_with: Scan) -> None:
    loops = "[for a in range(1000): [for b in range(1000): [for c in range(1000): 1]]]"
    assert FOUND in scan_with({"a/m.tf": bucket(loops), "b/m.tf": bucket(loops), "c/m.tf": bucket(loops)}).failed()


def chained(first: str, each: str, length: int, last: str) -> str:
    """Locals of which each is made of the one before it, @."""
    chain = "".join(f"  a{n} = {each.replace('@', f'local.a{n - 1}')}\n" for n in range(1, length))
    return f"locals {{\n  a0 = {first}\n{chain}}}\n" + bucket(last.replace("@", f"local.a{length - 1}"))


DECLARED = {
    "cyclic locals": "locals {\n  a = local.b\n  b = local.a\n  c = local.c\n}\n" + bucket('"${local.a}${local.c}"'),
    "cyclic resource": bucket("aws_s3_bucket.b.bucket"),
    "cyclic variable": 'variable "x" {\n  default = var.x\n}\n' + bucket("var.x"),
    "text that doubles": chained('"xxxxxxxxxx"', '"' + "${@}" * 10 + '"', 30, "@"),
    "unknown text that doubles": chained('"x${var.nowhere}"', '"' + "${@}" * 10 + '"', 30, "@"),
    "list that doubles": chained("[1, 2]", "[@, @, @]", 40, "jsonencode(@)"),
    "list that is compared": chained("[1, 2]", "[@, @]", 60, "[@] == [@] ? distinct([@, @]) : toset([@])"),
    "concat that doubles": chained("[1, 2]", "concat(@, @, @)", 40, "length(@)"),
    "map that doubles": chained("{a = 1}", "merge(@, {b = @, c = @})", 60, "length(@)"),
    "long chain": chained("1", "@", DEEP, "@"),
    "count": bucket('"b"', "  count = 1000000000\n"),
    "for_each": bucket("each.key", f"  for_each = toset({MANY})\n"),
    "for_each of a range": bucket("each.key", "  for_each = toset([for i in range(1000000000): tostring(i)])\n"),
    "dynamic": bucket('"b"', f'dynamic "grant" {{\n  for_each = {MANY}\n  content {{\n    id = grant.value\n  }}\n}}\n'),
    "type constraint": f'variable "x" {{\n  type = {"list(" * 5_000}string{")" * 5_000}\n  default = []\n}}\n' + bucket("var.x"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DECLARED)
def test_what_leads_back_to_itself_or_multiplies_is_unknown(kind: str, scan_with: Scan) -> None:
    answer = scan_with({"a/m.tf": DECLARED[kind]})
    assert answer.code == 1
    assert any(c == "bucket-public" and a.startswith("a:aws_s3_bucket.b") for c, a in answer.failed())


def test_modules_that_call_each_other(scan_with: Scan) -> None:
    files = {
        "a/m.tf": bucket("module.x.o") + 'module "x" {\n  source = "../b"\n  i = module.x.o\n}\n',
        "b/m.tf": 'variable "i" {}\noutput "o" {\n  value = var.i\n}\nmodule "y" {\n  source = "../a"\n}\n',
        "c/m.tf": 'module "x" {\n  source = "./"\n}\n',
    }
    answer = scan_with(files)
    assert (answer.problem("b/m.tf")["line"], answer.problem("c/m.tf")["line"]) == (5, 1)
    assert FOUND in answer.failed()


@pytest.mark.slow
def test_modules_that_multiply(scan_with: Scan) -> None:
    files = {
        f"a{n}/m.tf": f'module "x" {{\n  source = "../a{n + 1}"\n  count = 10\n}}\n'
        f'module "y" {{\n  source = "../a{n + 1}"\n  for_each = toset(["a", "b", "c"])\n}}\n'
        for n in range(30)
    }
    problems = scan_with(files | {"a30/m.tf": bucket("var.x")}).report["problems"]
    assert problems
    assert all(p["line"] in (1, 5) for p in problems)


# Nothing outside of what is scanned is read.

SECRET = "outside-of-what-is-scanned"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.txt").write_text(SECRET)
    (folder / "main.tf").write_text(bucket(f'"{SECRET}"'))
    return folder


@pytest.mark.parametrize(
    "source", ["../../outside", "../../outside//", "../a/../../outside", "${path.module}/../../outside", "{outside}", "./link", "./folder"]
)  # fmt: skip
def test_modules_outside_are_not_read(source: str, outside: Path, tree: Path, scan_with: Scan) -> None:
    (tree / "a/folder").mkdir(parents=True)
    (tree / "a/link").symlink_to(outside, target_is_directory=True)
    (tree / "a/folder/main.tf").symlink_to(outside / "main.tf")
    said = source.replace("{outside}", str(outside))
    answer = scan_with({"a/m.tf": bucket("module.x.name") + f'module "x" {{\n  source = "{said}"\n}}\n'})
    assert SECRET not in answer.text
    assert any(n["path"] == "tree/a/m.tf" and "module x is not read" in n["message"] for n in answer.report["notes"])


@pytest.mark.parametrize("folder", ["../../outside", "{outside}", "link", "folder", "loop", "a\\u0000b", ""])
def test_installed_modules_outside_are_not_read(folder: str, outside: Path, tree: Path, scan_with: Scan) -> None:
    (tree / "a/folder").mkdir(parents=True)
    (tree / "a/link").symlink_to(outside, target_is_directory=True)
    (tree / "a/folder/main.tf").symlink_to(outside / "main.tf")
    (tree / "a/loop").symlink_to("loop")
    manifest = (
        f'{{"Modules": [{{"Key": "x", "Source": "n/x/aws", "Dir": "{folder.replace("{outside}", str(outside))}"}}]}}'
    )
    files = {
        "a/m.tf": bucket('"b"') + 'module "x" {\n  source = "n/x/aws"\n}\n',
        "a/.terraform/modules/modules.json": manifest,
    }
    answer = scan_with(files)
    assert (SECRET in answer.text, FOUND in answer.failed()) == (False, True)


@pytest.mark.parametrize(
    ("manifest", "line"), [('{"Modules": [\n{"Key": ]', 2), ('{"Modules": [5]}', 1), ("[" * DEEP, 1), (b"\xff", 1)]
)
def test_malformed_lists_of_modules(manifest: str | bytes, line: int, scan_with: Scan) -> None:
    answer = scan_with(
        {"a/m.tf": 'module "x" {\n  source = "n/x/aws"\n}\n', "a/.terraform/modules/modules.json": manifest}
    )
    assert answer.problem("a/.terraform/modules/modules.json")["line"] == line


@pytest.mark.parametrize(
    "path", ["../../outside/secret.txt", "{outside}/secret.txt", "link.txt", "${path.root}/../../outside/secret.txt", "up/secret.txt",
             "/etc/passwd", "/dev/zero", "pipe", "loop", "a\\u0000b", "~/.netrc", ".", ""]
)  # fmt: skip
def test_functions_read_no_file_outside(path: str, outside: Path, tree: Path, scan_with: Scan) -> None:
    (tree / "a").mkdir()
    (tree / "a/inside.txt").write_text("inside-of-it")
    (tree / "a/link.txt").symlink_to(outside / "secret.txt")
    (tree / "a/up").symlink_to(outside, target_is_directory=True)
    (tree / "a/loop").symlink_to("loop")
    os.mkfifo(tree / "a/pipe")
    said = path.replace("{outside}", str(outside))
    calls = ", ".join(
        f'{call}("{said}"{more})'
        for call, more in (
            ("file", ""),
            ("templatefile", ", {}"),
            ("filebase64", ""),
            ("fileexists", ""),
            ("filesha256", ""),
        )
    )
    answer = scan_with(
        {
            "a/m.tf": bucket('file("inside.txt")')
            + bucket(f'join("", [{calls}])').replace('"b"', '"c"').replace("acl", "x")
        }
    )
    assert ("inside-of-it" in answer.text, SECRET in answer.text, "root:" in answer.text) == (True, False, False)
