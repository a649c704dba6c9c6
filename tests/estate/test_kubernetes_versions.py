"""Until when versions get fixes, and what the API serves no more."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from garrison.estate.kubernetes_versions import removed, supported_until
from garrison.scan.config import Settings
from garrison.scan.scan import scan


@pytest.mark.parametrize(
    ("version", "provider", "extended", "until"),
    [
        ("1.30", "aws", False, dt.date(2025, 7, 23)),
        ("1.30", "aws", True, dt.date(2026, 7, 23)),
        ("1.30.4", "azure", False, dt.date(2025, 7, 31)),
        ("1.31", "azure", True, dt.date(2025, 11, 30)),  # no longer support of its own is listed
        ("v1.31.2-gke.100", "gcp", True, dt.date(2026, 10, 25)),
        ("1.33", "azure", False, dt.date(2026, 6, 28)),  # as Kubernetes itself
        ("1.2", "aws", True, dt.date.min),
        ("1.999", "aws", True, None),
        ("latest", "aws", True, None),
        ("", "aws", True, None),
    ],
)
def test_the_providers_calendar_comes_first(version: str, provider: str, extended: bool, until: dt.date | None) -> None:
    assert supported_until(version, provider, extended=extended) == until


@pytest.mark.parametrize(
    ("today", "found"),
    [(dt.date(2026, 7, 22), False), (dt.date(2026, 7, 23), False), (dt.date(2026, 7, 24), True)],
)
def test_the_day_of_the_scan_decides(tmp_path: Path, today: dt.date, found: bool) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_eks_cluster" "ml" {\n  name    = "ml"\n  version = "1.30"\n}\n')
    result = scan([tmp_path], Settings(today=today, checks=frozenset({"cluster-version-retired"})))
    assert bool(result.findings) is found


def test_an_unknown_plan_or_version_is_not_decided(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'variable "v" {}\nvariable "plan" {}\n'
        'resource "aws_eks_cluster" "a" {\n  name    = "a"\n  version = var.v\n}\n'
        'resource "aws_eks_cluster" "b" {\n  name    = "b"\n  version = "1.30"\n  upgrade_policy {\n    support_type = var.plan\n  }\n}\n'
    )
    settings = Settings(today=dt.date(2026, 1, 1), checks=frozenset({"cluster-version-retired"}))
    result = scan([tmp_path], settings)
    assert (len(result.findings), len(result.undecided)) == (0, 2)


def test_versions_that_are_gone_name_their_heirs() -> None:
    found = removed("policy/v1beta1", "PodDisruptionBudget")
    assert found is not None
    assert (found.minor, found.now) == (25, "policy/v1")
    assert removed("policy/v1", "PodDisruptionBudget") is None
    gone = removed("policy/v1beta1", "PodSecurityPolicy")
    assert gone is not None
    assert gone.now == ""
