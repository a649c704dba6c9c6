"""Policies mean the same, whoever wrote them; what is not known of them stays unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.policies import Statement, conditions, covers, statements
from garrison.estate.values import Body, State, Value, absent, known, referred, unknown


def said(data: Any) -> Value:
    """Data as values, as a source would say it; a Value stays what it is."""
    if isinstance(data, Value):
        return data
    if isinstance(data, dict):
        return known(Body.of({k: said(v) for k, v in data.items()}))
    if isinstance(data, list):
        return known(tuple(said(d) for d in data))
    return known(data)


def only(policy: Value) -> Statement:
    found = statements(policy)
    assert len(found) == 1
    return found[0]


def statement(**parts: Any) -> Statement:
    return only(said({"Statement": [{"Effect": "Allow", **parts}]}))


JSON = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root", "Service": ["sagemaker.amazonaws.com"]},
        "Action": ["s3:GetObject", "s3:List*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    },
}
BLOCKS = {
    "statement": [
        {
            "principals": [
                {"type": "AWS", "identifiers": ["arn:aws:iam::111122223333:root"]},
                {"type": "Service", "identifiers": ["sagemaker.amazonaws.com"]},
            ],
            "actions": ["s3:GetObject", "s3:List*"],
            "resources": ["*"],
            "condition": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["111122223333"]}],
        }
    ]
}
FORMS = {"text": known(json.dumps(JSON)), "mapping": said(JSON), "blocks": said(BLOCKS), "list": said([JSON])}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form: str) -> None:
    found = only(FORMS[form])
    assert found.allows.yes
    assert [p.text() for p in found.accounts.items()] == ["arn:aws:iam::111122223333:root"]
    assert [p.text() for p in found.services.items()] == ["sagemaker.amazonaws.com"]
    assert found.federated.state is State.ABSENT
    assert len(found.principals.items()) == 2
    assert found.permits("s3:GetObject").yes
    assert found.permits("s3:ListBucket").yes
    assert found.permits("s3:PutObject").no
    assert found.every_resource.yes
    assert found.narrowed.yes
    (clause,) = found.clauses
    assert (clause.operator.text(), clause.key.text()) == ("StringEquals", "aws:SourceAccount")
    assert [v.text() for v in clause.values.items()] == ["111122223333"]


@pytest.mark.parametrize("everybody", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::111122223333:root", "*"]}])
def test_everybody(everybody: Any) -> None:
    assert statement(Principal=everybody, Action="s3:GetObject").open_to_anyone.yes


def test_a_star_in_terraform_blocks_is_everybody() -> None:
    policy = {"statement": [{"principals": [{"type": "*", "identifiers": ["*"]}], "actions": ["s3:GetObject"]}]}
    assert only(said(policy)).open_to_anyone.yes


def test_types_of_principals_are_kept_apart() -> None:
    service = statement(Principal={"Service": "sagemaker.amazonaws.com"}, Action="sts:AssumeRole")
    assert service.accounts.state is State.ABSENT
    assert service.open_to_anyone.no
    federated = statement(Principal={"Federated": "accounts.google.com"}, Action="sts:AssumeRoleWithWebIdentity")
    assert federated.federated.equals("accounts.google.com").yes
    assert federated.services.state is State.ABSENT


def test_everybody_but_some_is_everybody() -> None:
    assert statement(NotPrincipal={"AWS": "arn:aws:iam::111122223333:root"}, Action="*").open_to_anyone.yes
    denied = {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "*"}
    assert only(said({"Statement": [denied]})).open_to_anyone.no


def test_all_actions_but_some() -> None:
    found = statement(NotAction=["iam:*", "organizations:*"], Resource="*")
    assert found.permits("s3:GetObject").yes
    assert found.permits("iam:PassRole").no
    assert found.grants_everything.no


def test_all_resources_but_some() -> None:
    assert statement(Action="*", NotResource="arn:aws:s3:::audit/*").every_resource.yes


@pytest.mark.parametrize("action", ["*", "*:*", "**"])
def test_full_administration(action: str) -> None:
    assert statement(Action=action, Resource="*").grants_everything.yes
    assert statement(
        Action=action, Resource="*", Condition={"Bool": {"aws:SecureTransport": "true"}}
    ).grants_everything.no
    assert statement(Action=action, Resource="arn:aws:s3:::a").grants_everything.no
    assert statement(Effect="Deny", Action=action, Resource="*").grants_everything.no


@pytest.mark.parametrize(
    ("condition", "narrow"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringLike": {"aws:PrincipalOrgID": "*"}}, False),
        ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"]}}, False),
        ({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}, True),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, False),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-1/*"}}, False),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringLike": {"aws:Referer": "https://example.com/*"}}, False),
        ({"Null": {"aws:PrincipalOrgID": "true"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:SourceAccount": "1"}}, True),
    ],
)
def test_only_some_conditions_say_who(condition: dict[str, Any], narrow: bool) -> None:
    found = statement(Principal="*", Action="s3:GetObject", Condition=condition)
    assert found.narrowed.answer is narrow
    assert found.open_to_anyone.answer is not narrow
    assert found.conditional.yes


def test_an_unknown_condition_decides_nothing() -> None:
    hidden = unknown("a variable", decided_by="var.condition")
    found = statement(Principal="*", Action="s3:GetObject", Condition=hidden)
    assert found.narrowed.unknown
    assert found.open_to_anyone.unknown
    assert found.has_condition_on("sts:ExternalId").unknown


def test_conditions_are_asked_by_key_in_any_case() -> None:
    found = statement(Principal="*", Action="sts:AssumeRole", Condition={"StringEquals": {"sts:externalid": "x"}})
    assert found.has_condition_on("sts:ExternalId").yes
    assert found.has_condition_on("aws:SourceArn").no
    assert conditions(absent()) == ()


def test_a_reference_is_never_everybody() -> None:
    arn = referred("r:aws_iam_role.train", "arn", None)
    assert statement(Principal={"AWS": arn}, Action="s3:GetObject").open_to_anyone.no
    assert statement(Action="*", Resource=arn).grants_everything.no
    both = said({"AWS": [arn, "*"]})
    assert statement(Principal=both, Action="s3:GetObject").open_to_anyone.yes


def test_a_variable_may_be_everybody() -> None:
    hidden = unknown("a variable without default", decided_by="var.reader")
    found = statement(Principal={"AWS": [hidden]}, Action="s3:GetObject")
    assert found.open_to_anyone.unknown
    assert [v.decided_by for v in found.open_to_anyone.because] == ["var.reader"]


def test_an_unknown_policy_is_unknown() -> None:
    found = only(unknown("a variable without default", decided_by="var.policy"))
    assert found.allows.unknown
    assert found.open_to_anyone.unknown
    assert found.grants_everything.unknown
    assert found.permits("s3:GetObject").unknown


def test_no_policy_says_nothing() -> None:
    assert statements(absent()) == ()


def test_text_that_is_no_json_is_unknown() -> None:
    assert only(known("{oops")).open_to_anyone.unknown


def test_a_hole_in_json_text_spoils_only_its_place() -> None:
    parts = (
        known('{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"'),
        referred("r:aws_s3_bucket.data", "arn", None),
        known('/*"}]}'),
    )
    found = only(unknown("parts are decided later", parts=parts))
    assert found.open_to_anyone.yes
    assert found.every_resource.no


ACCOUNT = referred("r:data.aws_caller_identity.current", "account_id", None)


@pytest.mark.parametrize(
    ("resource", "every"),
    [
        (known("*"), True),
        (known("arn:aws:iam::111122223333:role/*"), True),
        (known("arn:aws:iam::*:role/*"), True),
        (known("arn:aws:iam::*:*"), True),
        (known("arn:aws:iam::111122223333:role/train"), False),
        (known("arn:aws:iam::111122223333:user/*"), False),
        (unknown("", parts=(known("arn:aws:iam::"), ACCOUNT, known(":role/*"))), True),
        (unknown("", parts=(known("arn:aws:iam::"), ACCOUNT, known(":role/train"))), False),
        (unknown("", parts=(known("arn:aws:iam::1:role/"), unknown("a variable"))), None),
        (unknown("a variable"), None),
    ],
)
def test_every_role(resource: Value, every: bool | None) -> None:
    assert statement(Action="iam:PassRole", Resource=[resource]).every_resource_of("iam", "role/").answer is every


@pytest.mark.parametrize("resource", ["*", "arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws-cn:s3:::*"])
def test_every_bucket(resource: str) -> None:
    assert statement(Action="s3:*", Resource=resource).every_resource_of("s3").yes


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("s3:Get*", "s3:getobject", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("S3:*", "s3:PutObject", True),
        ("s3:Get*", "s3:PutObject", False),
        ("*Object", "s3:PutObject", True),
        ("s3:*Object*Tagging", "s3:PutObjectVersionTagging", True),
        ("", "s3:GetObject", False),
    ],
)
def test_patterns(pattern: str, name: str, fits: bool) -> None:
    assert covers(known(pattern), name, ignore_case=True).answer is fits


def test_the_known_part_of_a_pattern_may_rule_it_out() -> None:
    pattern = unknown("a variable", parts=(known("s3:"), unknown("a variable")))
    assert covers(pattern, "iam:PassRole").no
    assert covers(pattern, "s3:GetObject").unknown


def test_hostile_patterns_end() -> None:
    assert covers(known("*a" * 5_000 + "b"), "a" * 10_000).no


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_patterns_are_those_of_fnmatch(pattern: str, text: str) -> None:
    import fnmatch

    assert covers(known(pattern), text).answer is fnmatch.fnmatchcase(text, pattern)


def test_policies_of_policies_are_joined() -> None:
    inner = {"statement": [{"actions": ["s3:*"], "resources": ["*"]}]}
    outer = {"statement": [{"actions": ["logs:*"], "resources": ["*"]}], "source_policy_documents": [inner]}
    assert [s.actions.items()[0].text() for s in statements(said(outer))] == ["logs:*", "s3:*"]


def test_statements_that_may_follow_are_unknown() -> None:
    many = Value(State.KNOWN, (said({"Effect": "Deny"}),), rest=unknown("a dynamic block"))
    found = statements(said({"Statement": many}))
    assert [s.allows.answer for s in found] == [False, None]
