"""What becomes of the program where its output cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("arguments", [["checks"], ["scan", "."], ["scan", ".", "--format", "json"]])
def test_a_full_disk_is_told_and_is_no_defect(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_s3_bucket" "b" {}\n')
    with FULL.open("wb") as full:
        command = [sys.executable, "-m", "garrison", *arguments]
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (3, 120)
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr or done.returncode == 120
