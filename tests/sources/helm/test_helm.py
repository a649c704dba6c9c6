"""Charts are rendered by Helm itself, and what they become is judged at the lines of their templates."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from pathlib import Path

import pytest

from garrison.errors import ConfigError
from garrison.scan.config import Settings, load
from garrison.scan.scan import Result, scan
from garrison.sources.helm import charts, engine
from garrison.sources.helm.lines import origins
from garrison.sources.helm.values import Given, read_values

CHART = "apiVersion: v2\nname: scorer\nversion: 1.0.0\n"
POD = """{{- if .Values.enabled }}
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}
spec:
  hostNetwork: {{ .Values.host }}
  containers:
    - name: main
      image: {{ .Values.image }}
      securityContext:
        {{- toYaml .Values.security | nindent 8 }}
{{- end }}
"""
VALUES = "enabled: true\nhost: false\nimage: example.com/scorer:1.2\nsecurity: {privileged: true}\n"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    write(tmp_path, {"c/Chart.yaml": CHART, "c/values.yaml": VALUES, "c/templates/pod.yaml": POD})
    return tmp_path


def write(top: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)


def said(result: Result, check: str) -> list[tuple[int, str]]:
    return [(f.place.line, f.evidence[0].note) for f in result.findings if f.check.id == check]


def notes(result: Result) -> dict[str, str]:
    return {n.path: n.message for n in result.notes}


def test_a_chart_is_judged_with_its_own_values(chart: Path) -> None:
    result = scan([chart])
    assert not result.problems
    assert not result.notes
    assert said(result, "container-privileged") == [(12, "true with the chart's values")]
    assert not said(result, "workload-host-network")
    finding = next(f for f in result.findings if f.check.id == "container-privileged")
    assert finding.asset.address == "c:Pod//release/containers[main]"
    assert finding.asset.format == "helm"
    assert finding.place.source.path == "c/templates/pod.yaml"


def test_given_values_come_over_them(chart: Path) -> None:
    (chart / "prod.yaml").write_text("host: true\nsecurity: {privileged: false}\n")
    result = scan([chart], Settings(helm_values=(Given("*", read_values(chart / "prod.yaml")),)))
    assert said(result, "workload-host-network") == [(7, "true with the chart's values")]
    assert not said(result, "container-privileged")
    (chart / "garrison.toml").write_text('[[helm]]\nchart = "c"\nvalues = ["prod.yaml"]\n')
    assert said(scan([chart], Settings(loaded=load(chart / "garrison.toml"))), "workload-host-network")
    (chart / "garrison.toml").write_text('[[helm]]\nchart = "other"\nvalues = ["prod.yaml"]\n')
    assert not said(scan([chart], Settings(loaded=load(chart / "garrison.toml"))), "workload-host-network")


def test_a_template_that_cannot_be_rendered_is_named_and_the_others_are_read(chart: Path) -> None:
    write(chart, {"c/templates/a.yaml": 'x: {{ required "say which bucket" .Values.bucket }}\n', "c/templates/b.yaml": "{{ if }}\n"})  # fmt: skip
    result = scan([chart])
    assert "say which bucket" in notes(result)["c/templates/a.yaml"]
    assert "is not read" in notes(result)["c/templates/b.yaml"]
    assert said(result, "container-privileged")


def test_what_helm_makes_anew_each_time_is_no_secret_in_the_code(chart: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: "
    write(chart, {"c/templates/s.yaml": secret + "{{ randAlphaNum 24 }}\n"})
    result = scan([chart])
    assert not said(result, "secret-in-manifest")
    write(chart, {"c/templates/s.yaml": secret + "{{ .Values.password }}\n", "c/values.yaml": VALUES + "password: Zk3vQ9pLx7TfRw2m\n"})  # fmt: skip
    found = said(scan([chart]), "secret-in-manifest")
    assert found
    assert all("Zk3vQ9pLx7TfRw2m" not in note for _, note in found)


def test_a_part_of_another_chart_is_rendered_with_it(chart: Path) -> None:
    write(chart, {"c/charts/sub/Chart.yaml": CHART.replace("scorer", "sub"), "c/charts/sub/values.yaml": VALUES, "c/charts/sub/templates/pod.yaml": POD})  # fmt: skip
    result = scan([chart])
    assert len(said(result, "container-privileged")) == 2
    assert {f.place.source.path for f in result.findings if f.check.id == "container-privileged"} == {
        "c/templates/pod.yaml", "c/charts/sub/templates/pod.yaml",
    }  # fmt: skip


def test_nothing_outside_the_chart_is_read(chart: Path) -> None:
    (chart / "c/templates/link.yaml").symlink_to("/etc/hostname")
    write(chart, {"c/templates/f.yaml": '# {{ .Files.Get "../prod.yaml" }}{{ lookup "v1" "Secret" "" "" }}{{ getHostByName "localhost" }}\n'})  # fmt: skip
    assert said(scan([chart]), "container-privileged")


@pytest.mark.slow
@pytest.mark.parametrize("body", ["{{ range until 2000000000 }}x{{ end }}", '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}'])  # fmt: skip
def test_a_chart_that_ends_or_holds_up_helm_costs_only_itself(chart: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:  # fmt: skip
    monkeypatch.setattr(engine, "_TIMEOUT_S", 5)
    write(chart, {"bad/Chart.yaml": CHART, "bad/templates/x.yaml": body})
    result = scan([chart])
    assert any(path.startswith("bad/") for path in notes(result))
    assert said(result, "container-privileged")


def test_without_the_extra_a_chart_is_named(chart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "is_installed", lambda: False)
    result = scan([chart])
    assert notes(result) == {
        "c/Chart.yaml": "a Helm chart of 1 templates is not read: the extra garrison[helm] renders it"
    }
    assert not result.findings


@pytest.mark.parametrize(
    ("text", "what"), [("- a\n", "mapping"), ("a: [\n", "not valid YAML"), (None, "cannot be read")]
)
def test_values_that_are_none_are_refused(tmp_path: Path, text: str | None, what: str) -> None:
    path = tmp_path / "v.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=what):
        read_values(path)


def lines(template: str, rendered: str) -> Sequence[int]:
    return origins(template, rendered)


def test_lines_lead_back_to_the_template() -> None:
    rendered = "\napiVersion: v1\nkind: Pod\nmetadata:\n  name: r\nspec:\n  hostNetwork: false\n  containers:\n    - name: main\n      image: x\n      securityContext:\n        privileged: true\n        runAsUser: 0\n"  # fmt: skip
    found = lines(POD, rendered)
    assert [n + 1 for n in found[1:13]] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12]


@pytest.mark.parametrize("size", [0, 1, 5_000])
def test_lines_are_always_lines_of_the_template(size: int) -> None:
    found = lines("a: {{ .b }}\n" * size, "x\ny: 1\n" * builtins.max(size, 1))
    assert all(0 <= n <= size for n in found)
