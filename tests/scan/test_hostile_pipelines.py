"""Pipelines that would take for ever or fill the memory: as the command meets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Scan = Callable[..., Any]
WORKFLOW = ".github/workflows/m.yml"
GITHUB = ("pipeline-token-writes-all", f"{WORKFLOW}:workflow")
GITLAB = ("pipeline-image-unpinned", "a.gitlab-ci.yml:pipeline/jobs[last]")
STEPS = "on: issues\npermissions: write-all\njobs:\n  a:\n    runs-on: x\n    steps:\n"

WORKFLOWS: dict[str, Callable[[], str]] = {
    "expressions that do not end": lambda: f"{STEPS}      - run: '{'${{ ' * 300_000}'\n",
    "an expression of questions": lambda: f"{STEPS}      - run: ${{{{ {'contains(' * 50_000} }}}}\n",
    "many expressions": lambda: f"{STEPS}      - run: {'${{ github.event.issue.number }} ' * 100_000}\n",
    "variables in a circle": lambda: f"{STEPS}      - run: ${{{{ env.A }}}}\n        env: {{A: '${{{{ env.B }}}}', B: '${{{{ env.A }}}}'}}\n",
    "many variables": lambda: f"env: {{{', '.join(f'V{n}: x' for n in range(20_000))}}}\n{STEPS}" + "      - run: make ${{ env.V1 }}\n" * 3_000,
    "a long line": lambda: f"{STEPS}      - run: {'curl x ' * 200_000}\n",
    "a long command": lambda: f"{STEPS}      - run: |\n" + "          echo \\\n" * 200_000,
    "many lines": lambda: f"{STEPS}      - run: |\n" + "          docker build --build-arg A=1 .\n" * 30_000,
    "wrong shapes": lambda: f"{STEPS}      - 5\n      - [run]\n      - {{run: {{a: b}}, uses: [x], with: 5, env: [1]}}\n  b: [1]\n  c: {{steps: 5, needs: {{a: b}}, runs-on: {{labels: 5}}}}\n",
    "many checkouts": lambda: STEPS.replace("issues", "pull_request_target") + "      - uses: actions/checkout@v6\n        with: {ref: '${{ github.head_ref }}'}\n      - run: make\n        if: steps.x.outputs.y\n" * 3_000,
    "a matrix of everything": lambda: f"{STEPS}      - run: x\n  b:\n    runs-on: ${{{{ matrix.m }}}}\n    strategy: {{matrix: {{m: [{', '.join(['x'] * 100_000)}]}}}}\n    steps: [{{run: x}}]\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", WORKFLOWS)
def test_workflows(kind: str, scan_with: Scan) -> None:
    answer = scan_with({WORKFLOW: WORKFLOWS[kind]()})
    assert (answer.code, GITHUB in answer.failed()) == (1, True)


def test_more_steps_than_anybody_writes(scan_with: Scan) -> None:
    answer = scan_with({WORKFLOW: STEPS + "      - run: make\n" * 11_000 + "  b: {steps: [{run: x}]}\n"})
    assert "more than 10,000 steps" in answer.problem(WORKFLOW)["message"]


LAST = "last: {script: make, image: python}\n"
DOUBLED = "".join(f".a{n}: {{extends: [.a{n + 1}, .a{n + 1}], script: [!reference [.a{n + 1}, script], !reference [.a{n + 1}, script]]}}\n" for n in range(60))  # fmt: skip
PIPELINES: dict[str, Callable[[], dict[str, str]]] = {
    "extends in a circle": lambda: {"a.gitlab-ci.yml": ".a: {extends: .b}\n.b: {extends: .a, script: x}\nx: {extends: [.a, x]}\n"},
    "extends that double": lambda: {"a.gitlab-ci.yml": f"{DOUBLED}x: {{extends: .a0}}\n"},
    "a reference to itself": lambda: {"a.gitlab-ci.yml": ".a: {script: [!reference [.a, script]]}\nx: {script: [!reference [.a, script], !reference [x, script]]}\n"},
    "references that double": lambda: {"a.gitlab-ci.yml": DOUBLED + "x: {script: [!reference [.a50, script]]}\n"},
    "references to nothing": lambda: {"a.gitlab-ci.yml": "x: {script: !reference [], image: !reference [a, b], rules: !reference [[x]]}\n"},
    "files in a circle": lambda: {"a.gitlab-ci.yml": "include: [b.yml, a.gitlab-ci.yml]\n", "b.yml": "include: [a.gitlab-ci.yml, b.yml]\nb: {script: x}\n"},
    "many files": lambda: {"a.gitlab-ci.yml": "include: 'f/*.yml'\n", **{f"f/{n}.yml": f"include: f/{n + 1}.yml\nx: {{script: [{n}], variables: {{V{n}: x}}}}\n" for n in range(400)}},
    "up the tree": lambda: {"a.gitlab-ci.yml": "include: [../../../../etc/passwd, /etc/passwd, '../*', '**']\n"},
    "variables in a circle": lambda: {"a.gitlab-ci.yml": "variables: {A: $B, B: $A}\nx: {script: x, image: '$A:$B'}\n"},
    "a long image": lambda: {"a.gitlab-ci.yml": f"x: {{script: x, image: '{'$A' * 100_000}'}}\n"},
    "many jobs that extend one": lambda: {"a.gitlab-ci.yml": f".v: {{variables: {{{', '.join(f'V{n}: x' for n in range(2_000))}}}, script: x}}\n" + "".join(f"j{n}: {{extends: .v}}\n" for n in range(1_000))},
    "wrong shapes": lambda: {"a.gitlab-ci.yml": "default: 5\nvariables: [a]\nworkflow: x\ninclude: {a: [b]}\nx: [1]\ny: {script: {a: b}, rules: 5, needs: {a: b}, only: {refs: 5}, services: [[1]], extends: {a: b}}\n"},
}  # fmt: skip


@pytest.mark.parametrize("kind", PIPELINES)
def test_pipelines(kind: str, scan_with: Scan) -> None:
    files = PIPELINES[kind]()
    answer = scan_with({**files, "a.gitlab-ci.yml": files["a.gitlab-ci.yml"] + LAST})
    assert (answer.code, GITLAB in answer.failed()) == (1, True)


def test_more_jobs_than_anybody_writes(scan_with: Scan) -> None:
    jobs = "".join(f"j{n}: {{script: x}}\n" for n in range(5_100))
    answer = scan_with({"a.gitlab-ci.yml": jobs})
    assert "more than 5,000 jobs" in answer.problem("a.gitlab-ci.yml")["message"]
