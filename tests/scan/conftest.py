"""The real command on a hostile folder, within limits, beside three small files that must still be judged."""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

_GARRISON = Path(sys.executable).with_name("garrison")
_MEMORY_BYTES = 2 << 30
_CPU_SECONDS = 60
_SECONDS = 240  # by the clock: the cores may be busy, and a scan may wait for nothing
_DROP, _OVERRIDE, _SEARCH = 24, 1, 2  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH of Linux
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066]")
_DIGEST = "0" * 64
_GOOD = {
    "z/pod.yaml": f"""apiVersion: v1
kind: Pod
metadata: {{name: good}}
spec:
  containers:
    - name: main
      image: registry.example/x@sha256:{_DIGEST}
      securityContext: {{privileged: true}}
""",
    "z/main.tf": 'resource "aws_s3_bucket" "good" {\n  bucket = "good"\n  acl    = "public-read"\n}\n',
    "z/stack.yaml": """Resources:
  Good:
    Type: AWS::SageMaker::NotebookInstance
    Properties:
      InstanceType: ml.t3.medium
      RoleArn: arn:aws:iam::123456789012:role/x
      DirectInternetAccess: Enabled
""",
}
_EXPECTED = {
    ("container-privileged", "z:Pod//good/containers[main]"),
    ("bucket-public", "z:aws_s3_bucket.good"),
    ("notebook-direct-internet", "z/stack.yaml:Good"),
}

Content = str | bytes


class Run(msgspec.Struct):
    """How a command ended."""

    code: int
    out: str
    err: str


class Answer(msgspec.Struct):
    """What a scan said."""

    code: int
    report: dict[str, Any]
    text: str

    def problem(self, path: str) -> dict[str, Any]:
        """The first problem with a file."""
        found: dict[str, Any] = next((p for p in self.report["problems"] if p["path"] == f"tree/{path}"), {})
        assert found, f"no problem with {path}: {self.report['problems'][:5]}"
        return found

    def failed(self) -> set[tuple[str, str]]:
        """Check and address of every finding."""
        return {(f["check"], f["asset"]["address"]) for f in self.report["findings"]}


def _limited(*, as_anyone: bool) -> None:
    """In the child: little memory and time; with `as_anyone`, not even root may read what its mode forbids."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    if as_anyone and os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (_OVERRIDE, _SEARCH):
            libc.prctl(_DROP, capability, 0, 0, 0)


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Run]:
    """Runs `garrison ARGUMENTS` beside the folder `tree`, within limits of time and memory."""

    def run(*arguments: str, as_anyone: bool = False) -> Run:
        done = subprocess.run(
            [_GARRISON, *arguments],
            cwd=tmp_path,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: _limited(as_anyone=as_anyone),
        )
        found = Run(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in found.err, found.err[-2000:]
        assert not _CONTROLS.search(found.out + found.err)
        return found

    return run


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The folder that is scanned, with something good in it."""
    write(tmp_path / "tree", _GOOD)
    return tmp_path / "tree"


@pytest.fixture
def scan_with(tree: Path, command: Callable[..., Run]) -> Callable[..., Answer]:
    """Scans files beside the good ones, which must be judged as ever; every problem must say what to do."""

    def run(files: Mapping[str, Content] | None = None, *arguments: str, as_anyone: bool = False) -> Answer:
        write(tree, files or {})
        done = command("scan", "tree", "--format", "json", *arguments, as_anyone=as_anyone)
        assert done.code in (1, 3), done.err
        report = json.loads(done.out)
        answer = Answer(done.code, report, done.out + done.err)
        assert answer.failed() >= _EXPECTED
        assert report["errors"] == []
        assert report["exit_code"] == done.code
        assert (done.code == 3) is bool(report["problems"])
        assert all(p["message"] and p["hint"] for p in report["problems"]), report["problems"]
        return answer

    return run


def write(top: Path, files: Mapping[str, Content]) -> None:
    """Files by their path."""
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
