"""Checks that a pull request brings, named by its configuration: they run nothing, and do not stop what is scanned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import write

CHECK = """\
id: acme-hostile-{name}
title: It takes long
why: somebody wants that.
fix: none.
severity: low
pillar: cloud
kind: Rule
fail: |
  {expression}
message: it takes long
examples: {{fail.tf: "", pass.tf: ""}}
"""
CONFIG = '[scan]\nchecks = ["checks"]\n'
EXPRESSIONS = {
    "loops": "rule.sources.exists(a, rule.sources.exists(b, rule.sources.exists(c, a == b && b == c && a == null)))",
    "wide": "rule.sources.filter(a, rule.sources.exists(b, b == a)).map(a, rule.sources.filter(b, b != a)).size() == 0",
    "texts": 'rule.sources.exists(a, rule.description.contains("b"))',
    "patterns": r'rule.description.matches(r"^(a+)+$") || rule.description.matches(r"(.*a){12}b")',
    "chain": " || ".join(["rule.description == null"] * 140),
}


def sources() -> str:
    """A rule with as many sources, and as long a description, as nobody writes."""
    blocks = ", ".join(f'"10.{n // 250}.{n % 250}.0/24"' for n in range(3_000))
    return (
        'resource "aws_security_group" "wide" {\n  ingress {\n    from_port = 22\n    to_port = 22\n    protocol = "tcp"\n'
        f'    cidr_blocks = [{blocks}]\n    description = "{"a" * 500_000}!"\n  }}\n}}\n'
    )


def test_what_takes_long_is_unknown(scan_with: Callable[..., Any]) -> None:
    checks = {f"checks/{name}.yaml": CHECK.format(name=name, expression=e) for name, e in EXPRESSIONS.items()}
    answer = scan_with({"garrison.toml": CONFIG, "main.tf": sources(), **checks})
    undecided = {f["check"]: f["evidence"][0]["note"] for f in answer.report["undecided"]}
    for name in ("loops", "wide", "texts"):
        assert undecided[f"acme-hostile-{name}"].startswith("its lists are too long")
    passed = answer.report["passed_by_check"]
    assert {"acme-hostile-patterns", "acme-hostile-chain"} <= passed.keys() | {f[0] for f in answer.failed()}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"checks/a.yaml": CHECK.format(name="a", expression="(" * 1000)}, "nested deeper"),
        ({"checks/a.yaml": CHECK.format(name="a", expression="a" * 5000)}, "fail: expected str of length <= 4000"),
        ({"checks/a.yaml": CHECK.format(name="a", expression='rule.description.matches("((a{99}){99}){99}")')}, "RE2"),
        ({"checks/a.yaml": "a: " + "[" * 100_000}, "nested deeper"),
        ({"checks/a.yaml": "#" * 2_000_000}, "larger than 1 MB"),
        ({"checks/a.yaml": b"\x00\xff"}, "checks/a.yaml:1"),
        ({"checks/a.py": "raise SystemExit(0)"}, "no file in it ends with .yaml or .yml"),
        ({"garrison.toml": '[scan]\nchecks = ["/dev/zero"]\n'}, "/dev/zero"),
        ({"garrison.toml": '[scan]\nchecks = ["../tree/nothing"]\n'}, "garrison.toml:2"),
        ({"checks/\x1b[2J.yaml": "a: \x1b"}, "control character"),
    ],
)  # fmt: skip
def test_what_is_wrong_ends_the_scan(
    tree: Path, command: Callable[..., Any], files: dict[str, str | bytes], said: str
) -> None:
    write(tree, {"garrison.toml": CONFIG, **files})
    done = command("scan", "tree")
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
