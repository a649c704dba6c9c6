"""Every control of the Pod Security Standards, where it begins, where it ends, and what it lets through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from garrison.estate.pod_security import Level, violations
from garrison.estate.values import Body, Value, absent, known, unknown

_NAME = "shared/data/admission-reviews.jsonl"
RECORDED = next((p / _NAME for p in Path(__file__).parents if (p / _NAME).is_file()), None)


def value(said: Any) -> Value:
    """Plain data as a value; "?" is not decided."""
    if isinstance(said, dict):
        return known(Body.of({k: value(v) for k, v in said.items()}))
    if isinstance(said, list):
        return known(tuple(value(v) for v in said))
    if said == "?":
        return unknown("a template fills it in")
    return absent() if said is None else known(said)


GOOD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {"name": "a", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
    ],
}


def pod(
    spec: dict[str, Any] | None = None,
    *,
    context: dict[str, Any] | None = None,
    container: dict[str, Any] | None = None,
    security: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A pod that meets everything, with something else said."""
    first = GOOD["containers"][0]
    return {
        **GOOD,
        "securityContext": {**GOOD["securityContext"], **(context or {})},
        "containers": [
            {**first, **(container or {}), "securityContext": {**first["securityContext"], **(security or {})}}
        ],
        **(spec or {}),
    }


def violated(
    said: dict[str, Any],
    minor: int = 37,
    level: Level = Level.RESTRICTED,
    annotations: dict[str, str] | None = None,
) -> set[str]:
    found = violations(value(said), value(annotations or {}), level=level, minor=minor)
    return {v.control.id for v in found if v.truth.yes}


HTTP = {"httpGet": {"host": "10.0.0.1", "port": 80}}
WINDOWS = {"os": {"name": "windows"}}
OWN_USERS = {"hostUsers": False}
# the pod, the version, and the controls it violates there
CASES: list[tuple[dict[str, Any], int, set[str]]] = [
    (pod(), 0, set()),
    (pod(), 37, set()),
    (pod(context={"windowsOptions": {"hostProcess": True}}), 37, {"windowsHostProcess"}),
    (pod(security={"windowsOptions": {"hostProcess": True}}), 0, {"windowsHostProcess"}),
    (pod({"hostNetwork": True}), 37, {"hostNamespaces"}),
    (pod({"hostPID": True}), 0, {"hostNamespaces"}),
    (pod({"hostIPC": True}), 37, {"hostNamespaces"}),
    (pod({"hostNetwork": False}), 37, set()),
    (pod(security={"privileged": True}), 37, {"privileged"}),
    (pod(security={"privileged": False}), 37, set()),
    (pod({"initContainers": [{"name": "i", "securityContext": {"privileged": True}}]}), 7, {"privileged"}),
    (pod(security={"capabilities": {"add": ["SYS_ADMIN"], "drop": ["ALL"]}}), 21, {"capabilities_baseline"}),
    (
        pod(security={"capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}}), 22, {"capabilities_restricted"},
    ),
    (pod(security={"capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}}), 21, set()),
    (pod(security={"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}}), 37, set()),
    (pod(security={"capabilities": {"drop": ["NET_RAW"]}}), 22, {"capabilities_restricted"}),
    (pod(security={"capabilities": None}), 22, {"capabilities_restricted"}),
    (pod(security={"capabilities": None}), 21, set()),
    (pod({**WINDOWS}, security={"capabilities": None}), 24, {"capabilities_restricted"}),
    (pod({**WINDOWS}, security={"capabilities": None}), 25, set()),
    (pod({"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}), 37, {"hostPathVolumes", "restrictedVolumes"}),
    (pod({"volumes": [{"name": "v", "nfs": {"server": "s"}}]}), 37, {"restrictedVolumes"}),
    (pod({"volumes": [{"name": "v"}, {"name": "w", "emptyDir": {}}, {"name": "x", "image": {}}]}), 37, set()),
    (pod(container={"ports": [{"containerPort": 80, "hostPort": 80}]}), 37, {"hostPorts"}),
    (pod(container={"ports": [{"containerPort": 80, "hostPort": 0}]}), 37, set()),
    (pod(container={"livenessProbe": HTTP}), 34, {"hostProbesAndHostLifecycle"}),
    (pod(container={"startupProbe": {"tcpSocket": {"host": "h"}}}), 37, {"hostProbesAndHostLifecycle"}),
    (pod(container={"lifecycle": {"preStop": HTTP}}), 37, {"hostProbesAndHostLifecycle"}),
    (pod(container={"livenessProbe": HTTP}), 33, set()),
    (pod(container={"readinessProbe": {"httpGet": {"port": 80, "host": ""}}}), 37, set()),
    (pod(context={"appArmorProfile": {"type": "Unconfined"}}), 37, {"appArmorProfile"}),
    (pod(security={"appArmorProfile": {"type": "Localhost"}}), 37, set()),
    (pod(context={"seLinuxOptions": {"type": "spc_t"}}), 37, {"seLinuxOptions"}),
    (pod(security={"seLinuxOptions": {"user": "root"}}), 37, {"seLinuxOptions"}),
    (pod(security={"seLinuxOptions": {"role": "r"}}), 0, {"seLinuxOptions"}),
    (pod(security={"seLinuxOptions": {"type": "container_engine_t"}}), 30, {"seLinuxOptions"}),
    (pod(security={"seLinuxOptions": {"type": "container_engine_t"}}), 31, set()),
    (pod(security={"procMount": "Unmasked"}), 34, {"procMount"}),
    (pod({**OWN_USERS}, security={"procMount": "Unmasked"}), 34, {"procMount"}),
    (pod({**OWN_USERS}, security={"procMount": "Unmasked"}), 35, {"procMount_restricted"}),
    (pod(security={"procMount": "Unmasked"}), 35, {"procMount", "procMount_restricted"}),
    (pod(security={"procMount": "Default"}), 37, set()),
    (pod(context={"seccompProfile": {"type": "Unconfined"}}), 18, set()),
    (
        pod(context={"seccompProfile": {"type": "Unconfined"}}), 19,
        {"seccompProfile_baseline", "seccompProfile_restricted"},
    ),
    (pod(context={"seccompProfile": None}), 19, {"seccompProfile_restricted"}),
    (pod(context={"seccompProfile": None}, security={"seccompProfile": {"type": "Localhost"}}), 37, set()),
    (pod({**WINDOWS}, context={"seccompProfile": None}), 24, {"seccompProfile_restricted"}),
    (pod({**WINDOWS}, context={"seccompProfile": None}), 25, set()),
    (pod(context={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}), 37, {"sysctls"}),
    (pod(context={"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}), 0, set()),
    *[
        case
        for name, since in (
            ("net.ipv4.ip_local_reserved_ports", 27), ("net.ipv4.tcp_fin_timeout", 29), ("net.ipv4.tcp_rmem", 32),
            ("net.ipv4.tcp_notsent_lowat", 37),
        )
        for case in (
            (pod(context={"sysctls": [{"name": name, "value": "1"}]}), since - 1, {"sysctls"}),
            (pod(context={"sysctls": [{"name": name, "value": "1"}]}), since, set()),
        )
    ],
    (pod(security={"allowPrivilegeEscalation": True}), 8, {"allowPrivilegeEscalation"}),
    (pod(security={"allowPrivilegeEscalation": None}), 37, {"allowPrivilegeEscalation"}),
    (pod(security={"allowPrivilegeEscalation": None}), 7, set()),
    (pod({**WINDOWS}, security={"allowPrivilegeEscalation": None}), 25, set()),
    (pod(context={"runAsNonRoot": None}), 37, {"runAsNonRoot"}),
    (pod(context={"runAsNonRoot": None}, security={"runAsNonRoot": True}), 37, set()),
    (pod(context={"runAsNonRoot": False}, security={"runAsNonRoot": True}), 0, {"runAsNonRoot"}),
    (pod(security={"runAsNonRoot": False}), 37, {"runAsNonRoot"}),
    (pod({**OWN_USERS}, context={"runAsNonRoot": None}), 34, {"runAsNonRoot"}),
    (pod({**OWN_USERS}, context={"runAsNonRoot": None}), 35, set()),
    (pod(context={"runAsUser": 0}), 23, {"runAsUser"}),
    (pod(security={"runAsUser": 0}), 37, {"runAsUser"}),
    (pod(security={"runAsUser": 0}), 22, set()),
    (pod({**OWN_USERS}, security={"runAsUser": 0}), 35, set()),
    (pod(security={"runAsUser": 1000}), 37, set()),
]  # fmt: skip


@pytest.mark.parametrize(("said", "minor", "expected"), CASES)
def test_a_control_holds_where_and_since_when_it_does(said: dict[str, Any], minor: int, expected: set[str]) -> None:
    assert violated(said, minor) == expected


@pytest.mark.parametrize(("said", "minor", "expected"), CASES)
def test_the_baseline_asks_nothing_of_restricted(said: dict[str, Any], minor: int, expected: set[str]) -> None:
    restricted = {
        "restrictedVolumes",
        "allowPrivilegeEscalation",
        "runAsNonRoot",
        "runAsUser",
        "capabilities_restricted",
    }
    restricted |= {"seccompProfile_restricted", "procMount_restricted"}
    assert violated(said, minor, Level.BASELINE) == expected - restricted


@pytest.mark.parametrize(
    ("name", "text", "minor", "expected"),
    [
        ("container.apparmor.security.beta.kubernetes.io/a", "unconfined", 37, {"appArmorProfile"}),
        ("container.apparmor.security.beta.kubernetes.io/a", "localhost/mine", 37, set()),
        ("container.apparmor.security.beta.kubernetes.io/a", "runtime/default", 0, set()),
        ("seccomp.security.alpha.kubernetes.io/pod", "unconfined", 18, {"seccompProfile_baseline"}),
        ("container.seccomp.security.alpha.kubernetes.io/a", "unconfined", 18, {"seccompProfile_baseline"}),
        ("seccomp.security.alpha.kubernetes.io/pod", "docker/default", 18, set()),
        ("seccomp.security.alpha.kubernetes.io/pod", "unconfined", 19, set()),
    ],
)
def test_annotations_count_as_long_as_they_did(name: str, text: str, minor: int, expected: set[str]) -> None:
    assert violated(pod(), minor, annotations={name: text}) == expected


def test_privileged_asks_nothing() -> None:
    assert not violations(value({"hostNetwork": True}), level=Level.PRIVILEGED)


def test_what_is_not_decided_is_neither() -> None:
    (found,) = violations(value(pod({"hostNetwork": "?"})))
    assert (found.control.id, found.truth.answer) == ("hostNamespaces", None)


def test_all_that_violates_is_told() -> None:
    said = pod(container={"ports": [{"hostPort": 1}, {"hostPort": 2}, {"hostPort": 0}]})
    (found,) = violations(value(said), level=Level.BASELINE)
    assert [v.content for v in found.truth.because] == [1, 2]


@pytest.mark.skipif(RECORDED is None, reason="the recorded admission reviews are not here")
def test_recorded_pods_are_judged() -> None:
    decoder = json.JSONDecoder()
    assert RECORDED is not None
    text, at, pods = RECORDED.read_text(), 0, 0
    while (at := next((n for n in range(at, len(text)) if not text[n].isspace()), len(text))) < len(text):
        review, at = decoder.raw_decode(text, at)
        found = review["request"].get("object") or {}
        if found.get("kind") == "Pod":
            pods += 1
            for level in Level:
                for one in violations(value(found["spec"]), value(found["metadata"].get("annotations")), level=level):
                    assert one.truth.yes
    assert pods > 0
