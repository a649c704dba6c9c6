"""Machines, clusters, functions and interfaces: what follows from several fields."""

from __future__ import annotations

from typing import Any

import pytest

from garrison.estate.assets.api import ApiRoute, Function, Invoker
from garrison.estate.assets.compute import Cluster, Instance, runs_download
from garrison.estate.truth import NO, YES, Truth
from garrison.estate.values import Body, Place, Source, Value, absent, known, referred, unknown

PLACE = Place.at(Source("main.tf", b""), (0, 0), (0, 0))


def common(**more: Any) -> dict[str, Any]:
    return {
        "address": "r:t.a", "name": absent(PLACE), "provider": "aws", "format": "terraform", "type": "t", "root": "r",
        "place": PLACE, "exists": YES, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("machine", "accelerated"),
    [
        ("p4d.24xlarge", True), ("p5en.48xlarge", True), ("g5.xlarge", True), ("g6e.4xlarge", True),
        ("trn1n.32xlarge", True), ("inf2.xlarge", True), ("dl1.24xlarge", True), ("a2-highgpu-1g", True),
        ("g2-standard-8", True), ("a3-megagpu-8g", True), ("Standard_NC6s_v3", True),
        ("Standard_ND96asr_v4", True), ("standard_nv12s_v3", True), ("m7g.large", False), ("m7i.large", False),
        ("n2-standard-8", False), ("Standard_D4s_v5", False), ("g2", False), ("i4g.large", False),
    ],
)  # fmt: skip
def test_machines_with_accelerators(machine: str, accelerated: bool) -> None:
    made = Instance(**common(), machine_type=known(machine), accelerators=absent())
    assert made.accelerated.answer is accelerated


def test_attached_accelerators_count() -> None:
    gpus = known((known("nvidia-tesla-t4"),))
    assert Instance(**common(), machine_type=known("n1-standard-8"), accelerators=gpus).accelerated.yes
    assert Instance(**common(), machine_type=unknown("a variable"), accelerators=absent()).accelerated.unknown


@pytest.mark.parametrize(
    ("script", "runs"),
    [
        ("curl -fsSL https://get.example.com | sh", True),
        ("wget -qO- https://get.example.com | sudo bash -s -- -y", True),
        ("bash <(curl -s https://get.example.com)", True),
        ('sh -c "$(curl -fsSL https://get.example.com)"', True),
        ("iwr https://get.example.com -useb | iex", True),
        ("curl -o x.tar.gz https://get.example.com && tar xf x.tar.gz", False),
        ("curl https://get.example.com | tar xz", False),
        ("curl https://get.example.com | shasum", False),
    ],
)
def test_downloads_that_are_run(script: str, runs: bool) -> None:
    assert runs_download(known(script)).answer is runs


def test_holes_in_a_script_are_words() -> None:
    region = unknown("at deploy time", decided_by="AWS::Region")
    assert runs_download(unknown("", parts=(known("curl https://x."), region, known(".example.com | sh")))).yes
    assert runs_download(unknown("", parts=(known("echo "), region))).no
    assert runs_download(unknown("a file that is not read")).unknown


@pytest.mark.parametrize(
    ("role", "default"),
    [
        (known("default"), True),
        (known("1234-compute@developer.gserviceaccount.com"), True),
        (known("trainer@fraud-ml.iam.gserviceaccount.com"), False),
        (referred("r:google_service_account.trainer", "email", None), False),
        (referred("r:data.google_compute_default_service_account.default", "email", None), True),
        (unknown("a variable"), None),
    ],
)
def test_default_accounts(role: Value, default: bool | None) -> None:
    assert Instance(**common(), role=role).default_identity.answer is default


@pytest.mark.parametrize(
    ("endpoint", "sources", "open_"),
    [
        (YES, absent(), True),
        (YES, known((known("0.0.0.0/0"),)), True),
        (YES, known((known("203.0.113.0/24"),)), False),
        (YES, unknown("a variable"), None),
        (NO, absent(), False),
    ],
)
def test_control_planes(endpoint: Truth, sources: Value, open_: bool | None) -> None:
    assert Cluster(**common(), public_endpoint=endpoint, allowed_sources=sources).public.answer is open_


def function(name: str = "f", **more: Any) -> Function:
    fields: dict[str, Any] = {
        "open_address": NO, "open_invoker": NO, "internal_only": NO, "image": absent(), "environment": absent(), **more,
    }  # fmt: skip
    return Function(**common(name=known(name)), **fields)


def invoker(who: str, what: str, narrowed: Truth = NO) -> Invoker:
    return Invoker(**common(), who=known(who), what=known(what), narrowed=narrowed)


def test_who_may_call_a_function() -> None:
    assert function().public.no
    assert function(open_address=YES).public.yes
    assert function(invokers=(invoker("*", "lambda:InvokeFunction"),)).public.yes
    assert function(invokers=(invoker("*", "lambda:InvokeFunction", YES),)).public.no
    assert function(invokers=(invoker("allUsers", "roles/run.invoker"),)).public.yes
    assert function(invokers=(invoker("allUsers", "roles/run.viewer"),)).public.no
    assert function(invokers=(invoker("allUsers", "roles/run.invoker"),), internal_only=YES).public.no


@pytest.mark.parametrize("name", ["fraud-inference", "llm_gateway", "predict", "embeddings", "score-claims"])
def test_functions_that_serve_models(name: str) -> None:
    assert function(name).serves_model.yes


@pytest.mark.parametrize("name", ["ingest", "html", "remodelling", "modelled-on-nothing", "scoreboard"])
def test_functions_that_do_not(name: str) -> None:
    assert function(name).serves_model.no


def test_secrets_in_variables() -> None:
    written = known(Body.of({"API_KEY": known("9f8b7c6d5e4f3a2b")}))
    taken = known(Body.of({"API_KEY": referred("r:aws_ssm_parameter.key", "value", None)}))
    assert function(environment=written).environment_has_secret.yes
    assert function(environment=taken).environment_has_secret.no
    assert function().environment_has_secret.no


@pytest.mark.parametrize(
    ("method", "authorization", "open_"),
    [
        ("POST", "NONE", True), ("POST /predict", "NONE", True), ("ANY", "NONE", True), ("$connect", "NONE", True),
        ("OPTIONS", "NONE", False), ("$disconnect", "NONE", False), ("sendMessage", "NONE", False),
        ("POST", "AWS_IAM", False),
    ],
)  # fmt: skip
def test_methods_without_credentials(method: str, authorization: str, open_: bool) -> None:
    made = ApiRoute(**common(), method=known(method), authorization=known(authorization))
    assert made.open.answer is open_


def test_targets_that_are_models() -> None:
    region = unknown("at deploy time", decided_by="AWS::Region")
    tail = known(":runtime.sagemaker:path/endpoints/fraud/invocations")
    uri = unknown("", parts=(known("arn:aws:apigateway:"), region, tail))
    assert ApiRoute(**common(), target=uri).to_model.yes
    assert ApiRoute(**common(), target=known("arn:aws:apigateway:eu-west-1:lambda:path/x")).to_model.no
