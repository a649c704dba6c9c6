"""Whom and what an event is about, whichever log it came by."""

from __future__ import annotations

import msgspec
import pytest
from inline_snapshot import snapshot
from tests.events.mappers.test_aws import CALL, LOGIN
from tests.events.mappers.test_lines import LINES

from garrison.events.event import Class, Event
from garrison.events.mappers import mapper, names
from garrison.watch.baselines.baseline import Kind
from garrison.watch.judge.detector import MAX_NAME, asset_of, principal_of, subjects_of

FLOW = b"2 111122223333 eni-1 203.0.113.9 10.0.0.5 50112 8888 6 10 840 1795515072 1795515132 ACCEPT OK"
ALL = {
    **LINES,
    "aws-cloudtrail": msgspec.json.encode(CALL),
    "aws-vpc-flow": FLOW,
}


def test_each_format_says_who_and_what() -> None:
    events = {name: mapper(name).event(line) for name, line in ALL.items()}
    assert events.keys() == set(names())
    assert {name: (principal_of(event), asset_of(event)) for name, event in events.items()} == snapshot(
        {
            "otlp": ("helpdesk", ("gpt-4o", "model")),
            "kubernetes-audit": ("ann", ("ml/trainer-0", "pod")),
            "gcp-audit": ("ann@example.com", ("123", "model")),
            "azure-activity": (
                "ann@example.com",
                (
                    "/SUBSCRIPTIONS/S1/RESOURCEGROUPS/ML/PROVIDERS/MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/FRAUD",
                    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
                ),
            ),
            "aws-s3-access": ("203.0.113.9", ("fraud-training", "bucket")),
            "falco": ("root@node-1", ("trainer", "container")),
            "garrison-gateway": ("scoring-job", ("fraud", "model")),
            "garrison-outcome": ("", ("fraud", "model")),
            "suricata": ("203.0.113.9", ("10.0.1.5", "address")),
            "firewall": ("203.0.113.9", ("edge-1", "host")),
            "container": ("", ("", "")),
            "journald": ("203.0.113.9", ("gpu-1", "host")),
            "syslog": ("ann@gpu-1", ("gpu-1", "host")),
            "postgresql": ("app", ("features/public.cards", "table")),
            "auditd": ("", ("", "")),
            "aws-cloudtrail": ("training", ("fraud-training", "bucket")),
            "aws-vpc-flow": ("203.0.113.9", ("eni-1", "network interface")),
        }
    )
    assert {name: subjects_of(event) for name, event in events.items()} == snapshot(
        {
            "otlp": [(Kind.PRINCIPAL, "helpdesk"), (Kind.MODEL, "gpt-4o"), (Kind.HOST, "gpu-1")],
            "kubernetes-audit": [(Kind.PRINCIPAL, "ann")],
            "gcp-audit": [(Kind.PRINCIPAL, "ann@example.com"), (Kind.MODEL, "123")],
            "azure-activity": [(Kind.PRINCIPAL, "ann@example.com")],
            "aws-s3-access": [],
            "falco": [(Kind.PRINCIPAL, "root@node-1"), (Kind.HOST, "node-1")],
            "garrison-gateway": [(Kind.CLIENT, "scoring-job"), (Kind.MODEL, "fraud")],
            "garrison-outcome": [],
            "suricata": [],
            "firewall": [(Kind.HOST, "edge-1")],
            "container": [],
            "journald": [(Kind.HOST, "gpu-1")],
            "syslog": [(Kind.PRINCIPAL, "ann@gpu-1"), (Kind.HOST, "gpu-1")],
            "postgresql": [(Kind.PRINCIPAL, "app")],
            "auditd": [],
            "aws-cloudtrail": [(Kind.PRINCIPAL, "training")],
            "aws-vpc-flow": [],
        }
    )


def test_a_console_login_is_of_its_user() -> None:
    assert principal_of(mapper("aws-cloudtrail").event(msgspec.json.encode(LOGIN))) == snapshot("ann")


@pytest.mark.parametrize(
    ("said", "principal", "asset"),
    [
        ({"actor_uid": "arn:aws:iam::1:role/x", "src_ip": "10.0.0.1"}, "arn:aws:iam::1:role/x", ("", "")),
        ({"actor_user": "system:anonymous", "src_ip": "10.0.0.1"}, "10.0.0.1", ("", "")),
        ({"actor_user": "anonymous"}, "anonymous", ("", "")),
        ({"actor_user": "root", "host": "gpu-1", "class_uid": Class.PROCESS}, "root@gpu-1", ("gpu-1", "host")),
        ({"actor_user": "ann", "host": "gpu-1", "class_uid": Class.API}, "ann", ("gpu-1", "host")),
        ({"resource": "weights/a/b.bin", "resource_type": "object"}, "", ("weights", "bucket")),
        ({"resource": "token", "resource_type": "secrets", "namespace": "ml"}, "", ("ml/token", "secrets")),
        ({"resource": "ssh.service", "resource_type": "unit", "host": "gpu-1"}, "", ("gpu-1", "host")),
        ({"api_service": "sts.amazonaws.com"}, "", ("sts.amazonaws.com", "service")),
    ],
)
def test_the_most_telling_is_taken(said: dict[str, object], principal: str, asset: tuple[str, str]) -> None:
    event = Event(time_us=0, **{"class_uid": Class.BASE, **said})  # type: ignore[arg-type]
    assert (principal_of(event), asset_of(event)) == (principal, asset)


def test_names_are_bounded() -> None:
    event = Event(time_us=0, class_uid=Class.API, actor_user="x" * 10_000, model="y" * 10_000)
    assert {len(name) for _, name in subjects_of(event)} == {MAX_NAME}
