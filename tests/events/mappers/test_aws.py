"""What AWS tells: CloudTrail and flow logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from garrison.errors import UnmappedError
from garrison.events.event import Call, Class, Event, Logon, Status
from garrison.events.mappers import mapped, mapper, records
from garrison.events.mappers.aws_cloudtrail import activity
from garrison.events.ocsf import to_ocsf

Told = Callable[[Event], dict[str, object]]

TRAIL = mapper("aws-cloudtrail")
FLOW = mapper("aws-vpc-flow")
CALL: dict[str, Any] = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:nightly",
        "arn": "arn:aws:sts::111122223333:assumed-role/training/nightly",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/training", "userName": "training"},
            "attributes": {"creationDate": "2026-11-24T10:00:00Z", "mfaAuthenticated": "false"},
        },
    },
    "eventTime": "2026-11-24T10:11:12Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "GetObject",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "10.1.2.3",
    "userAgent": "[aws-sdk]",
    "requestParameters": {"bucketName": "fraud-training", "key": "2026/11/cards.parquet"},
    "responseElements": None,
    "requestID": "REQUEST",
    "eventID": "6c1f",
    "recipientAccountId": "111122223333",
}
LOGIN: dict[str, Any] = {
    "eventTime": "2026-11-24T10:11:12Z",
    "eventSource": "signin.amazonaws.com",
    "eventName": "ConsoleLogin",
    "userIdentity": {"type": "IAMUser", "userName": "ann", "arn": "arn:aws:iam::111122223333:user/ann"},
    "responseElements": {"ConsoleLogin": "Failure"},
    "additionalEventData": {"MFAUsed": "No"},
    "errorMessage": "Failed authentication",
    "sourceIPAddress": "203.0.113.9",
    "eventID": "7d2e",
}


def test_a_call(told: Told) -> None:
    assert told(TRAIL.event(json.dumps(CALL).encode())) == snapshot(
        {
            "time_us": 1795515072000000,
            "class_uid": Class.API,
            "activity_id": Call.READ,
            "status_id": Status.SUCCESS,
            "uid": "6c1f",
            "product": "AWS CloudTrail",
            "actor_user": "training",
            "actor_uid": "arn:aws:sts::111122223333:assumed-role/training/nightly",
            "actor_type": "AssumedRole",
            "credential_uid": "ASIAEXAMPLE",
            "is_mfa": False,
            "src_ip": "10.1.2.3",
            "user_agent": "[aws-sdk]",
            "api_service": "s3.amazonaws.com",
            "api_operation": "GetObject",
            "request_uid": "REQUEST",
            "resource": "fraud-training/2026/11/cards.parquet",
            "resource_type": "object",
            "cloud_provider": "AWS",
            "cloud_account": "111122223333",
            "cloud_region": "eu-west-1",
        }
    )


def test_a_login_that_failed(told: Told, ocsf_faults: Callable[[dict[str, Any]], list[str]]) -> None:
    event = TRAIL.event(json.dumps(LOGIN).encode())
    assert told(event) == snapshot(
        {
            "time_us": 1795515072000000,
            "class_uid": Class.AUTHENTICATION,
            "activity_id": Logon.LOGON,
            "status_id": Status.FAILURE,
            "status_detail": "Failure",
            "message": "Failed authentication",
            "uid": "7d2e",
            "product": "AWS CloudTrail",
            "actor_user": "ann",
            "actor_uid": "arn:aws:iam::111122223333:user/ann",
            "actor_type": "IAMUser",
            "is_mfa": False,
            "src_ip": "203.0.113.9",
            "api_service": "signin.amazonaws.com",
            "api_operation": "ConsoleLogin",
            "cloud_provider": "AWS",
        }
    )
    assert ocsf_faults(to_ocsf(event)) == []


def test_a_service_calls(ocsf_faults: Callable[[dict[str, Any]], list[str]]) -> None:
    identity = {"type": "AWSService", "invokedBy": "sagemaker.amazonaws.com"}
    line = json.dumps({**CALL, "userIdentity": identity, "sourceIPAddress": "sagemaker.amazonaws.com"}).encode()
    said = to_ocsf(TRAIL.event(line))
    assert said["src_endpoint"] == {"name": "sagemaker.amazonaws.com"}
    assert said["actor"]["user"]["name"] == "sagemaker.amazonaws.com"
    assert ocsf_faults(said) == []


def test_a_file_holds_records() -> None:
    for form in (None, 2):  # as CloudTrail writes it, and as people look at it
        data = json.dumps({"Records": [CALL, LOGIN]}, indent=form).encode()
        assert [TRAIL.event(line).uid for line in records(TRAIL, data)] == ["6c1f", "7d2e"]


def test_or_lines_as_shippers_pass_them_on() -> None:
    data = "\n".join(map(json.dumps, (CALL, LOGIN))).encode() + b"\n\n"
    assert [TRAIL.event(line).uid for line in records(TRAIL, data)] == ["6c1f", "7d2e"]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("GetObject", Call.READ),
        ("BatchGetItem", Call.READ),
        ("CreateTrainingJob", Call.CREATE),
        ("PutBucketPolicy", Call.UPDATE),
        ("StopLogging", Call.DELETE),
        ("InvokeModel", Call.OTHER),
        ("Getaway", Call.OTHER),
        ("", Call.OTHER),
    ],
)
def test_a_verb_tells_what_a_call_does(name: str, call: Call) -> None:
    assert activity(name) is call


def test_a_flow(told: Told, ocsf_faults: Callable[[dict[str, Any]], list[str]]) -> None:
    line = b"2 111122223333 eni-0a1b 203.0.113.9 10.0.1.5 50112 8265 6 9 840 1795515072 1795515131 REJECT OK"
    event = FLOW.event(line)
    assert told(event) == snapshot(
        {
            "time_us": 1795515072000000,
            "class_uid": Class.NETWORK,
            "activity_id": 5,
            "status_id": Status.FAILURE,
            "product": "AWS VPC flow logs",
            "src_ip": "203.0.113.9",
            "src_port": 50112,
            "dst_ip": "10.0.1.5",
            "dst_port": 8265,
            "resource": "eni-0a1b",
            "resource_type": "network interface",
            "cloud_provider": "AWS",
            "cloud_account": "111122223333",
            "bytes_out": 840,
            "duration_us": 59000000,
            "decision": "denied",
        }
    )
    assert ocsf_faults(to_ocsf(event)) == []


def test_a_flow_without_data() -> None:
    event = FLOW.event(b"2 111122223333 eni-0a1b - - - - - - - 1795515072 1795515131 - NODATA")
    assert (event.src_ip, event.dst_port, event.decision, event.status_detail) == ("", 0, "", "NODATA")


@pytest.mark.parametrize(
    ("form", "line"),
    [
        (TRAIL, b"{"),
        (TRAIL, b"[]"),
        (TRAIL, b'{"eventTime": 5}'),
        (TRAIL, b'{"eventTime": "2026-11-24T10:11:12Z", "eventSource": "s3.amazonaws.com", "eventName": {}}'),
        (TRAIL, b"\xff\xfe"),
        (FLOW, b"2 111122223333 eni-0a1b"),
        (FLOW, b"2 1 e a b x 8265 6 9 840 1 2 REJECT OK"),
        (FLOW, b"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"),
        (FLOW, b"2 1 e a b 1 8265 6 9 9999999999999999999999 1 2 REJECT OK"),
        (FLOW, "2 1 e a b 1 ٣ 6 9 1 1 2 REJECT OK".encode()),
    ],
)  # fmt: skip
def test_a_line_of_another_form_is_refused(form: Any, line: bytes) -> None:
    with pytest.raises(UnmappedError):
        mapped(form, line)


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(max_size=5), s, max_size=3), max_leaves=8)  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    changes=st.dictionaries(
        st.sampled_from([*CALL, "errorCode", "resources", "additionalEventData"]), _JSON, max_size=3
    )
)
def test_whatever_a_record_says(changes: dict[str, Any], ocsf_faults: Callable[[dict[str, Any]], list[str]]) -> None:
    try:
        event = mapped(TRAIL, json.dumps({**CALL, **changes}).encode())
    except UnmappedError:
        return
    assert ocsf_faults(to_ocsf(event)) == []
