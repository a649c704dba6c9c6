"""The GitHub Action: its own scripts are run as a runner would, with hostile words as inputs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

TOP = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((TOP / "action.yml").read_text("utf8"))
BUCKET = 'resource "aws_s3_bucket" "b" {\n  bucket = "fraud-training-data"\n  acl    = "public-read"\n}\n'
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the action's source, and Garrison installed by the action's own first script."""
    folder = tmp_path_factory.mktemp("runner")
    for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE"):
        shutil.copy(TOP / name, folder)
    shutil.copytree(TOP / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    install = next(step for step in ACTION["runs"]["steps"] if "Install" in step.get("name", ""))
    done = run(install, folder, folder, {})
    assert done.returncode == 0, done.stderr
    return folder


def run(step: dict[str, Any], runner: Path, cwd: Path, inputs: dict[str, str]) -> subprocess.CompletedProcess[str]:
    said = {f"inputs.{name}": inputs.get(name, spec["default"]) for name, spec in ACTION["inputs"].items()}
    said |= {"github.action_path": str(runner), "runner.temp": str(runner / "temp")}
    variables = {name: EXPRESSION.sub(lambda m: said[m[1]], text) for name, text in step["env"].items()}
    (runner / "temp").mkdir(exist_ok=True)
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def scan(runner: Path, cwd: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    step = next(step for step in ACTION["runs"]["steps"] if step.get("name") == "Scan")
    return run(step, runner, cwd, {name.replace("_", "-"): text for name, text in inputs.items()})


@pytest.mark.slow
def test_it_annotates_and_fails(runner: Path, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(BUCKET)
    done = scan(runner, tmp_path)
    assert done.returncode == 1, done.stderr
    assert "::error file=main.tf,line=3" in done.stdout


@pytest.mark.slow
def test_inputs_are_words_and_never_run(runner: Path, tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b/main.tf").write_text(BUCKET)
    done = scan(
        runner, tmp_path, paths="a b\n", fail_on="never", format="sarif", output="out file.sarif", arguments="--all\n"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out file.sarif").stat().st_size > 1000
    hostile = scan(runner, tmp_path, paths="$(touch owned); touch owned #`touch owned`")
    assert hostile.returncode == 2
    assert not (tmp_path / "owned").exists()


def test_no_expression_stands_in_a_script() -> None:
    assert not [step for step in ACTION["runs"]["steps"] if "${{" in step.get("run", "")]


def test_the_actions_it_uses_are_pinned() -> None:
    used = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]
    assert used
    assert all(re.search(r"@[0-9a-f]{40}$", name) for name in used)


def test_it_installs_with_the_uv_of_the_makefile() -> None:
    version = re.search(r"^UV_VERSION = (\S+)$", (TOP / "Makefile").read_text(), re.MULTILINE)
    assert version
    for name in ("action.yml", "Containerfile"):
        assert f"uv=={version[1]}" in (TOP / name).read_text()
