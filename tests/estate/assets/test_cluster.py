"""What the kinds of a cluster derive from what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from garrison.scan.config import Settings
from garrison.scan.scan import scan


def outcome(folder: Path, check: str, *objects: Mapping[str, object]) -> str:
    """What a check says of some objects."""
    (folder / "all.yaml").write_text(yaml.safe_dump_all(objects))
    result = scan([folder], Settings(checks=frozenset({check})))
    assert not result.problems
    assert not result.errors
    return "fail" if result.findings else "unknown" if result.undecided else "pass"


def policy(**spec: object) -> dict[str, object]:
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": spec}


BLOCK = {"ipBlock": {"cidr": "0.0.0.0/0"}}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"podSelector": {}, "ingress": [{}]}, "fail"),
        ({"podSelector": {}, "ingress": []}, "pass"),
        ({"podSelector": {}}, "pass"),
        ({"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}, "pass"),
        ({"podSelector": {}, "ingress": [{"from": [BLOCK]}]}, "fail"),
        (
            {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {**BLOCK["ipBlock"], "except": ["10.0.0.0/8"]}}]}]},
            "pass",
        ),
    ],
)
def test_a_policy_that_lets_all_in(tmp_path: Path, spec: dict[str, object], said: str) -> None:
    assert outcome(tmp_path, "network-policy-lets-all-in", policy(**spec)) == said


JOB: dict[str, object] = {
    "apiVersion": "kubeflow.org/v1",
    "kind": "PyTorchJob",
    "metadata": {"name": "fraud"},
    "spec": {
        "pytorchReplicaSpecs": {"Master": {"template": {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}}}
    },
}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (None, "fail"),
        ({"podSelector": {}, "policyTypes": ["Egress"]}, "pass"),
        ({"podSelector": {}, "policyTypes": ["Ingress"]}, "fail"),
        ({"podSelector": {}, "egress": [{"to": [{"podSelector": {}}]}]}, "pass"),
        ({"podSelector": {}, "egress": [{}]}, "fail"),
        ({"podSelector": {}, "egress": [{"to": [BLOCK]}]}, "fail"),
        ({"podSelector": {}, "egress": [{"to": [BLOCK], "ports": [{"port": 443}]}]}, "pass"),
        ({"podSelector": {"matchLabels": {"app": "other"}}, "policyTypes": ["Egress"]}, "fail"),
    ],
)
def test_training_that_sends_anywhere(tmp_path: Path, spec: dict[str, object] | None, said: str) -> None:
    policies = [] if spec is None else [policy(**spec)]
    assert outcome(tmp_path, "training-egress-open", JOB, *policies) == said


def role(*rules: dict[str, object]) -> dict[str, object]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": list(rules),
    }  # fmt: skip


BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
    "roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": [{"kind": "Group", "name": "system:authenticated"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("check", "rule", "said"),
    [
        ("rbac-runs-in-pods", {"apiGroups": [""], "resources": ["*/exec"], "verbs": ["create"]}, "fail"),
        ("rbac-runs-in-pods", {"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}, "pass"),
        (
            "rbac-runs-in-pods",
            {"apiGroups": [""], "resources": ["pods/ephemeralcontainers"], "verbs": ["patch"]},
            "fail",
        ),
        ("rbac-runs-in-pods", {"apiGroups": [""], "resources": ["*"], "verbs": ["*"]}, "pass"),  # told as sweeping
        ("rbac-every-resource", {"apiGroups": [""], "resources": ["*"], "verbs": ["*"]}, "fail"),
        ("rbac-every-resource", {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, "pass"),  # rbac-everything
        (
            "rbac-makes-tokens",
            {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["${V}"]},
            "unknown",
        ),
        (
            "rbac-makes-tokens",
            {"apiGroups": ["x"], "resources": ["serviceaccounts/token"], "verbs": ["create"]},
            "pass",
        ),
        ("rbac-authenticated", {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}, "pass"),
        ("rbac-authenticated", {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}, "fail"),
        ("rbac-authenticated", {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["update"]}, "fail"),
    ],
)
def test_what_a_role_allows(tmp_path: Path, check: str, rule: dict[str, object], said: str) -> None:
    assert outcome(tmp_path, check, role(rule), BINDING) == said


def test_a_role_that_is_not_here_is_not_decided(tmp_path: Path) -> None:
    assert outcome(tmp_path, "rbac-authenticated", BINDING) == "unknown"


@pytest.mark.parametrize(
    ("spec", "check", "said"),
    [
        ({"privateKey": {"algorithm": "RSA", "size": 1024}}, "certificate-weak-key", "fail"),
        ({"privateKey": {"size": 1024}}, "certificate-weak-key", "fail"),
        ({"privateKey": {"algorithm": "ECDSA", "size": 256}}, "certificate-weak-key", "pass"),
        ({"privateKey": {"algorithm": "Ed25519"}}, "certificate-weak-key", "pass"),
        ({"duration": "9552h0m0s"}, "certificate-long-lived", "pass"),
        ({"duration": "9552h0m1s"}, "certificate-long-lived", "fail"),
        ({"duration": "87600h", "isCA": True}, "certificate-long-lived", "pass"),
        ({"dnsNames": ["a.ml.svc", "a.ml.svc.cluster.local"]}, "certificate-self-signed", "pass"),
        ({"dnsNames": ["models.example.com"]}, "certificate-self-signed", "fail"),
        ({"dnsNames": ["models.example.com"], "issuerRef": {"name": "other"}}, "certificate-self-signed", "pass"),
    ],
)
def test_certificates(tmp_path: Path, spec: dict[str, object], check: str, said: str) -> None:
    api = "cert-manager.io/v1"
    issuer = {"apiVersion": api, "kind": "Issuer", "metadata": {"name": "own"}, "spec": {"selfSigned": {}}}
    whole = {"secretName": "s", "issuerRef": {"name": "own"}, **spec}
    certificate = {"apiVersion": api, "kind": "Certificate", "metadata": {"name": "c"}, "spec": whole}
    assert outcome(tmp_path, check, issuer, certificate) == said


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"webhook": {"a": {"port": "1"}}}, "fail"),
        ({"webhook": {"a": {"authSecret": {"name": "s"}}}}, "pass"),
        ({"github": {"a": {"webhookSecret": {"name": "s"}}, "b": {}}}, "fail"),
        ({"calendar": {"a": {"interval": "1h"}}}, "pass"),
        ({}, "pass"),
    ],
)
def test_event_sources(tmp_path: Path, spec: dict[str, object], said: str) -> None:
    source = {"apiVersion": "argoproj.io/v1alpha1", "kind": "EventSource", "metadata": {"name": "e"}, "spec": spec}
    assert outcome(tmp_path, "event-source-unauthenticated", source) == said


def test_a_workload_reads_the_volume_it_claims(tmp_path: Path) -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "training-data"}, "spec": {}}
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "job"},
        "spec": {
            "hostPID": True, "containers": [{"name": "a", "image": "a:1"}],
            "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "training-data"}}],
        },
    }  # fmt: skip
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all([claim, pod]))
    (finding,) = scan([tmp_path], Settings(checks=frozenset({"workload-host-processes"}))).findings
    assert "reads training-data (training data)" in finding.risk.reasons


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ({"hostPath": {"path": "/"}}, "pass"),
        ({"hostPath": {"path": "/mnt/models"}}, "fail"),
        ({"emptyDir": {}}, "pass"),
    ],
)
def test_what_another_check_tells_is_not_told_again(tmp_path: Path, host: dict[str, object], said: str) -> None:
    spec = {"containers": [{"name": "a", "image": "a:1"}], "volumes": [{"name": "v", **host}], "hostNetwork": True}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    assert outcome(tmp_path, "workload-below-baseline", pod) == said
