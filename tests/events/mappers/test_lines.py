"""A line of each format, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from garrison.errors import UnmappedError, UsageError
from garrison.events.event import Call, Class, Event, Logon, Severity, Status
from garrison.events.mappers import mapped, mapper, names, records
from garrison.events.mappers.container import at
from garrison.events.ocsf import to_ocsf

Told = Callable[[Event], dict[str, object]]

KUBERNETES = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "level": "Metadata",
    "auditID": "a1",
    "stage": "ResponseComplete",
    "requestURI": "/api/v1/namespaces/ml/pods/trainer-0/exec?command=sh",
    "verb": "create",
    "user": {"username": "ann", "groups": ["system:authenticated"]},
    "sourceIPs": ["10.0.0.9"],
    "userAgent": "kubectl/v1.34",
    "objectRef": {
        "resource": "pods",
        "namespace": "ml",
        "name": "trainer-0",
        "apiVersion": "v1",
        "subresource": "exec",
    },
    "responseStatus": {"metadata": {}, "code": 101},
    "requestReceivedTimestamp": "2026-11-24T10:11:12.000001Z",
    "stageTimestamp": "2026-11-24T10:11:12.000501Z",
    "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: allowed"},
}
GOOGLE = {
    "protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "aiplatform.googleapis.com",
        "methodName": "google.cloud.aiplatform.v1.ModelService.DeleteModel",
        "resourceName": "projects/fraud/locations/europe-west1/models/123",
        "authenticationInfo": {"principalEmail": "ann@example.com"},
        "requestMetadata": {"callerIp": "203.0.113.9", "callerSuppliedUserAgent": "gcloud/1"},
        "authorizationInfo": [{"permission": "aiplatform.models.delete", "granted": False}],
        "status": {"code": 7, "message": "PERMISSION_DENIED"},
    },
    "insertId": "i1",
    "resource": {"type": "audited_resource", "labels": {"project_id": "fraud", "location": "europe-west1"}},
    "timestamp": "2026-11-24T10:11:12.123456789Z",
    "severity": "ERROR",
    "logName": "projects/fraud/logs/cloudaudit.googleapis.com%2Factivity",
}
AZURE = {
    "time": "2026-11-24T10:11:12.5Z",
    "resourceId": "/SUBSCRIPTIONS/S1/RESOURCEGROUPS/ML/PROVIDERS/MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/FRAUD",
    "operationName": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/write",
    "category": "Administrative",
    "resultType": "Success",
    "durationMs": "12",
    "callerIpAddress": "203.0.113.9:50000",
    "correlationId": "c1",
    "identity": {"claims": {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "ann@example.com"}},
    "properties": {"eventDataId": "e1"},
}
OTLP = {
    "resource": {"service.name": "helpdesk", "host.name": "gpu-1", "k8s.namespace.name": "ml", "cloud.provider": "aws"},
    "scope": {"name": "openai"},
    "record": {
        "timeUnixNano": 1795515072123456789,
        "endTimeUnixNano": 1795515073623456789,
        "span": "chat gpt-4o",
        "attributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.output_tokens": 180,
            "server.address": "api.openai.com",
            "server.port": 443,
        },
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
    },
}
LINES: dict[str, bytes] = {
    "otlp": json.dumps(OTLP).encode(),
    "kubernetes-audit": json.dumps(KUBERNETES).encode(),
    "gcp-audit": json.dumps(GOOGLE).encode(),
    "azure-activity": json.dumps(AZURE).encode(),
    "aws-s3-access": b'0a1b fraud-training [24/Nov/2026:10:11:12 +0000] 203.0.113.9 - REQ1 REST.GET.OBJECT cards.parquet "GET /fraud-training/cards.parquet?x=1 HTTP/1.1" 200 - 2662992 3462992 70 10 "-" "curl/8 \\"x\\"" - HOST= SigV4 - - fraud-training.s3.amazonaws.com TLSv1.3 - -',
    "falco": b'{"hostname":"node-1","output":"10:11:12: Notice A shell","priority":"Notice","rule":"Terminal shell in container","source":"syscall","tags":["shell"],"time":"2026-11-24T10:11:12.123456789Z","output_fields":{"container.id":"a1b2","container.name":"trainer","container.image.repository":"registry.example/trainer","proc.name":"bash","proc.cmdline":"bash -i","proc.pid":77,"user.name":"root","k8s.ns.name":"ml","k8s.pod.name":null,"evt.time":1}}',
    "garrison-gateway": b'{"time":"2026-11-24T10:11:12.345Z","request_id":"r1","client":"scoring-job","role":"service","model":"fraud","action":"load-model","protocol":"open-inference","reason":"the role may not","method":"POST","path":"/v2/repository/models/fraud/load","status":403,"request_bytes":2,"response_bytes":64,"duration_ms":1,"ip":"10.0.0.9","listener":"[::1]:8443","decision":"deny"}',
    "garrison-outcome": b'{"time":"2026-11-24T10:11:12Z","model":"fraud","wrong":true,"request_id":"r1","comment":"charged back"}',
    "suricata": b'{"timestamp":"2026-11-24T10:11:12.123456+0000","flow_id":42,"event_type":"alert","src_ip":"203.0.113.9","src_port":50112,"dest_ip":"10.0.1.5","dest_port":8265,"proto":"TCP","alert":{"action":"blocked","signature_id":1,"signature":"Ray job submission from outside","category":"Attempted Administrator Privilege Gain","severity":1}}',
    "firewall": b"<4>1 2026-11-24T10:11:12Z edge-1 kernel - - - [  98.765432] [UFW BLOCK] IN=eth0 OUT= MAC=00:11 SRC=203.0.113.9 DST=10.0.1.5 LEN=60 TOS=0x00 TTL=51 ID=1 DF PROTO=TCP SPT=50112 DPT=8265 WINDOW=64240 SYN URGP=0 ",
    "container": b"2026-11-24T10:11:12.123456789Z stderr F Traceback (most recent call last):",
    "journald": b'{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1795515072123456","MESSAGE":"Failed password for invalid user admin from 203.0.113.9 port 50112 ssh2","PRIORITY":"6","SYSLOG_IDENTIFIER":"sshd","_PID":"99","_HOSTNAME":"gpu-1","_SYSTEMD_UNIT":"ssh.service","_COMM":"sshd"}',
    "syslog": b'<38>1 2026-11-24T10:11:12.003Z gpu-1 sshd 99 - [meta seq="1"] Accepted publickey for ann from 10.0.0.9 port 50112 ssh2: ED25519 SHA256:x',
    "postgresql": b'{"timestamp":"2026-11-24 10:11:12.345 UTC","user":"app","dbname":"features","pid":7,"remote_host":"10.0.0.9","remote_port":5000,"session_id":"6c.7","line_num":3,"ps":"SELECT","error_severity":"LOG","message":"AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.cards,\\"select * from cards\\",<none>","application_name":"psql","backend_type":"client backend"}',
    "auditd": b'type=EXECVE msg=audit(1795515072.123:456): argc=3 a0="sh" a1="-c" a2=63757274207C207368',
}  # fmt: skip


def test_kubernetes(told: Told) -> None:
    assert told(mapper("kubernetes-audit").event(LINES["kubernetes-audit"])) == snapshot(
        {
            "time_us": 1795515072000001,
            "class_uid": Class.API,
            "activity_id": Call.CREATE,
            "status_id": Status.SUCCESS,
            "status_detail": "RBAC: allowed",
            "uid": "a1/ResponseComplete/e9119ea44794af84",
            "product": "Kubernetes audit",
            "actor_user": "ann",
            "src_ip": "10.0.0.9",
            "user_agent": "kubectl/v1.34",
            "api_service": "kubernetes",
            "api_operation": "create pods/exec",
            "request_uid": "a1",
            "resource": "trainer-0",
            "resource_type": "pods/exec",
            "namespace": "ml",
            "pod": "trainer-0",
            "url_path": "/api/v1/namespaces/ml/pods/trainer-0/exec",
            "status_code": 101,
            "duration_us": 500,
            "decision": "allowed",
        }
    )


def test_google(told: Told) -> None:
    assert told(mapper("gcp-audit").event(LINES["gcp-audit"])) == snapshot(
        {
            "time_us": 1795515072123457,
            "class_uid": Class.API,
            "activity_id": Call.DELETE,
            "status_id": Status.FAILURE,
            "status_detail": "PERMISSION_DENIED",
            "message": "cloudaudit.googleapis.com/activity",
            "uid": "i1/dc57c1e687c8606b",
            "product": "Google Cloud Audit Logs",
            "actor_user": "ann@example.com",
            "src_ip": "203.0.113.9",
            "user_agent": "gcloud/1",
            "api_service": "aiplatform.googleapis.com",
            "api_operation": "google.cloud.aiplatform.v1.ModelService.DeleteModel",
            "request_uid": "i1",
            "resource": "projects/fraud/locations/europe-west1/models/123",
            "resource_type": "audited_resource",
            "model": "123",
            "cloud_provider": "GCP",
            "cloud_account": "fraud",
            "cloud_region": "europe-west1",
            "status_code": 7,
            "decision": "denied",
        }
    )


def test_azure(told: Told) -> None:
    assert told(mapper("azure-activity").event(LINES["azure-activity"])) == snapshot(
        {
            "time_us": 1795515072500000,
            "class_uid": Class.API,
            "activity_id": Call.UPDATE,
            "status_id": Status.SUCCESS,
            "message": "Administrative",
            "uid": "e1",
            "product": "Azure Monitor",
            "actor_user": "ann@example.com",
            "src_ip": "203.0.113.9",
            "api_service": "Microsoft.MachineLearningServices",
            "api_operation": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/write",
            "request_uid": "c1",
            "resource": "/SUBSCRIPTIONS/S1/RESOURCEGROUPS/ML/PROVIDERS/MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/FRAUD",
            "resource_type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
            "cloud_provider": "Azure",
            "cloud_account": "S1",
            "duration_us": 12000,
        }
    )


def test_s3(told: Told) -> None:
    assert told(mapper("aws-s3-access").event(LINES["aws-s3-access"])) == snapshot(
        {
            "time_us": 1795515072000000,
            "class_uid": Class.DATASTORE,
            "activity_id": 1,
            "status_id": Status.SUCCESS,
            "uid": "REQ1/ddfb00ca104190fd",
            "product": "S3 server access logs",
            "actor_user": "anonymous",
            "src_ip": "203.0.113.9",
            "user_agent": 'curl/8 \\"x\\"',
            "api_service": "s3.amazonaws.com",
            "api_operation": "REST.GET.OBJECT",
            "request_uid": "REQ1",
            "resource": "fraud-training/cards.parquet",
            "resource_type": "object",
            "cloud_provider": "AWS",
            "http_method": "GET",
            "url_path": "/fraud-training/cards.parquet",
            "status_code": 200,
            "bytes_out": 2662992,
            "duration_us": 70000,
        }
    )


def test_falco(told: Told) -> None:
    assert told(mapper("falco").event(LINES["falco"])) == snapshot(
        {
            "time_us": 1795515072123457,
            "class_uid": Class.DETECTION,
            "activity_id": 1,
            "severity_id": Severity.LOW,
            "status_detail": "10:11:12: Notice A shell",
            "message": "Terminal shell in container",
            "product": "Falco",
            "actor_user": "root",
            "host": "node-1",
            "container": "trainer",
            "image": "registry.example/trainer",
            "namespace": "ml",
            "process": "bash",
            "pid": 77,
            "cmd_line": "bash -i",
        }
    )


def test_gateway(told: Told) -> None:
    assert told(mapper("garrison-gateway").event(LINES["garrison-gateway"])) == snapshot(
        {
            "time_us": 1795515072345000,
            "class_uid": Class.API,
            "activity_id": Call.UPDATE,
            "status_id": Status.FAILURE,
            "status_detail": "the role may not",
            "uid": "r1",
            "product": "Garrison gateway",
            "actor_user": "scoring-job",
            "actor_type": "service",
            "src_ip": "10.0.0.9",
            "dst_ip": "::1",
            "dst_port": 8443,
            "api_service": "open-inference",
            "api_operation": "load-model",
            "request_uid": "r1",
            "resource": "fraud",
            "resource_type": "model",
            "model": "fraud",
            "http_method": "POST",
            "url_path": "/v2/repository/models/fraud/load",
            "status_code": 403,
            "bytes_in": 2,
            "bytes_out": 64,
            "duration_us": 1000,
            "decision": "denied",
        }
    )


def test_suricata(told: Told) -> None:
    assert told(mapper("suricata").event(LINES["suricata"])) == snapshot(
        {
            "time_us": 1795515072123456,
            "class_uid": Class.DETECTION,
            "activity_id": 1,
            "severity_id": Severity.HIGH,
            "status_detail": "Attempted Administrator Privilege Gain",
            "message": "Ray job submission from outside",
            "product": "Suricata EVE",
            "src_ip": "203.0.113.9",
            "src_port": 50112,
            "dst_ip": "10.0.1.5",
            "dst_port": 8265,
            "request_uid": "42",
            "decision": "denied",
        }
    )


def test_firewall(told: Told) -> None:
    assert told(mapper("firewall").event(LINES["firewall"])) == snapshot(
        {
            "time_us": 1795515072000000,
            "class_uid": Class.NETWORK,
            "activity_id": 5,
            "severity_id": Severity.MEDIUM,
            "status_id": Status.FAILURE,
            "status_detail": "UFW BLOCK",
            "message": "[  98.765432] [UFW BLOCK] IN=eth0 OUT= MAC=00:11 SRC=203.0.113.9 DST=10.0.1.5 LEN=60 TOS=0x00 TTL=51 ID=1 DF PROTO=TCP SPT=50112 DPT=8265 WINDOW=64240 SYN URGP=0",
            "product": "firewall",
            "src_ip": "203.0.113.9",
            "src_port": 50112,
            "dst_ip": "10.0.1.5",
            "dst_port": 8265,
            "resource": "eth0",
            "resource_type": "network interface",
            "host": "edge-1",
            "process": "kernel",
            "bytes_out": 60,
            "decision": "denied",
        }
    )


@pytest.mark.parametrize(
    ("said", "decision", "source", "port"),
    [
        ("kernel: DROP-IN IN=eth0 OUT= SRC=2001:db8::1 DST=2001:db8::2 LEN=80 PROTO=UDP SPT=1 DPT=53", "denied", "2001:db8::1", 53),
        ("kernel: accept: IN= OUT=eth0 SRC=10.0.0.1 DST=10.0.0.2 PROTO=ICMP TYPE=3 [SRC=10.9.9.9 DST=10.8.8.8 SPT=7 DPT=8 ]", "allowed", "10.0.0.1", 8),
        ("kernel: IN=eth0 OUT=eth1 SRC=10.0.0.1 DST=10.0.0.2 PROTO=47", "", "10.0.0.1", 0),
        ("filterlog[7]: 5,,,1000000103,em0,match,block,in,4,0x0,,64,7,0,DF,6,tcp,60,203.0.113.9,10.0.1.5,50112,8265,0,S,1,,64240,,mss", "denied", "203.0.113.9", 8265),
        ("filterlog[7]: 5,,,1000000103,em0,match,pass,out,6,0x00,0,64,UDP,17,80,2001:db8::1,2001:db8::2,50112,53,32", "allowed", "2001:db8::1", 53),
        ("filterlog[7]: 5,,,1000000103,em0,match,block,in,4,0x0,,64,7,0,DF,1,icmp,84,203.0.113.9,10.0.1.5,request,1,2", "denied", "203.0.113.9", 0),
    ],
)  # fmt: skip
def test_packets(said: str, decision: str, source: str, port: int) -> None:
    event = mapper("firewall").event(f"<134>Nov 24 10:11:12 edge-1 {said}".encode())
    assert (event.decision, event.src_ip, event.dst_port, event.host) == (decision, source, port, "edge-1")


@pytest.mark.parametrize("said", ["kernel: NVRM: Xid 79", "filterlog: 5,,", "kernel: IN=a OUT=b SRC=c DST=d SPT=70000"])
def test_what_is_no_packet(said: str) -> None:
    with pytest.raises(UnmappedError):
        mapped(mapper("firewall"), f"<134>Nov 24 10:11:12 edge-1 {said}".encode())


def test_container(told: Told) -> None:
    event = mapper("container").event(LINES["container"])
    assert told(event) == snapshot(
        {
            "time_us": 1795515072123456,
            "class_uid": Class.BASE,
            "message": "Traceback (most recent call last):",
            "product": "container output",
            "resource_type": "stderr",
        }
    )
    docker = b'{"log":"epoch 3\\n","stream":"stdout","time":"2026-11-24T10:11:12.123456789Z"}'
    assert told(mapper("container").event(docker)) == snapshot(
        {
            "time_us": 1795515072123457,
            "class_uid": Class.BASE,
            "message": "epoch 3",
            "product": "container output",
            "resource_type": "stdout",
        }
    )


@pytest.mark.parametrize(
    "path",
    [
        "/var/log/pods/ml_trainer-0_0a1b/main/0.log",
        "/var/log/containers/trainer-0_ml_main-" + "0" * 64 + ".log",
    ],
)
def test_the_path_of_a_file_tells_whose_output_it_is(path: str) -> None:
    event = at(mapper("container").event(LINES["container"]), path)
    assert (event.namespace, event.pod, event.container) == ("ml", "trainer-0", "main")


def test_journald(told: Told) -> None:
    assert told(mapper("journald").event(LINES["journald"])) == snapshot(
        {
            "time_us": 1795515072123456,
            "class_uid": Class.AUTHENTICATION,
            "activity_id": Logon.LOGON,
            "status_id": Status.FAILURE,
            "status_detail": "unknown user",
            "message": "Failed password for invalid user admin from 203.0.113.9 port 50112 ssh2",
            "uid": "s=1;i=2",
            "product": "journald",
            "actor_user": "admin",
            "src_ip": "203.0.113.9",
            "src_port": 50112,
            "api_service": "ssh",
            "api_operation": "password",
            "resource": "ssh.service",
            "resource_type": "unit",
            "host": "gpu-1",
            "process": "sshd",
            "pid": 99,
        }
    )
    binary = b'{"__REALTIME_TIMESTAMP":"1795515072123456","MESSAGE":[104,105,255],"PRIORITY":"0","_COMM":null}'
    event = mapper("journald").event(binary)
    assert (event.message, event.severity_id) == ("hi�", Severity.CRITICAL)


def test_syslog(told: Told) -> None:
    assert told(mapper("syslog").event(LINES["syslog"])) == snapshot(
        {
            "time_us": 1795515072003000,
            "class_uid": Class.AUTHENTICATION,
            "activity_id": Logon.LOGON,
            "status_id": Status.SUCCESS,
            "message": "Accepted publickey for ann from 10.0.0.9 port 50112 ssh2: ED25519 SHA256:x",
            "product": "syslog",
            "actor_user": "ann",
            "src_ip": "10.0.0.9",
            "src_port": 50112,
            "api_service": "ssh",
            "api_operation": "publickey",
            "host": "gpu-1",
            "process": "sshd",
            "pid": 99,
        }
    )


def test_old_syslog() -> None:
    event = mapper("syslog").event(b"<13>Nov 24 10:11:12 gpu-1 kernel: NVRM: Xid 79")
    assert (event.host, event.process, event.message, event.severity_id) == (
        "gpu-1",
        "kernel",
        "NVRM: Xid 79",
        Severity.LOW,
    )


def test_postgresql(told: Told) -> None:
    assert told(mapper("postgresql").event(LINES["postgresql"])) == snapshot(
        {
            "time_us": 1795515072345000,
            "class_uid": Class.DATASTORE,
            "activity_id": 1,
            "status_id": Status.SUCCESS,
            "message": 'AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.cards,"select * from cards",<none>',
            "uid": "6c.7/3/04c8ff339becd0af",
            "product": "PostgreSQL",
            "actor_user": "app",
            "src_ip": "10.0.0.9",
            "src_port": 5000,
            "user_agent": "psql",
            "api_service": "postgresql",
            "api_operation": "SELECT",
            "request_uid": "6c.7",
            "resource": "features/public.cards",
            "resource_type": "table",
            "process": "postgres",
            "pid": 7,
        }
    )


def test_postgresql_as_csv() -> None:
    line = b'2026-11-24 10:11:12.345 UTC,"app","features",7,"10.0.0.9:5000",6c.7,2,"authentication",2026-11-24 10:11:12 UTC,3/1,0,FATAL,28P01,"password authentication failed for user ""app""",,,,,,,,,"","client backend",,0'
    event = mapper("postgresql").event(line)
    assert (event.class_uid, event.status_id, event.actor_user, event.src_ip) == (
        Class.AUTHENTICATION,
        Status.FAILURE,
        "app",
        "10.0.0.9",
    )


def test_outcome(told: Told) -> None:
    assert told(mapper("garrison-outcome").event(LINES["garrison-outcome"])) == snapshot(
        {
            "time_us": 1795515072000000,
            "class_uid": Class.API,
            "activity_id": Call.OTHER,
            "status_id": Status.FAILURE,
            "status_detail": "charged back",
            "uid": "r1",
            "product": "Garrison outcome",
            "api_operation": "outcome",
            "request_uid": "r1",
            "resource": "fraud",
            "resource_type": "model",
            "model": "fraud",
        }
    )


def test_times_of_another_zone_are_refused_with_what_to_do() -> None:
    line = LINES["postgresql"].replace(b" UTC", b" CET")
    with pytest.raises(UnmappedError, match="log_timezone"):
        mapped(mapper("postgresql"), line)


def test_auditd(told: Told) -> None:
    assert told(mapper("auditd").event(LINES["auditd"])) == snapshot(
        {
            "time_us": 1795515072123000,
            "class_uid": Class.PROCESS,
            "activity_id": 1,
            "message": "EXECVE",
            "uid": "1795515072.123:456/EXECVE/d82a352bb83da084",
            "product": "Linux audit",
            "request_uid": "1795515072.123:456",
            "cmd_line": "sh -c curt | sh",
        }
    )
    login = b"type=USER_LOGIN msg=audit(1795515072.123:457): pid=99 uid=0 auid=1000 ses=2 msg='op=login acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=? addr=203.0.113.9 terminal=ssh res=failed'"  # fmt: skip
    event = mapper("auditd").event(login)
    assert (event.class_uid, event.activity_id, event.status_id) == (Class.AUTHENTICATION, Logon.LOGON, Status.FAILURE)
    assert (event.actor_user, event.src_ip, event.api_service) == ("root", "203.0.113.9", "sshd")


def test_the_use_of_a_model(told: Told) -> None:
    event = mapper("otlp").event(LINES["otlp"])
    assert told(event) == snapshot(
        {
            "time_us": 1795515072123456,
            "class_uid": Class.API,
            "activity_id": Call.OTHER,
            "status_id": Status.SUCCESS,
            "message": "chat gpt-4o",
            "uid": "5b8efff798038103d269b633813fc60c/eee19b7ec3c1b174/8fc96f23582ac57e",
            "product": "OpenTelemetry",
            "actor_user": "helpdesk",
            "actor_type": "service",
            "dst_ip": "api.openai.com",
            "dst_port": 443,
            "api_service": "openai",
            "api_operation": "chat",
            "request_uid": "chatcmpl-1",
            "resource": "gpt-4o",
            "resource_type": "model",
            "model": "gpt-4o",
            "model_version": "gpt-4o-2024-08-06",
            "cloud_provider": "AWS",
            "host": "gpu-1",
            "namespace": "ml",
            "duration_us": 1500000,
            "prompt_tokens": 100,
            "completion_tokens": 180,
        }
    )
    old = {
        "gen_ai.system": "vllm",
        "gen_ai.usage.prompt_tokens": 3,
        "gen_ai.usage.completion_tokens": 4,
        "user.id": "ann",
    }
    event = mapper("otlp").event(json.dumps({"record": {"attributes": old}}).encode())
    assert (event.api_service, event.prompt_tokens, event.completion_tokens, event.actor_user) == ("vllm", 3, 4, "ann")


def test_a_log_record_and_an_exception(told: Told) -> None:
    record = {"observedTimeUnixNano": 1795515072123456789, "severityNumber": 17, "body": {"a": [1]}, "traceId": "ab"}
    line = json.dumps({"resource": {"service.name": "scoring"}, "record": record}).encode()
    assert told(mapper("otlp").event(line)) == snapshot(
        {
            "time_us": 1795515072123456,
            "class_uid": Class.BASE,
            "severity_id": Severity.HIGH,
            "message": '{"a":[1]}',
            "product": "OpenTelemetry",
            "request_uid": "ab",
            "resource": "scoring",
            "resource_type": "service",
        }
    )
    raised = {
        "exception.type": "KeyError",
        "exception.message": "'x'",
        "http.request.method": "POST",
        "url.path": "/v1/chat?key=1",
    }
    event = mapper("otlp").event(json.dumps({"record": {"eventName": "exception", "attributes": raised}}).encode())
    assert (event.message, event.status_detail, event.status_id) == ("'x'", "KeyError", Status.FAILURE)
    assert (event.class_uid, event.activity_id, event.url_path) == (Class.HTTP, 6, "/v1/chat")


def test_a_file_of_the_collector_holds_records() -> None:
    value = {"kvlistValue": {"values": [{"key": "n", "value": {"intValue": "7"}}, {"key": "x", "value": {"arrayValue": {"values": [{"doubleValue": 0.5}, {"boolValue": False}, {"bytesValue": "AQ=="}, {"doubleValue": "NaN"}]}}}]}}  # fmt: skip
    request = {
        "resourceLogs": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "scoring"}}]},
                "scopeLogs": [{"logRecords": [{"timeUnixNano": "1795515072123456789", "body": value}, {"traceId": "AB", "body": None}]}],
            }
        ]
    }  # fmt: skip
    data = json.dumps(request).encode() + b"\n\n" + b'{"resourceLogs":7}'
    found = [json.loads(line) for line in records(mapper("otlp"), data)]
    assert found == snapshot(
        [
            {
                "resource": {"service.name": "scoring"},
                "scope": {},
                "record": {"timeUnixNano": 1795515072123456789, "body": {"n": 7, "x": [0.5, False, "AQ==", "nan"]}},
            },
            {"resource": {"service.name": "scoring"}, "scope": {}, "record": {"traceId": "ab"}},
            {"resourceLogs": 7},
        ]
    )


def test_lists_hold_records() -> None:
    audit = json.dumps(
        {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [KUBERNETES, KUBERNETES]}
    ).encode()
    assert [json.loads(r)["auditID"] for r in records(mapper("kubernetes-audit"), audit)] == ["a1", "a1"]
    hub = json.dumps({"records": [AZURE]}).encode()
    assert [json.loads(r)["time"] for r in records(mapper("azure-activity"), hub)] == [AZURE["time"]]
    assert len(list(records(mapper("syslog"), LINES["syslog"] + b"\n\n" + LINES["syslog"]))) == 2


@pytest.mark.parametrize("name", sorted(LINES))
def test_each_holds_to_the_schema(name: str, ocsf_faults: Callable[[dict[str, Any]], list[str]]) -> None:
    event = mapped(mapper(name), LINES[name])
    assert ocsf_faults(to_ocsf(event)) == []
    assert event.uid
    assert event.raw == LINES[name]
    assert mapped(mapper(name), LINES[name]).uid == event.uid  # told twice, it is one event


@pytest.mark.parametrize(
    ("name", "said", "other"),
    [
        ("kubernetes-audit", b"trainer-0", b"trainer-1"),  # a client may choose the id of its request
        ("aws-s3-access", b"REST.", b"BATCH."),  # a request that deletes many objects has a record of each
        ("auditd", b"EXECVE", b"SYSCALL"),
        ("auditd", b"argc=", b"argv="),  # two records of one happening, of the same type
        ("gcp-audit", b"123", b"124"),
        ("postgresql", b"10.0.0.9", b"10.0.0.8"),
    ],
)
def test_one_name_for_two_things_hides_neither(name: str, said: bytes, other: bytes) -> None:
    changed = LINES[name].replace(said, other)
    assert changed != LINES[name]
    assert mapped(mapper(name), changed).uid != mapped(mapper(name), LINES[name]).uid


def test_every_format_is_tried_here() -> None:
    assert set(names()) - set(LINES) == {"aws-cloudtrail", "aws-vpc-flow"}


def test_a_format_that_is_none() -> None:
    with pytest.raises(UsageError, match="no log format sislog"):
        mapper("sislog")


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_line_is_an_event_or_refused(
    data: st.DataObject, ocsf_faults: Callable[[dict[str, Any]], list[str]]
) -> None:
    name = data.draw(st.sampled_from(sorted(LINES)))
    line = bytearray(LINES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at_ = data.draw(st.integers(0, len(line) - 1))
        line[at_ : at_ + data.draw(st.integers(0, 6))] = data.draw(st.sampled_from([b"", b"9", b'"', b"null", b"-1", b"\xff", b"{}", b"9" * 30, b"[]", b" ", b"\\u0000"]))  # fmt: skip
    try:
        event = mapped(mapper(name), bytes(line))
    except UnmappedError:
        return
    assert ocsf_faults(to_ocsf(event)) == []
