"""`garrison scan` as a shell sees it: what goes where, and which exit code tells what."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from garrison.report import form_names

BUCKET = 'resource "aws_s3_bucket" "training" {\n  bucket = "fraud-training-data"\n  acl    = "public-read"\n}\n'
# Without what would ask Git or a configuration outside of the test.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}


def garrison(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "garrison", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "main.tf").write_text(BUCKET)
    return tmp_path


def test_exit_codes(project: Path) -> None:
    assert garrison("scan", cwd=project).returncode == 1
    assert garrison("scan", "nowhere", cwd=project).returncode == 2
    assert garrison("scan", "--no-such-option", cwd=project).returncode == 2
    assert garrison("scan", "--fail-on", "never", cwd=project).returncode == 0
    assert garrison("scan", "--check", "bucket-public", "--fail-on", "critical", cwd=project).returncode == 1
    assert garrison("scan", "--check", "bucket-unversioned", "--fail-on", "critical", cwd=project).returncode == 0
    (project / "broken.tf").write_text('resource "a" {{{\n')
    assert garrison("scan", "--fail-on", "never", cwd=project).returncode == 3
    (project / "main.tf").unlink()
    (project / "broken.tf").unlink()
    assert garrison("scan", cwd=project).returncode == 0


def test_undecided_changes_no_exit_code(project: Path) -> None:
    (project / "main.tf").write_text(
        'variable "acl" {}\nresource "aws_s3_bucket" "b" {\n  bucket = "b"\n  acl = var.acl\n}\n'
    )
    done = garrison("scan", "--check", "bucket-public", "--unknown", cwd=project)
    assert done.returncode == 0
    assert "? var.acl" in done.stdout


def test_several_formats_at_once(project: Path) -> None:
    done = garrison(
        "scan", "--format", "json", "-o", "a.json", "-f", "sarif", "--output", "b.sarif", "--format=github", cwd=project
    )
    assert done.returncode == 1
    assert json.loads((project / "a.json").read_text())["version"] == 1
    assert json.loads((project / "b.sarif").read_text())["version"] == "2.1.0"
    assert done.stdout.startswith("::error file=main.tf,")


def test_an_output_without_a_format_is_for_people(project: Path) -> None:
    done = garrison("scan", "-o", "report.txt", cwd=project)
    assert done.stdout == ""
    assert "bucket-public" in (project / "report.txt").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "json", "--format", "sarif"), "two outputs would go to standard output"),
        (("--format", "json", "-o", "x", "--format", "sarif", "-o", "x"), "two outputs would go to x"),
        (("-o", "x", "--format", "json"), "-o x belongs to no --format"),
        (("--format", "json", "-o", "no/such/x"), "no/such/x cannot be written"),
        (("--check", "bucket-pulbic"), "did you mean bucket-public"),
        (("--baseline", "nowhere.json"), "--write-baseline"),
        (("--config", "nowhere.toml"), "nowhere.toml  cannot be read"),
        (("--diff", "main"), "no Git repository can be read at"),
        (("--diff", "main", "--baseline", "known.json"), "--baseline and --diff are two baselines"),
        (("--framework", "OWASP-M"), "did you mean OWASP-ML"),
    ],
)
def test_wrong_usage_is_explained(project: Path, arguments: tuple[str, ...], words: str) -> None:
    done = garrison("scan", *arguments, cwd=project)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_configuration_names_file_and_line(project: Path) -> None:
    (project / "garrison.toml").write_text("[scan]\nfail-on = 'hihg'\n")
    done = garrison("scan", cwd=project)
    assert done.returncode == 2
    assert "garrison.toml:2  fail-on is 'hihg'" in done.stderr


def test_the_configuration_is_heard_and_the_command_line_wins(project: Path) -> None:
    (project / "garrison.toml").write_text("[scan]\nfail-on = 'never'\n")
    assert garrison("scan", cwd=project).returncode == 0
    assert garrison("scan", "--fail-on", "low", cwd=project).returncode == 1


def test_pillars(project: Path) -> None:
    assert "bucket-public" in garrison("scan", "--pillar", "cloud", "--all", cwd=project).stdout
    assert "bucket-public" not in garrison("scan", "--pillar", "containers", "--all", cwd=project).stdout


def test_baseline(project: Path) -> None:
    written = garrison("scan", "--write-baseline", "known.json", "--baseline", "known.json", cwd=project)
    assert written.returncode == 1
    done = garrison("scan", "--baseline", "known.json", cwd=project)
    assert done.returncode == 0
    assert "in the baseline" in done.stdout


def test_paths_are_shown_as_named_and_fingerprints_stay(project: Path) -> None:
    infra = project / "infra"
    infra.mkdir()
    (project / "main.tf").rename(infra / "main.tf")
    seen = {}
    for name, cwd in ((".", infra), ("infra", project), (str(infra), project), ("infra/../infra", project)):
        said = json.loads(garrison("scan", name, "--format", "json", "--check", "bucket-public", cwd=cwd).stdout)
        found = said["findings"][0]
        seen[found["evidence"][0]["path"]] = (found["fingerprint"], found["asset"]["address"])
    assert set(seen) == {"main.tf", "infra/main.tf", str(infra / "main.tf")}
    assert set(seen.values()) == {(next(iter(seen.values()))[0], ".:aws_s3_bucket.training")}


def test_output_is_the_same_every_time(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRONMENT, "SOURCE_DATE_EPOCH", "1795000000")  # events say when they were
    for name in form_names():
        outputs = {garrison("scan", "--format", name, cwd=project).stdout for _ in range(2)}
        assert len(outputs) == 1


def test_events_say_when_they_were(project: Path) -> None:
    before = time.time_ns() // 1_000_000
    done = garrison("scan", "--format", "ocsf", cwd=project)
    assert before <= json.loads(done.stdout.splitlines()[0])["time"] <= time.time_ns() // 1_000_000


def test_what_a_change_brings(project: Path) -> None:
    (project / ".git").rmdir()
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example")
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "one")):
        subprocess.run([*git, *arguments], cwd=project, check=True, capture_output=True, timeout=60)
    (project / "garrison.toml").write_text('[scan]\nbaseline = "nowhere.json"\n')
    clean = garrison("scan", "--diff", "main", cwd=project)
    assert clean.returncode == 0
    assert "nothing new since main" in clean.stdout
    (project / "new.tf").write_text(BUCKET.replace("training", "new"))
    done = garrison("scan", "--diff", "main", "--format", "json", "--check", "bucket-public", cwd=project)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert [f["asset"]["address"] for f in report["findings"]] == [".:aws_s3_bucket.new"]
    assert [f["asset"]["address"] for f in report["baselined"]] == [".:aws_s3_bucket.training"]
    assert report["since"] == "main"


def test_controls_of_a_framework(project: Path) -> None:
    done = garrison("scan", "--framework", "owasp-ml", cwd=project)
    assert done.returncode == 1
    assert "ML05" in done.stdout
    assert "a control that passes here is not thereby" in done.stdout
    assert garrison("scan", "--framework", "cis-gcp-4.0", cwd=project).returncode == 0


def test_quiet_and_plain_in_pipes(project: Path) -> None:
    done = garrison("scan", cwd=project)
    assert done.stderr == ""
    assert "\x1b" not in done.stdout


def on_a_terminal(project: Path, **environment: str) -> str:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "garrison", "scan"]
    env = {**ENVIRONMENT, "TERM": "xterm", **environment}
    with subprocess.Popen(command, cwd=project, stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        data = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            data += piece
        process.wait(timeout=60)
    os.close(master)
    return data.decode()


def test_colours_and_progress_on_a_terminal(project: Path) -> None:
    text = on_a_terminal(project)
    assert "\x1b[91m" in text
    assert "judging 1 assets …" in text
    assert "\x1b[91m" not in on_a_terminal(project, NO_COLOR="1")


def test_help_shows_examples(project: Path) -> None:
    for command in ("scan", "checks", "explain", "sources", "completion"):
        assert "Examples:" in garrison(command, "--help", cwd=project).stdout


def test_an_unknown_command_is_explained(project: Path) -> None:
    done = garrison("scna", cwd=project)
    assert done.returncode == 2
    assert "did you mean scan" in done.stderr


def test_a_closed_pipe_is_no_error(project: Path) -> None:
    command = f"{sys.executable} -m garrison scan --all | head -1"
    done = subprocess.run(command, shell=True, cwd=project, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
