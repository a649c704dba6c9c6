"""The pre-commit hook, run by pre-commit itself from a repository that holds this source."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
BUCKET = 'resource "aws_s3_bucket" "b" {\n  bucket = "fraud-training-data"\n  acl    = "public-read"\n}\n'


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.mark.slow
def test_the_hook_fails_on_what_is_open(tmp_path: Path) -> None:
    hook, work = tmp_path / "hook", tmp_path / "work"
    hook.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(TOP / name, hook)
    shutil.copytree(TOP / "src", hook / "src", ignore=shutil.ignore_patterns("__pycache__"))
    work.mkdir()
    (work / "main.tf").write_text(BUCKET)
    (work / "notes.txt").write_text("nothing")
    for folder in (hook, work):
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "first")

    def run(*files: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pre_commit", "try-repo", str(hook), "garrison", "--files", *files]
        environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache")}
        return subprocess.run(
            command, cwd=work, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    failing = run("main.tf")
    assert failing.returncode == 1, failing.stdout + failing.stderr
    assert "bucket-public" in failing.stdout
    assert "Skipped" in run("notes.txt").stdout
    (work / "main.tf").write_text(BUCKET.replace("public-read", "private"))
    mended = run("main.tf")
    assert mended.returncode == 0, mended.stdout
