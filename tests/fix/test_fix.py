"""`--fix` writes only what a new scan finds mended, and touches nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from garrison.checks.check import Check, all_checks
from garrison.checks.example import FOLDER
from garrison.cli import program
from garrison.errors import GarrisonError
from garrison.fix.fix import fix, patch, write
from garrison.scan.config import Settings
from garrison.scan.scan import scan

KEY = '# keys\nresource "aws_kms_key" "k" {\n  description = "training data" # why\n}\n'
REPOSITORY = (
    'resource "aws_ecr_repository" "r" {\n  name                 = "r"\n  image_tag_mutability = "MUTABLE"\n}\n'
)


def only(*ids: str) -> Settings:
    return Settings(checks=frozenset(ids))


@pytest.mark.parametrize("check", [c for c in all_checks() if c.mend is not None], ids=lambda c: c.id)
def test_each_check_that_says_so_mends_an_example(check: Check) -> None:
    examples = sorted((FOLDER / check.id).glob("fail*"))
    found = [fix([e], only(check.id), unsafe=True) for e in examples]
    assert any(f.mended and not f.result.findings for f in found)
    for fixed in found:
        for change in fixed.changes:
            kept = [line for line in change.before.splitlines() if line in change.after.splitlines()]
            assert len(change.before.splitlines()) - len(kept) <= len(fixed.changes[0].mended)


def test_it_writes_and_what_is_left_is_reported(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(KEY + REPOSITORY)
    done = CliRunner().invoke(program, ["scan", str(tmp_path), "--fix", "--format", "json"])
    text = (tmp_path / "main.tf").read_text()
    assert "enable_key_rotation = true" in text
    assert "scan_on_push = true" in text
    assert 'image_tag_mutability = "MUTABLE"' in text, "tags that cannot be moved may stop a pipeline"
    assert "# why" in text
    assert "mended 2 findings in 1 file" in done.stderr
    left = {f.check.id for f in scan([tmp_path]).findings}
    assert left & {"key-not-rotated", "registry-unscanned", "registry-mutable-tags"} == {"registry-mutable-tags"}
    CliRunner().invoke(program, ["scan", str(tmp_path), "--fix", "--unsafe-fixes"])
    assert '"IMMUTABLE"' in (tmp_path / "main.tf").read_text()


def test_a_patch_applies_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(KEY.rstrip("\n"))
    done = CliRunner().invoke(program, ["scan", str(tmp_path), "--fix", "--patch", "-"])
    assert (tmp_path / "main.tf").read_text() == KEY.rstrip("\n")
    assert done.stdout.startswith("--- a/main.tf\n")
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=done.stdout.encode(), check=True)
    assert "enable_key_rotation = true" in (tmp_path / "main.tf").read_text()


@pytest.mark.parametrize(
    "text",
    [
        'variable "on" {\n  default = false\n}\nresource "aws_kms_key" "k" {\n  enable_key_rotation = var.on\n}\n',
        'locals {\n  on = false\n}\nresource "aws_kms_key" "k" {\n  enable_key_rotation = local.on\n}\n',
    ],
)
def test_what_is_said_elsewhere_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "main.tf").write_text(text)
    assert not fix([tmp_path], only("key-not-rotated")).changes


def test_one_block_of_many_instances_is_changed_once(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(KEY.replace("{\n", '{\n  for_each    = toset(["a", "b"])\n', 1))
    fixed = fix([tmp_path], only("key-not-rotated"))
    assert fixed.mended == 2
    assert fixed.changes[0].after.count(b"enable_key_rotation") == 1


def test_a_change_that_does_not_help_is_dropped(tmp_path: Path) -> None:
    module = 'module "k" {\n  source = "./k"\n}\n'
    (tmp_path / "k").mkdir()
    (tmp_path / "main.tf").write_text(module)
    (tmp_path / "k/main.tf").write_text(KEY)
    (tmp_path / "other.yaml").write_text(
        "Resources:\n  K:\n    Type: AWS::KMS::Key\n    Properties: {Description: x}\n"
    )
    fixed = fix([tmp_path], only("key-not-rotated"))
    assert [c.path for c in fixed.changes] == ["k/main.tf", "other.yaml"]
    assert not fixed.result.findings


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(KEY)
    (tmp_path / "main.tf").chmod(0o640)
    fixed = fix([tmp_path], only("key-not-rotated"))
    (tmp_path / "main.tf").write_text(KEY + "# new\n")
    with pytest.raises(GarrisonError, match="has changed"):
        write(fixed.changes)
    (tmp_path / "main.tf").write_text(KEY)
    write(fixed.changes)
    assert (tmp_path / "main.tf").stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["main.tf"]


def test_the_example_platform_is_mended_and_scanned_clean_of_it(tmp_path: Path) -> None:
    top = Path(__file__).parents[2] / "examples/fraud-platform/insecure"
    shutil.copytree(top, tmp_path / "p")
    before = scan([tmp_path / "p"])
    fixed = fix([tmp_path / "p"], Settings())
    assert fixed.mended >= 5
    assert len(fixed.result.findings) == len(before.findings) - fixed.mended
    assert "".join(patch(fixed.changes)).count("\n-") <= 3 * fixed.mended


def test_options_that_need_fix_say_so() -> None:
    done = CliRunner().invoke(program, ["scan", "--patch", "x"])
    assert isinstance(done.exception, GarrisonError)
