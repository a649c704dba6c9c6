"""How a workload is reached from outside, where network policies stand before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.assets.workload import Workload
from garrison.reach.entry import outside
from garrison.scan.scan import Settings, estate_of

RAY = """
apiVersion: v1
kind: Pod
metadata: {name: head, namespace: lab, labels: {app: head}}
spec: {containers: [{name: c, image: "rayproject/ray:2.9", ports: [{name: jobs, containerPort: 8265}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: head, namespace: lab}
spec: {type: LoadBalancer, selector: {app: head}, ports: [{port: 80, targetPort: jobs}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: head, namespace: lab}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: RULES}
"""


@pytest.mark.parametrize(
    ("rules", "reached"),
    [
        ("[]", False),
        ("[{from: [{podSelector: {}}]}]", False),
        ("[{ports: [{port: 443}]}]", False),
        ("[{ports: [{port: jobs}]}]", True),
        ("[{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", True),
        ("[{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]", True),  # perhaps that of the balancer
        ("[{from: [{namespaceSelector: {}}]}]", True),  # in one of them may be the door of the cluster
    ],
)
def test_what_a_network_policy_refuses_for_sure_does_not_come_from_outside(
    tmp_path: Path, rules: str, *, reached: bool
) -> None:
    (tmp_path / "all.yaml").write_text(RAY.replace("RULES", rules))
    estate, _, _ = estate_of([tmp_path], Settings())
    (head,) = estate.of(Workload)
    assert outside(head, estate.near(head)).yes is reached
