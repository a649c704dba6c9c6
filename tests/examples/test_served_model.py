"""The demonstration of the gateway does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples/served-model"


@pytest.mark.slow
def test_one_is_let_through_and_three_are_refused(tmp_path: Path) -> None:
    command = tmp_path / "garrison"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m garrison "$@"\n')
    command.chmod(0o755)
    (tmp_path / "python").symlink_to(sys.executable)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([FOLDER / "demo.sh"], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"\(status (\d+)\)", done.stdout) == ["200", "401", "400", "403"]
    assert '"data": [1.00,0.00,0.00]' in done.stdout
