"""Workflow commands: one line each, whatever stands in names."""

from __future__ import annotations

from garrison.findings.result import Result
from garrison.report import View, form
from garrison.report.github import _command


def test_annotations(result: Result) -> None:
    lines = "".join(form("github").render(result, View())).splitlines()
    assert len(lines) == len(result.findings) + len(result.problems)
    public = next(line for line in lines if "[bucket-public]" in line)
    assert public.startswith("::error file=infra/main.tf,line=11,title=critical%3A Anybody")
    assert any(line.startswith("::error file=k8s/broken.yaml,line=") and "title=Not read" in line for line in lines)


def test_nothing_breaks_out_of_a_command() -> None:
    line = _command("error", "a,b:c%.tf\n::error::x", 3, "t:1,\r\n2", "100%\n::warning::x\x1b[2J")
    assert (
        line
        == "::error file=a%2Cb%3Ac%25.tf%0A%3A%3Aerror%3A%3Ax,line=3,title=t%3A1%2C%0D%0A2::100%25%0A::warning::x[2J"
    )
