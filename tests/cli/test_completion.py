"""What a shell offers: asked by a real Bash, and without importing what it does not need."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from garrison.checks.check import all_checks
from garrison.checks.frameworks import framework_keys
from garrison.cli import COMPLETE
from garrison.report import form_names


@pytest.fixture
def bin_(tmp_path: Path) -> Path:
    """A folder with a command `garrison`."""
    script = tmp_path / "bin/garrison"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m garrison "$@"\n')
    script.chmod(0o755)
    return script.parent


def offered(line: str, bin_: Path) -> list[str]:
    """What Bash completes the line to, by the script that the command prints."""
    words = line.split(" ")
    asked = (
        'eval "$(garrison completion bash)"\n'
        f"COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}\n"
        # What completes `garrison` is called as Bash would, with the command, the word, and the one before it.
        'complete -p garrison | grep -q " -F _garrison_completion garrison$" || exit 9\n'
        "compopt() { :; }\n"
        f"_garrison_completion garrison {shlex.quote(words[-1])} {shlex.quote(words[-2])}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    env = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", asked], env=env, capture_output=True, text=True, timeout=60, check=True, cwd=bin_
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no Bash here")
def test_a_real_bash(bin_: Path) -> None:
    assert {"scan", "checks", "explain", "completion"} <= set(offered("garrison ", bin_))
    assert offered("garrison expl", bin_) == ["explain"]
    assert set(offered("garrison scan --format ", bin_)) == set(form_names())
    assert offered("garrison scan --format json --format sar", bin_) == ["sarif"]
    assert set(offered("garrison scan --framework ", bin_)) == set(framework_keys())
    assert offered("garrison checks --framework owasp-l", bin_) == ["OWASP-LLM"]
    assert offered("garrison checks --kind noteb", bin_) == ["Notebook"]
    public = {c.id for c in all_checks() if c.id.startswith("bucket-pu")}
    assert set(offered("garrison explain bucket-pu", bin_)) == public
    assert set(offered("garrison scan --check bucket-pu", bin_)) == public
    assert "--framework" in offered("garrison scan --f", bin_)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_script_asks_the_command(shell: str) -> None:
    command = [sys.executable, "-m", "garrison", "completion", shell]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert f"{COMPLETE}={shell}_complete" in done.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, text=True, timeout=60, check=True)


@pytest.mark.parametrize(
    ("line", "imported"),
    [("garrison scan --format ", set()), ("garrison scan --framework ", set()), ("garrison explain b", {"garrison.checks.storage"})],
)  # fmt: skip
def test_only_what_is_asked_for_is_imported(line: str, imported: set[str]) -> None:
    words = line.split(" ")
    env = {**os.environ, COMPLETE: "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    code = (
        "import sys\nfrom garrison.__main__ import main\nsys.argv = ['garrison']\n"
        "try: main()\nexcept SystemExit: pass\nprint('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=True)
    modules = set(done.stderr.split())
    assert done.stdout
    assert not modules & {
        "yaml",
        "tree_sitter",
        "subprocess",
        "garrison.scan.scan",
        "garrison.sources.terraform.project",
    }
    assert {m for m in modules if m == "garrison.checks.storage"} == imported
