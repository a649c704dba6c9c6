"""Sums over a result: how each control of a framework stands, and nothing that nobody judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.checks.frameworks import framework, framework_keys
from garrison.errors import UsageError
from garrison.findings.baseline import Baseline, entry_of
from garrison.findings.compliance import Compliance, Row, State, _in_order, compliance
from garrison.scan.config import Settings
from garrison.scan.scan import scan

OPEN = 'resource "aws_s3_bucket" "{0}" {{\n  bucket = "{0}"\n  acl    = "public-read"\n}}\n'
CLOSED = 'resource "aws_s3_bucket" "{0}" {{\n  bucket = "{0}"\n  acl    = "private"\n}}\n'
ASKED = 'variable "acl" {{}}\nresource "aws_s3_bucket" "{0}" {{\n  bucket = "{0}"\n  acl    = var.acl\n}}\n'
GOOGLE = (
    'resource "google_storage_bucket" "g" {\n  name = "g"\n}\nresource "google_storage_bucket_iam_member" "g" {\n'
    '  bucket = google_storage_bucket.g.name\n  role   = "roles/storage.objectViewer"\n  member = "allUsers"\n}\n'
)
IGNORED = "# garrison: ignore[bucket-public] the site is public\n" + OPEN


def summed(folder: Path, text: str, name: str = "OWASP-ML", **settings: object) -> Compliance:
    (folder / "a.tf").write_text(text)
    asked = framework(name)
    return compliance(scan([folder], Settings(framework=asked, **settings)), asked)  # type: ignore[arg-type]


def row(found: Compliance, control: str) -> Row:
    return next(r for r in found.rows if r.control.id == control)


@pytest.mark.parametrize(
    ("text", "state", "counts"),
    [
        (OPEN.format("a"), State.FAILED, (1, 0, 0, 0)),
        (CLOSED.format("a") + OPEN.format("b"), State.FAILED, (1, 0, 0, 1)),
        (ASKED.format("a") + CLOSED.format("b"), State.UNDECIDED, (0, 1, 0, 1)),
        (IGNORED.format("a") + CLOSED.format("b"), State.IGNORED, (0, 0, 1, 1)),
        (CLOSED.format("a"), State.PASSED, (0, 0, 0, 1)),
        ('resource "aws_sqs_queue" "a" {}\n', State.NOT_JUDGED, (0, 0, 0, 0)),
    ],
)
def test_a_control_stands_as_its_checks_answer(
    tmp_path: Path, text: str, state: State, counts: tuple[int, ...]
) -> None:
    found = row(summed(tmp_path, text, checks=frozenset({"bucket-public"})), "ML05")
    assert (found.state, (found.failed, found.undecided, found.ignored, found.passed)) == (state, counts)
    assert [c.id for c in found.failing] == (["bucket-public"] if state is State.FAILED else [])
    assert found.not_judged == (state is State.NOT_JUDGED)


def test_what_a_baseline_knows_still_fails(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text(OPEN.format("a"))
    known = Baseline(1, tuple(map(entry_of, scan([tmp_path]).findings)))
    assert row(summed(tmp_path, OPEN.format("a"), baseline=known), "ML05").state is State.FAILED


def test_only_what_the_framework_is_about_is_judged(tmp_path: Path) -> None:
    found = summed(tmp_path, GOOGLE + CLOSED.format("a"), "CIS-AWS-6.0", checks=frozenset({"bucket-public"}))
    assert [(r.control.id, r.failed, r.passed) for r in found.rows] == [("3.1.4", 0, 1)]
    found = summed(tmp_path, GOOGLE + CLOSED.format("a"), "CIS-GCP-4.0", checks=frozenset({"bucket-public"}))
    assert [(r.control.id, r.failed, r.passed) for r in found.rows] == [("5.1", 1, 0)]


def test_every_control_that_a_check_maps_to_is_in_it(tmp_path: Path) -> None:
    for key in framework_keys():
        found = summed(tmp_path, OPEN.format("a"), key)
        assert found.rows
        assert sum(found.counts.values()) == len(found.rows)
        assert all(c.maps_to(key) for r in found.rows for c in r.checks)


def test_controls_are_in_the_order_of_their_numbers() -> None:
    assert sorted(["X:2.10", "X:2.9", "X:10.1", "X:2"], key=_in_order) == ["X:2", "X:2.9", "X:2.10", "X:10.1"]


def test_a_framework_that_does_not_exist() -> None:
    with pytest.raises(UsageError) as raised:
        framework("CIS-AWS-5.0")
    assert "CIS-AWS-6.0" in raised.value.hint
    with pytest.raises(UsageError) as raised:
        framework("pci")
    assert "NIST-800-53" in raised.value.hint
    assert framework("nist-800-53").key == "NIST-800-53"
