"""What is imported when: each library costs everybody's time at each start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = {"rich", "jsonschema", "pathspec", "tree_sitter", "tree_sitter_hcl", "yaml", "mkdocs", "asyncio", "unittest"}
OWN = {"estate", "sources", "checks", "findings", "report", "scan", "reach"}


def imported(*arguments: str, cwd: Path) -> set[str]:
    """The modules that are there when a command has ended."""
    code = (
        "import sys\n"
        "from garrison.cli import program\n"
        f"try: program({list(arguments)!r})\n"
        "except SystemExit: pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stderr.split())


def test_version_imports_next_to_nothing(tmp_path: Path) -> None:
    modules = imported("--version", cwd=tmp_path)
    assert not modules & HEAVY
    assert not {m for m in modules if m.startswith(tuple(f"garrison.{name}" for name in OWN))}
    assert "msgspec" not in modules


def test_an_empty_folder_needs_no_parser_and_no_check(tmp_path: Path) -> None:
    modules = imported("scan", cwd=tmp_path)
    assert not modules & HEAVY
    assert "garrison.checks.storage" not in modules
    assert "garrison.sources.terraform.project" not in modules


def test_a_manifest_needs_no_parser_of_hcl(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers: []\n")
    modules = imported("scan", cwd=tmp_path)
    assert "yaml" in modules
    assert not modules & {"rich", "jsonschema", "pathspec", "tree_sitter"}


def test_own_checks_cost_nothing_where_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_s3_bucket" "b" {}\n')
    modules = imported("scan", cwd=tmp_path)
    assert "garrison.checks.storage" in modules
    assert not {
        m for m in modules if m.startswith(("garrison.checks.own", "garrison.checks.cel", "garrison.estate.fields"))
    }
    assert "re2" not in modules


def test_an_entry_needs_no_scanner_and_no_cloud(tmp_path: Path) -> None:
    imported("ledger", "init", "audit", "--origin", "example.com/audit", cwd=tmp_path)
    modules = imported("ledger", "append", "--ledger", "audit", "--kind", "note", "a drill", cwd=tmp_path)
    assert "garrison.ledger.writer" in modules
    assert not modules & {
        "boto3",
        "pyrage",
        "rich",
        "yaml",
        "asyncio",
        "http.server",
        "garrison.report",
        "garrison.estate",
    }
