"""Bad Compose files: always an answer within limits, with file and line, and all else still reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Scan = Callable[..., Any]
ONE = "services:\n  s:\n    image: a\n"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (ONE + "    ports: [\n", 4, "not valid YAML"),
        (ONE + "    image: b\n", 4, "'image' is said twice"),
        (ONE.encode() + b"# \xff\n", 4, "not UTF-8"),
        (ONE.encode() + b"\0", 4, "binary"),
        (ONE + BOMB, 10, "aliases expand to more than"),
        (ONE + "    x: " + "[" * 100_000, 4, "nested deeper"),
        (ONE + "    x: &a [*a]\n", 4, "stands inside &a itself"),
        ("services:\n  a: {extends: b}\n  b: {extends: a}\n", 2, "a extends b, and that again a"),
        ("services:\n  a: {extends: a}\n", 2, "a extends a"),
        ("services:\n" + "".join(f"  s{n}: {{extends: s{n + 1}}}\n" for n in range(100)), 52, "more than 50 services extend one another"),
        ("services:\n" + "".join(f"  s{n}: {{image: a}}\n" for n in range(6_000)), 0, "only the first 5,000 services"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_problem_with_its_line(
    content: str | bytes, line: int, words: str, scan_with: Scan
) -> None:
    answer = scan_with({"a/compose.yaml": content})
    problem = answer.problem("a/compose.yaml")
    assert answer.code == 3
    assert (problem["line"], words in problem["message"]) == (line, True), problem


ODD = """services:
  a: 1
  b: []
  c: {ports: {a: b}, volumes: 3, environment: 7, build: [a], networks: 5, security_opt: {a: b}, env_file: {x: y}, secrets: 3, deploy: 4, user: [a]}
  d: {image: [x], ports: [1, 1.5, true, null, {}], volumes: [null, {}, 3], user: 0, environment: [null, 3, {a: b}], profiles: 3, labels: x}
  e: {build: {context: 3, dockerfile: [a]}, extends: {service: 3, file: 4}, configs: [null, {a: b}], network_mode: [x], gpus: {a: b}}
  2: {image: x, extends: [a], volumes: [':::', ':', 'a:'], ports: ['::', ':', '', '1:2:3:4:5']}
"""


def test_what_is_not_as_it_should_be(scan_with: Scan) -> None:
    tops = [
        "services: [a]",
        "services: 3",
        "networks: 3\nvolumes: x\nservices: {a: {image: x, networks: [b], volumes: ['c:/d']}}",
        "include: {a: b}\nservices:",
    ]
    answer = scan_with({"z/compose.yaml": ODD, **{f"{n}/compose.yaml": text + "\n" for n, text in enumerate(tops)}})
    assert answer.code == 1


def test_a_template_is_named(scan_with: Scan) -> None:
    answer = scan_with({"a/compose.yaml": "services:\n  {{ name }}:\n    image: {{ image }}:latest\n"})
    assert answer.code == 1
    assert any("a template, not a Compose file" in n["message"] for n in answer.report["notes"])


REPEATED: dict[str, Callable[[], dict[str, str]]] = {
    "ports": lambda: {"compose.yaml": ONE + "    ports: [" + "80:80," * 20_000 + "81:81]\n"},
    "volumes": lambda: {"compose.yaml": ONE + "    volumes: [" + "./a:/b," * 100_000 + "/:/c]\n"},
    "variables": lambda: {"compose.yaml": ONE + "    environment:\n" + "".join(f"      A{n}: ${{B{n}:-x}}\n" for n in range(100_000))},
    "words": lambda: {"compose.yaml": ONE + "    command: " + "a " * 1_000_000 + "\n"},
    "references": lambda: {"compose.yaml": ONE + "    command: " + "${a:-" * 500_000 + "\n"},
    "references closed": lambda: {"compose.yaml": ONE + "    command: " + "${a:-" * 200_000 + "}" * 200_000 + "\n"},
    "variables that double": lambda: {
        ".env": "A0=xxxxxxxx\n" + "".join(f"A{n}=${{A{n - 1}}}${{A{n - 1}}}\n" for n in range(1, 19_000)),
        "compose.yaml": ONE + "    command: $A18000 $A12\n",
    },
    "a long variable": lambda: {".env": f"A={'x' * 30_000}\n", "compose.yaml": ONE + "    environment: [" + "B=$A," * 100_000 + "x]\n"},
    "services that extend a large one": lambda: {
        "compose.yaml": ONE + "    environment:\n" + "".join(f"      A{n}: x\n" for n in range(5_000)) + "".join(f"  s{n}: {{extends: s}}\n" for n in range(4_900))
    },
    "files that include one another": lambda: {
        f"x{n}/compose.yaml": f"include: [../x{(n + 1) % 2_000}/compose.yaml]\nservices: {{b{n}: {{image: b}}}}\n" for n in range(2_000)
    },
    "networks": lambda: {"compose.yaml": "services:\n" + "".join(f"  s{n}: {{image: a, networks: [{','.join(f'n{k}' for k in range(50))}]}}\n" for n in range(2_000))},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", REPEATED)
def test_what_is_repeated_takes_linear_time(kind: str, scan_with: Scan) -> None:
    scan_with({f"a/{path}": text for path, text in REPEATED[kind]().items()})
