"""What the page on redaction tells is true: its file is one, its commands run, its patterns are there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from garrison.watch.file.read import read
from garrison.watch.quarantine.quarantine import Quarantine
from garrison.watch.redact.patterns import patterns
from garrison.watch.redact.redactor import Redactor

PAGE = (Path(__file__).parents[2] / "docs/redaction.md").read_text("utf8")


def watch_file(folder: Path) -> Path:
    block = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert block
    (folder / "watch.toml").write_text(block[1])
    return folder / "watch.toml"


def test_the_file_that_is_shown_is_one(tmp_path: Path) -> None:
    said = read(watch_file(tmp_path)).watch
    assert len(said.redact) == 3
    Redactor.make(said.redact, b"k" * 32)


def test_the_patterns_that_are_named_are_those_that_are_there() -> None:
    told = PAGE[PAGE.index("Patterns:") : PAGE.index("Those of credentials, and")]
    assert set(re.findall(r"`([\w-]+)`", told)) == {name for name, pattern in patterns().items() if pattern.regex}


def test_the_names_that_are_told_are_those_of_credentials() -> None:
    told = PAGE[PAGE.index("before them (`http") : PAGE.index("`nextToken`")]
    names = frozenset().union(*(pattern.names for pattern in patterns().values()))
    assert sorted(re.findall(r"`(\w{3,})`", told)) == sorted(names)


@pytest.mark.slow
def test_its_commands_run(tmp_path: Path) -> None:
    pytest.importorskip("chdb")
    loaded = read(watch_file(tmp_path))
    Quarantine.open(loaded.state / "quarantine", loaded.watch.quarantine).put("gateway", "garrison-gateway", b"{", "no")
    lines = re.findall(r"^\$ garrison (.*)$", PAGE, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        command = [sys.executable, "-m", "garrison", *shlex.split(line)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == (3 if "retry" in line else 0), done.stderr
        assert "0 events stored" in done.stdout if "retry" in line else "gateway" in done.stdout
