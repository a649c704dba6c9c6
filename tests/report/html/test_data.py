"""What stands in the file, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from garrison.checks.check import all_checks
from garrison.checks.frameworks import framework
from garrison.estate.values import Place
from garrison.findings.result import Result
from garrison.report import View
from garrison.report.html.page import ASSETS, SCRIPTS
from garrison.report.terminal.masking import MASK
from garrison.scan.config import Settings
from garrison.scan.scan import scan

from .conftest import written


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_it_is_the_same_every_time_unless_dated(result: Result) -> None:
    assert written(result) == written(result)
    dated = View(time_ms=1_795_442_700_000, dated=True)
    assert data_of(written(result, dated))["head"]["made"] == "2026-11-23 14:05 UTC"
    assert data_of(written(result))["head"]["made"] == ""


def test_every_finding_is_there_with_its_outcome(result: Result) -> None:
    data = data_of(written(result))
    told = {(f["check"], f.get("outcome", "open")) for f in data["findings"]}
    expected = [
        (result.findings, "open"),
        (result.undecided, "undecided"),
        ([i.finding for i in result.ignored], "ignored"),
    ]
    assert told == {(f.check.id, outcome) for findings, outcome in expected for f in findings}
    assert len(data["findings"]) == sum(len(findings) for findings, _ in expected)
    assert data["problems"][0]["path"] == "k8s/broken.yaml"
    (ignored,) = (f["ignore"] for f in data["findings"] if "ignore" in f)
    assert ignored["reason"] == "the data set is published"


def test_reasons_are_those_of_each_finding(result: Result) -> None:
    first, second, *_ = (f for f in result.findings if f.owner is f.asset and f.asset.label == "fraud-training-data")
    risk = msgspec.structs.replace(second.risk, reasons=(*second.risk.reasons, "on an attack path"))
    result.findings[result.findings.index(second)] = msgspec.structs.replace(second, risk=risk)
    data = data_of(written(result))
    told = {f["id"]: f.get("reasons", data["assets"][f["asset"]]["reasons"]) for f in data["findings"]}
    assert told[first.fingerprint] == list(first.risk.reasons)
    assert told[second.fingerprint] == list(risk.reasons)


def test_no_secret_is_written(result: Result) -> None:
    text = written(result)
    assert "container-credential-in-environment" in text
    assert "hunter2" not in text


def test_a_line_that_one_finding_calls_secret_is_masked_for_all(result: Result) -> None:
    public = next(f for f in result.findings if f.check.id == "bucket-public")
    assert line_of(result, public.place) == '  acl    = "public-read"'
    secret = msgspec.structs.replace(public, check=msgspec.structs.replace(public.check, id="bucket-secret-in-code"))
    result.findings.append(secret)
    assert line_of(result, public.place) == f'  acl    = "{MASK}"'


def line_of(result: Result, place: Place) -> str:
    (file,) = (f for f in data_of(written(result))["files"] if f["path"] == place.source.path)
    text: str = file["lines"][str(place.line)]
    return text


def test_nothing_in_the_data_ends_its_element(tmp_path: Path) -> None:
    name = "</script><!--<script>\u2028"
    (tmp_path / "main.tf").write_text(
        f'resource "aws_s3_bucket" "x" {{\n  bucket = "{name}"\n  acl = "public-read"\n}}\n'
    )
    text = written(scan([tmp_path]))
    assert "</script><!--" not in text
    assert "\u2028" not in text
    labels = {a["label"] for a in data_of(text)["assets"]}
    assert "</script><!--<script>\\u2028" in labels


def test_each_line_of_code_is_written_once(many: Result) -> None:
    text = written(many)
    data = data_of(text)
    assert len(data["findings"]) > 5000
    assert sum(len(file["lines"]) for file in data["files"]) < 50
    assert len(text) < 2_500_000


def test_the_example_of_a_fix_is_in_the_format_of_the_asset(result: Result) -> None:
    checks = data_of(written(result))["checks"]
    assert list(checks["container-privileged"]["examples"]) == ["kubernetes/kubernetes"]
    (example,) = checks["bucket-public"]["examples"].values()
    assert example["label"] == "Terraform"
    assert any(line.startswith("+") for line in example["difference"].splitlines())


def test_sums_by_pillar_and_by_layer_are_those_of_the_findings(result: Result) -> None:
    data = data_of(written(result))
    for rows in (data["pillars"], data["layers"]):
        assert sum(sum(row["failed"].values()) for row in rows) == len(result.findings)
        assert sum(row["undecided"] for row in rows) == len(result.undecided)
        assert sum(row["passed"] for row in rows) == sum(result.passed_by_check.values())


def test_layers_of_what_matters(result: Result) -> None:
    data = data_of(written(result))
    told = {data["assets"][d["asset"]]["label"]: d["layers"] for d in data["defences"]}
    assert told["fraud-training-data"]["identity"]["state"] == "broken"
    assert "network" not in told["fraud-training-data"]


def test_hops_are_merged_and_paths_point_at_them(with_paths: Result) -> None:
    paths = data_of(written(with_paths))["paths"]
    assert len(paths["hops"]) == 5  # of six: two paths end with the same
    first, _, third = (p["hops"] for p in paths["found"])
    assert first[-1] == third[-1] == paths["cuts"][0]["hop"]
    assert [hop["sure"] for hop in paths["hops"]].count(False) == 1


def test_controls_of_a_framework_if_one_was_asked_for(project: Path) -> None:
    assert data_of(written(scan([project])))["controls"] is None
    controls = data_of(written(scan([project], Settings(framework=framework("NIST-800-53")))))["controls"]
    rows = {row["id"]: row for row in controls["rows"]}
    assert rows["AC-3"]["state"] == "failed"
    assert "bucket-public" in rows["AC-3"]["failing"]
    assert rows["SI-4"]["state"] != "failed"


def test_an_empty_scan_is_a_report_too(tmp_path: Path) -> None:
    data = data_of(written(scan([tmp_path], Settings())))
    assert data["findings"] == []
    assert data["paths"]["found"] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_put_text_in_as_text(name: str) -> None:
    script = (ASSETS / f"{name}.js").read_text("utf8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|https?://(?!www\.w3\.org)", script
    )


def test_all_scripts_are_inlined() -> None:
    assert {f.stem for f in ASSETS.glob("*.js")} == set(SCRIPTS)


def test_checks_of_users_have_a_layer_too() -> None:
    from garrison.checks.layers import Layer, layer_of

    layers = {layer_of(check) for check in all_checks()}
    assert layers == set(Layer)
