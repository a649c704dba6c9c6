"""JUnit XML that every parser of XML takes, in which each case has a name of its own."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from garrison.findings.result import Result
from garrison.report import View, form
from garrison.report.junit import _named


def rendered(result: Result) -> str:
    return "".join(form("junit").render(result, View()))


def suite(result: Result) -> ET.Element:
    root = ET.fromstring(rendered(result))
    assert root.tag == "testsuites"
    found = root.find("testsuite")
    assert found is not None
    assert [child.tag for child in root] == ["testsuite"]
    return found


def test_the_whole_report(few: Result) -> None:
    assert rendered(few) == snapshot("""\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="5" failures="2" errors="1">
<testsuite name="garrison" tests="5" failures="2" errors="1" skipped="2">
<testcase classname="bucket-public" name="infra:aws_s3_bucket.training" file="infra/main.tf"><failure type="critical" message="critical: Anybody on the internet can read the bucket">critical: Anybody on the internet can read the bucket
reachable from the internet · holds training data (its name says "fraud-training-data")
anybody can read its objects
infra/main.tf:11
infra/main.tf:5 no public access block is said; only buckets made since April 2023 have one by themselves
Fix: grant access to named roles only, and block public access.</failure></testcase>
<testcase classname="container-privileged" name="k8s:Deployment/serving/scorer/containers[server]" file="k8s/scorer.yaml"><failure type="high" message="high: Container is privileged">high: Container is privileged
it runs privileged
k8s/scorer.yaml:20
Fix: remove `privileged: true`; ask for single capabilities or a device plug-in instead.</failure></testcase>
<testcase classname="not read" name="k8s/broken.yaml:3 not valid YAML: did not find expected node content (while parsing a flow node)" file="k8s/broken.yaml"><error type="not read" message="not valid YAML: did not find expected node content (while parsing a flow node)">k8s/broken.yaml:3
not valid YAML: did not find expected node content (while parsing a flow node)
run it through a YAML linter</error></testcase>
<testcase classname="bucket-public" name="infra:aws_s3_bucket.published" file="infra/main.tf"><skipped message="ignored: the data set is published">ignored: the data set is published</skipped></testcase>
<testcase classname="notebook-direct-internet" name="infra:aws_sagemaker_notebook_instance.lab" file="infra/main.tf"><skipped message="undecided: var.team">undecided: var.team</skipped></testcase>
</testsuite>
</testsuites>
""")


def test_counts_are_those_of_the_cases(result: Result, hostile: Result) -> None:
    for found in (result, hostile):
        element = suite(found)
        cases = element.findall("testcase")
        assert int(element.attrib["tests"]) == len(cases)
        for name, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.attrib[name]) == sum(case.find(child) is not None for case in cases)
        assert int(element.attrib["failures"]) == len(found.findings)
        assert int(element.attrib["errors"]) == len(found.problems)


def test_every_case_has_a_name_of_its_own(result: Result, hostile: Result) -> None:
    for found in (result, hostile):
        names = [(case.attrib["classname"], case.attrib["name"]) for case in suite(found).findall("testcase")]
        assert len(names) == len(set(names))


def test_no_secret_is_in_it(result: Result) -> None:
    assert "container-credential-in-environment" in rendered(result)
    assert "hunter2" not in rendered(result)


@given(st.text())
def test_any_name_can_be_read(name: str) -> None:
    case = ET.fromstring(_named("check", name, name, ""))
    assert case.attrib["classname"] == "check"
    assert bool(name) == ("name" in case.attrib)
