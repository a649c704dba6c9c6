"""What follows from the fields of a bucket."""

from __future__ import annotations

from typing import Any

import pytest

from garrison.estate.assets.grants import AccessGrant
from garrison.estate.assets.storage import Bucket
from garrison.estate.truth import NO, YES, Truth
from garrison.estate.values import Body, Place, Source, Value, absent, known, unknown

PLACE = Place(Source("a.tf", b""), 0, 0)
UNKNOWN = Truth(None)
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"


def said(content: Any) -> Value:
    """A value of what JSON can say."""
    if isinstance(content, dict):
        return known(Body.of({k: said(v) for k, v in content.items()}))
    return known(tuple(said(item) for item in content) if isinstance(content, list) else content)


def grant(who: Value, what: str) -> AccessGrant:
    return AccessGrant(**common("grant"), who=who, what=known(what))


def common(address: str) -> dict[str, Any]:
    return {
        "address": address, "name": absent(), "provider": "aws", "format": "terraform", "type": "t", "root": "r",
        "place": PLACE, "exists": YES,
    }  # fmt: skip


def bucket(**fields: Any) -> Bucket:
    """A bucket that nothing opens."""
    closed: dict[str, Any] = {
        "acl": known("private"), "acls_disabled": NO, "policy": absent(), "ignores_public_acls": NO,
        "blocks_public_policy": NO, "anonymous_access": NO, "refuses_plain": NO,
    }  # fmt: skip
    return Bucket(**common("bucket"), **{**closed, **fields})


def policy(*statements: dict[str, Any]) -> Value:
    return said({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], principal: Any = "*", **more: Any) -> Value:
    return policy({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more})


@pytest.mark.parametrize("acl", ["public-read", "public-read-write", "authenticated-read", "publicRead"])
def test_a_public_acl_is_read_unless_it_has_no_effect(acl: str) -> None:
    assert bucket(acl=known(acl)).public_read.yes
    assert bucket(acl=known(acl), ignores_public_acls=YES).public_read.no
    assert bucket(acl=known(acl), acls_disabled=YES).public_read.no
    assert bucket(acl=known(acl), ignores_public_acls=UNKNOWN).public_read.unknown


def test_only_an_acl_that_lets_write_is_written() -> None:
    assert bucket(acl=known("public-read")).public_write.no
    assert bucket(acl=known("public-read-write")).public_write.yes


@pytest.mark.parametrize(
    ("who", "what", "read", "write"),
    [
        (EVERYBODY, "READ", True, False),
        (EVERYBODY, "WRITE", False, True),
        (EVERYBODY, "FULL_CONTROL", True, True),
        ("http://acs.amazonaws.com/groups/s3/LogDelivery", "WRITE", False, False),
        ("allUsers", "roles/storage.objectViewer", True, False),
        ("allUsers", "roles/storage.legacyBucketReader", True, False),
        ("allAuthenticatedUsers", "roles/storage.objectCreator", False, True),
        ("allAuthenticatedUsers", "roles/storage.objectUser", True, True),
        ("allUsers", "roles/storage.admin", True, True),
        ("allUsers", "READER", True, False),
        ("allUsers", "roles/run.invoker", False, False),
        ("user:someone@example.com", "roles/storage.admin", False, False),
    ],
)
def test_grants_open_what_they_give(who: str, what: str, read: bool, write: bool) -> None:
    granted = bucket(grants=(grant(known(who), what),))
    assert granted.public_read.answer is read
    assert granted.public_write.answer is write
    assert bucket(grants=granted.grants, ignores_public_acls=YES).public.no


def test_a_grant_to_somebody_unknown_is_undecided() -> None:
    assert bucket(grants=(grant(unknown("a variable"), "READ"),)).public_read.unknown


@pytest.mark.parametrize(
    ("action", "read", "write"),
    [
        ("s3:GetObject", True, False),
        ("s3:GetObject*", True, False),
        ("s3:ListBucket", True, False),
        ("s3:PutObject", False, True),
        ("s3:putobject", False, True),
        ("s3:DeleteObjectVersion", False, True),
        ("s3:PutBucketPolicy", False, True),
        ("s3:*", True, True),
        ("*", True, True),
        (["s3:GetBucketLocation"], False, False),
        (["s3:GetObject", "s3:PutObject"], True, True),
        ("sqs:SendMessage", False, False),
    ],
)
def test_policies_open_what_they_allow(action: str | list[str], read: bool, write: bool) -> None:
    opened = bucket(policy=allow(action))
    assert opened.public_read.answer is read
    assert opened.public_write.answer is write
    assert bucket(policy=opened.policy, blocks_public_policy=YES).public.no


def test_a_policy_for_a_role_or_a_denial_opens_nothing() -> None:
    assert bucket(policy=allow("s3:*", {"AWS": "arn:aws:iam::111122223333:role/train"})).public.no
    denied = policy({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"})
    assert bucket(policy=denied).public.no


def test_everybody_but_one_is_everybody() -> None:
    but = policy({"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:GetObject"})
    assert bucket(policy=but).public_read.yes


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1234"}}, False),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, False),
        ({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/0"]}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringLike": {"aws:Referer": "https://example.com/*"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, True),
        ({"StringLike": {"aws:PrincipalArn": "*"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:SourceVpce": "vpce-1"}}, False),
    ],
)
def test_a_condition_closes_only_if_it_says_to_whom(condition: dict[str, Any], public: bool) -> None:
    assert bucket(policy=allow("s3:GetObject", Condition=condition)).public_read.answer is public


def test_a_condition_that_is_not_known_leaves_it_undecided() -> None:
    opened = policy({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"})
    [statement] = opened.content.child("Statement").content
    items = dict(statement.content.items()) | {"Condition": unknown("a variable")}
    assert bucket(policy=known(Body.of({"Statement": known((known(Body.of(items)),))}))).public_read.unknown


def test_an_unknown_policy_is_decided_by_the_block() -> None:
    assert bucket(policy=unknown("a variable")).public_read.unknown
    assert bucket(policy=unknown("a variable"), blocks_public_policy=YES).public_read.no


def test_tls_is_asked_for_by_a_denial_to_everybody() -> None:
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": "*", "Condition": plain}
    assert bucket().tls_only.no
    assert bucket(policy=policy(deny)).tls_only.yes
    assert bucket(policy=policy({**deny, "Effect": "Allow"})).tls_only.no
    assert bucket(policy=policy({**deny, "Principal": {"AWS": "arn:aws:iam::1:root"}})).tls_only.no
    assert bucket(refuses_plain=YES).tls_only.yes
