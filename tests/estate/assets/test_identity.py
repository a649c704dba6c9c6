"""Who is trusted, and what is carried."""

from __future__ import annotations

import json
from typing import Any

import pytest

from garrison.estate.assets.identity import ADMIN_POLICY, Grant, Policy, Role, like
from garrison.estate.truth import NO, YES, Truth
from garrison.estate.values import Place, Source, Value, absent, known, referred, unknown

PLACE = Place.at(Source("main.tf", b""), (0, 0), (0, 0))
COMMON: dict[str, Any] = {
    "address": "r:a", "name": absent(), "provider": "aws", "format": "terraform", "type": "t", "root": "r",
    "place": PLACE, "exists": YES,
}  # fmt: skip
OWN = referred("r:data.aws_caller_identity.current", "account_id", None)
PARTITION = referred("r:data.aws_partition.current", "partition", None)


def policy(*statements: dict[str, Any]) -> Value:
    return known(json.dumps({"Statement": [{"Effect": "Allow", **s} for s in statements]}))


def role(trust: Value = absent(), managed: Value = absent(), boundary: Value = absent()) -> Role:  # noqa: B008 - frozen
    return Role(**COMMON, trust=trust, managed=managed, boundary=boundary)


def trusting(principal: Any, action: str = "sts:AssumeRole", **more: Any) -> Role:
    return role(policy({"Principal": principal, "Action": action, **more}))


@pytest.mark.parametrize(
    ("principal", "trusted"),
    [
        ({"AWS": "444455556666"}, True),
        ({"AWS": "arn:aws:iam::444455556666:root"}, True),
        ({"AWS": "arn:aws:iam::444455556666:user/labeller"}, True),
        ({"Service": "sagemaker.amazonaws.com"}, False),
        ({"Federated": "arn:aws:iam::444455556666:saml-provider/office"}, False),
    ],
)
def test_accounts(principal: Any, trusted: bool) -> None:
    found = trusting(principal)
    assert found.trusts_account.answer is trusted
    assert found.open_trust.no
    asked = trusting(principal, Condition={"StringEquals": {"sts:ExternalId": "x"}})
    assert asked.trusts_account.no


def test_the_account_itself_is_no_stranger() -> None:
    arn = unknown("", parts=(known("arn:aws:iam::"), OWN, known(":root")))
    assert like(arn, r":root$").yes
    parts = (known('{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::'), OWN)
    assert role(unknown("", parts=(*parts, known(':root"}}]}')))).trusts_account.no
    pseudo = unknown("known only at deploy time", decided_by="AWS::AccountId")
    assert role(unknown("", parts=(parts[0], pseudo, known(':root"}}]}')))).trusts_account.no


def test_machine_learning_services() -> None:
    assert trusting({"Service": "sagemaker.amazonaws.com"}).for_ml.yes
    assert trusting({"Service": ["lambda.amazonaws.com", "bedrock.amazonaws.com"]}).for_ml.yes
    assert trusting({"Service": "ec2.amazonaws.com"}).for_ml.no


@pytest.mark.parametrize(
    ("arn", "admin"),
    [
        (known("arn:aws:iam::aws:policy/AdministratorAccess"), True),
        (known("arn:aws:iam::aws:policy/PowerUserAccess"), True),
        (known("arn:aws:iam::111122223333:policy/NotAdministratorAccess"), False),
        (known("arn:aws:iam::aws:policy/ReadOnlyAccess"), False),
        (unknown("", parts=(known("arn:"), PARTITION, known(":iam::aws:policy/AdministratorAccess"))), True),
        (unknown("", parts=(known("arn:"), PARTITION, known(":iam::aws:policy/ReadOnlyAccess"))), False),
        (unknown("", parts=(known("arn:aws:iam::aws:policy/"), unknown("a variable"))), None),
        (referred("r:aws_iam_policy.own", "arn", None), False),
        (referred("r:data.aws_iam_policy.some", "arn", None), None),
        (unknown("a variable"), None),
    ],
)
def test_administrators(arn: Value, admin: bool | None) -> None:
    assert role(managed=known((arn,))).carries(ADMIN_POLICY).answer is admin


def test_a_boundary_bounds() -> None:
    admin = known((known("arn:aws:iam::aws:policy/AdministratorAccess"),))
    assert role(managed=admin).carries_admin.yes
    assert role(managed=admin, boundary=referred("r:aws_iam_policy.bound", "arn", None)).carries_admin.no


def test_a_condition_narrows_what_is_allowed_everywhere() -> None:
    passes = {"Action": "iam:PassRole", "Resource": "*"}
    narrowed = {**passes, "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}
    assert Policy(**COMMON, document=policy(passes)).allows_everywhere("iam:PassRole", "iam", "role/").yes
    assert Policy(**COMMON, document=policy(narrowed)).allows_everywhere("iam:PassRole", "iam", "role/").no


@pytest.mark.parametrize(
    ("scope", "project", "wide"),
    [
        (known("/subscriptions/0000"), NO, True),
        (known("/subscriptions/0000/resourceGroups/ml"), NO, False),
        (known("/providers/Microsoft.Management/managementGroups/ml"), NO, True),
        (referred("r:data.azurerm_subscription.current", "id", None), NO, True),
        (referred("r:azurerm_resource_group.ml", "id", None), NO, False),
        (
            unknown("", parts=(referred("r:data.azurerm_subscription.c", "id", None), known("/resourceGroups/a"))),
            NO,
            False,
        ),
        (unknown("a variable"), NO, None),
        (absent(), YES, True),
    ],
)
def test_scopes(scope: Value, project: Truth, wide: bool | None) -> None:
    assert Grant(**COMMON, scope=scope, whole_project=project).wide.answer is wide
