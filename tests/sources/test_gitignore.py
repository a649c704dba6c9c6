"""Against git itself: `git check-ignore` says what a pattern means."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.sources.discover import discover
from garrison.sources.gitignore import Patterns

PATHS = [
    "main.tf", "build", "build/x.tf", "a/build/x.tf", "a/b/c.yaml", "a/b.yaml", "b.yaml", "a/x/b/c.yaml", "keep.log",
    "other.log", "a/keep.log", "doc/readme.md", "foo/bar/baz.tf", "foo/baz.tf", "#odd", "!odd", "sp ace", "a[1].tf",
    "a1.tf", "ab.tf", "aXb.tf", "a-b.tf", "aa", "a", "Z.tf", "x.tfvars", "deep/er/still/x.tfvars",
]  # fmt: skip
LINES = [
    "*.log", "!keep.log", "build", "build/", "/build", "a/b", "a/**", "**/b/c.yaml", "a/**/c.yaml", "/a/*", "*.tf",
    "!main.tf", "foo/*", "foo/*/", "\\#odd", "\\!odd", "# comment", "", "sp ace", "a[0-9].tf", "a[!0-9].tf", "a[1].tf",
    "a\\[1\\].tf", "a?b.tf", "a*b.tf", "a*a", "[[:upper:]].tf", "**", "*", "deep/**/x.tfvars", "doc/", "a/", "!a/",
    "[a", "[]a].tf", "**/", "/", "a**b.tf", "x.*", "trail  ", "foo/**/baz.tf", "[^a]1.tf", "*/b.yaml",
]  # fmt: skip


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    top = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    for path in PATHS:
        if path in ("build", "a"):  # folders here
            continue
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text("")
    return top


def test_each_pattern_alone(repository: Path) -> None:
    for line in LINES:
        assert found(repository, [line]) == expected(repository, [line]), line


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(st.sampled_from(LINES), min_size=2, max_size=6))
def test_together(repository: Path, lines: list[str]) -> None:
    assert found(repository, lines) == expected(repository, lines)


def found(top: Path, lines: list[str]) -> set[str]:
    (top / ".gitignore").write_text("\n".join(lines) + "\n")
    return set(discover(top).files)


def expected(top: Path, lines: list[str]) -> set[str]:
    (top / ".gitignore").write_text("\n".join(lines) + "\n")
    command = ["git", "-C", str(top), "ls-files", "-z", "--others", "--exclude-standard"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {p for p in out.split("\0") if p and not p.rpartition("/")[2].startswith(".")}


def test_hostile_patterns_stay_fast() -> None:
    start = time.process_time()
    lines = ["*a" * 200 + "b", "**/" * 6 + "x", "[" * 300, "**/" * 100 + "y", "**/a*a/" * 60 + "z"]
    patterns = Patterns("\n".join(lines))
    assert patterns.ignores("a" * 4000) is None
    assert patterns.ignores("/".join(["a" * 20] * 100)) is None
    assert time.process_time() - start < 2


def test_no_pattern_says_nothing() -> None:
    assert Patterns("# nothing\n\n").ignores("a") is None
