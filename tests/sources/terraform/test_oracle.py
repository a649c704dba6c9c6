"""The evaluator against `tfparse`, which evaluates with Terraform's own libraries, on what both know.

It runs in a process of its own: a panic in it kills the process, and what it cannot compute it makes up.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from garrison.estate.values import Body, State, Value, known
from garrison.sources import terraform
from garrison.sources.discover import discover

pytest.importorskip("tfparse")
pytestmark = pytest.mark.facts

_LOAD = "import json, sys, tfparse; print(json.dumps(tfparse.load_from_path(sys.argv[1])))"
_MADE_UP = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_META = frozenset({"__tfmeta", "id", "count", "for_each", "depends_on", "lifecycle", "provider"})
_INDEX = re.compile(r"\[[^\]]*\]")
_LAST_INDEX = re.compile(r"\[\d+\]$")
EXAMPLE = Path(__file__).parents[3] / "examples" / "fraud-platform"


def theirs(folder: Path) -> dict[str, dict[str, Any]]:
    """Every resource by its address, as the oracle has it."""
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(folder)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for blocks in json.loads(done.stdout).values():
        for block in blocks:
            if block["__tfmeta"].get("type") == "resource":
                found[block["__tfmeta"]["path"]] = block
    return found


def ours(folder: Path, root: str = ".") -> dict[str, Any]:
    tree = discover(folder)
    files = [f for f in tree.files.values() if terraform.claims(f)]
    return {r.address.partition(":")[2]: r for r in terraform.read(files, tree) if r.root == root}


def unsaid(other: Any) -> bool:
    """Whether the oracle does not know it: made up, or left as it is written."""
    if isinstance(other, dict):
        return "__attribute__" in other
    return isinstance(other, str) and ("${" in other or _MADE_UP.search(other) is not None)


def differences(mine: Value, other: Any, path: str) -> Iterator[str]:
    """Where both know and do not agree."""
    if mine.state is State.UNKNOWN or unsaid(other):
        return
    if isinstance(other, str) and isinstance(mine.content, Body | tuple):
        other = json.loads(other)  # what jsonencode made
    if mine.state is State.ABSENT:
        if other not in (None, [], ""):
            yield f"{path}: null, oracle {other!r}"
    elif isinstance(mine.content, Body):
        if isinstance(other, list) and len(other) == 1:
            other = other[0]
        if not isinstance(other, dict):
            yield f"{path}: a map, oracle {other!r}"
            return
        for name in {*mine.content.keys(), *other} - _META:
            yield from differences(mine.child(name), other.get(name), f"{path}.{name}")
    elif isinstance(mine.content, tuple):
        yield from different_items(mine, other if isinstance(other, list) else [other], path)
    elif json.dumps(mine.content) != json.dumps(other) and mine.content != other:
        yield f"{path}: {mine.content!r}, oracle {other!r}"


def different_items(mine: Value, others: list[Any], path: str) -> Iterator[str]:
    items = list(mine.content)
    if len(others) != len(items) and mine.rest is None:
        yield f"{path}: {len(items)} items, oracle {others!r}"
    if others and all(isinstance(o, dict) and "__tfmeta" in o for o in others):
        if len(others) != len(items):
            return
        # it puts what dynamic blocks make behind the others
        others = sorted(others, key=lambda o: o["__tfmeta"]["line_start"])
        items.sort(key=lambda i: i.place.line)
    for number, (a, b) in enumerate(zip(items, others, strict=False)):
        yield from differences(a, b, f"{path}[{number}]")


def lenient(problem: str) -> bool:
    """Where the oracle leaves out what it cannot compute, and all that holds it."""
    return problem.endswith(("oracle None", "oracle [None]")) or " items, oracle " in problem


def compared(folder: Path, least_known: int, *, strictly: bool = True) -> None:
    """Fails where a resource or a value differs, or where too few values were known to both."""
    wanted, found = theirs(folder), ours(folder)
    assert wanted
    plain = {_INDEX.sub("", address) for address in found}
    # it numbers what counts alike, and does not always tell instances of a module apart
    assert {_INDEX.sub("", address) for address in wanted} <= plain
    problems: list[str] = []
    both = 0
    for address, block in wanted.items():
        resource = found.get(address) or found.get(_LAST_INDEX.sub("", address))
        for name, other in block.items():
            if name in _META or resource is None:
                continue
            value = resource.at((name,))
            if name == "tags" and isinstance(value.content, Body) and isinstance(other, dict):
                # it does not add the tags of the provider
                value = known(Body.of({k: v for k, v in value.content.items() if k in other}))
            both += value.state is State.KNOWN
            problems += differences(value, other, f"{address}.{name}")
    problems = [p for p in problems if strictly or not lenient(p)]
    assert not problems, "\n".join(problems)
    assert both >= least_known


def test_all_cases(tmp_path: Path, all_cases: list[tuple[str, Any]]) -> None:
    body = "\n".join(f"  v{n} = {expression}" for n, (expression, _) in enumerate(all_cases))
    (tmp_path / "main.tf").write_text(f'resource "t_x" "x" {{\n{body}\n}}\n')
    compared(tmp_path, len(all_cases) - 5)


class Writer:
    """Writes random expressions of a wanted type, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self, depth: int) -> str:
        r = self.random
        if depth <= 0:
            return r.choice(['"a"', '"Bc-d"', '""', "var.s", "local.s", '"x${var.s}y"', "var.o.name"])
        d = depth - 1
        makers: list[Callable[[], str]] = [
            lambda: f'"<${{{self.text(d)}}}>${{{self.number(d)}}}"',
            lambda: f"upper({self.text(d)})",
            lambda: f"title(lower({self.text(d)}))",
            lambda: f"join({self.text(0)}, {self.texts(d)})",
            lambda: f'replace({self.text(d)}, "a", {self.text(0)})',
            lambda: f"{self.truth(d)} ? {self.text(d)} : {self.text(d)}",
            lambda: f'format("%s/%03d/%v", {self.text(d)}, {self.integer(d)}, {self.truth(d)})',
            lambda: f"try({self.texts(d)}[{self.integer(0)}], {self.text(d)})",
            lambda: f'element(concat({self.texts(d)}, ["z"]), {r.randint(0, 5)})',
            lambda: f"lookup({self.mapping(d)}, {self.text(0)}, {self.text(0)})",
            lambda: f"substr({self.text(d)}, 0, {r.randint(0, 4)})",
            lambda: f"trimsuffix({self.text(d)}, {self.text(0)})",
            lambda: f'coalesce({self.text(d)}, "last")',
            lambda: f"tostring({self.number(d)})",
            lambda: f'"${{jsonencode({r.choice([self.texts, self.mapping, self.number])(d)})}}."',
            lambda: f'"%{{ if {self.truth(d)} }}${{{self.text(d)}}}%{{ else }}no%{{ endif }}"',
            lambda: f'"%{{ for x in {self.texts(d)} ~}} ${{x}}, %{{ endfor }}"',
            lambda: f"base64encode({self.text(d)})",
            lambda: f"md5({self.text(d)})",
        ]
        return f"({r.choice(makers)()})"

    def integer(self, depth: int) -> str:
        r = self.random
        if depth <= 0:
            return r.choice(["0", "1", "7", "var.n", "-3", "length(var.l)"])
        d = depth - 1
        return r.choice(
            [
                f"({self.integer(d)} + {self.integer(d)})",
                f"({self.integer(d)} - {self.integer(d)} * 2)",
                f"length({self.texts(d)})",
                f"max({self.integer(d)}, {self.integer(d)})",
                f"abs({self.integer(d)})",
                f"floor({self.number(d)})",
                f"({self.truth(d)} ? {self.integer(d)} : {self.integer(d)})",
            ]
        )

    def number(self, depth: int) -> str:
        return self.random.choice(
            [self.integer(depth), "1.5", f"({self.integer(depth)} / 4)", f"({self.integer(depth)} % 5)"]
        )

    def truth(self, depth: int) -> str:
        r = self.random
        if depth <= 0:
            return r.choice(["true", "false", "var.b", "!var.b"])
        d = depth - 1
        return r.choice(
            [
                f"({self.truth(d)} && {self.truth(d)})",
                f"({self.truth(d)} || {self.truth(d)})",
                f"({self.number(d)} < {self.number(d)})",
                f"({self.text(d)} == {self.text(d)})",
                f"contains({self.texts(d)}, {self.text(0)})",
                f"can({self.texts(d)}[{self.integer(0)}])",
                f"startswith({self.text(d)}, {self.text(0)})",
                f"alltrue([{self.truth(d)}, {self.truth(d)}])",
            ]
        )

    def texts(self, depth: int) -> str:
        r = self.random
        if depth <= 0:
            return r.choice(["var.l", "[]", '["a", "b"]', "local.l"])
        d = depth - 1
        return r.choice(
            [
                f"[{self.text(d)}, {self.text(d)}]",
                f"concat({self.texts(d)}, {self.texts(d)})",
                f"[for x in {self.texts(d)} : upper(x) if x != {self.text(0)}]",
                f'[for i, x in {self.texts(d)} : "${{i}}${{x}}"]',
                f"compact({self.texts(d)})",
                f"distinct({self.texts(d)})",
                f"sort({self.texts(d)})",
                f"reverse({self.texts(d)})",
                f"keys({self.mapping(d)})",
                f"values({self.mapping(d)})",
                f"flatten([{self.texts(d)}, [{self.text(d)}]])",
                f'split("-", {self.text(d)})',
                f'formatlist("%s!", {self.texts(d)})',
                f"[for x in [{{ a = {self.text(d)} }}, {{ a = {self.text(0)} }}] : x][*].a",
            ]
        )

    def mapping(self, depth: int) -> str:
        r = self.random
        if depth <= 0:
            return r.choice(["{}", '{ a = "1" }', "var.m", '{ b = "x", "c-d" = "y" }'])
        d = depth - 1
        return r.choice(
            [
                f"{{ k = {self.text(d)}, (var.s) = {self.text(d)} }}",
                f"merge({self.mapping(d)}, {self.mapping(d)})",
                f"{{ for x in distinct({self.texts(d)}) : x => upper(x) }}",
                f"tomap({self.mapping(d)})",
                f'zipmap(["p", "q"], [{self.text(d)}, {self.text(d)}])',
            ]
        )


HEAD = """
variable "s" { default = "dev" }
variable "n" { default = 4 }
variable "b" { default = true }
variable "l" { default = ["x", "", "a", "x"] }
variable "m" { default = { a = "one", z = "two" } }
variable "o" { default = { name = "obj" } }
locals {
  s = "${var.s}-local"
  l = [for x in var.l : x if x != ""]
}
"""


@pytest.mark.parametrize("seed", range(12))
def test_random_expressions(seed: int, tmp_path: Path) -> None:
    writer = Writer(seed)
    makers = (writer.text, writer.integer, writer.number, writer.truth, writer.texts, writer.mapping)
    lines = [f"  v{n} = {makers[n % len(makers)](1 + n % 4)}" for n in range(120)]
    (tmp_path / "main.tf").write_text(HEAD + 'resource "t_x" "x" {\n' + "\n".join(lines) + "\n}\n")
    compared(tmp_path, 80)


def test_a_module_tree(tmp_path: Path) -> None:
    files = {
        "main.tf": HEAD
        + """
            module "each" {
              source   = "./m"
              for_each = var.m
              name     = "${each.key}-${each.value}"
              settings = { level = 2 }
            }
            module "one" {
              source = "./m"
              name   = module.each["a"].name
            }
            resource "aws_s3_bucket" "keyed" {
              for_each = toset(local.l)
              bucket   = "b-${each.key}"
              tags     = merge({ Name = each.value }, var.m)
            }
            resource "aws_s3_bucket" "counted" {
              count  = 2
              bucket = "c-${count.index}"
            }
            resource "aws_s3_bucket" "off" {
              count  = var.b ? 0 : 1
              bucket = "off"
            }
            resource "t_x" "x" {
              names  = [for k in sort(keys(var.m)) : module.each[k].name]
              bucket = aws_s3_bucket.keyed["x"].bucket
              splat  = aws_s3_bucket.counted[*].bucket
              text   = <<-EOT
                %{ for x in local.l ~}
                - ${x}
                %{ endfor ~}
                  deep
              EOT
              dynamic "rule" {
                for_each = var.m
                content {
                  key   = rule.key
                  value = rule.value
                }
              }
              dynamic "item" {
                for_each = local.l
                iterator = it
                content {
                  key   = it.key
                  value = it.value
                }
              }
            }
        """,
        "m/main.tf": """
            variable "name" { type = string }
            variable "settings" {
              type    = object({ level = optional(number, 1), on = optional(bool, true) })
              default = {}
            }
            resource "t_y" "y" {
              name  = upper(var.name)
              level = var.settings.level
              on    = var.settings.on
            }
            output "name" { value = var.name }
        """,
        "terraform.tfvars": 's = "prod"\nn = 9\n',
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    compared(tmp_path, 20)


@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the example is not there yet")
@pytest.mark.parametrize("variant", ["insecure", "hardened"])
def test_the_example(variant: str) -> None:
    folder = EXAMPLE / variant / "terraform" / "aws"
    compared(folder, 400, strictly=False)
