"""Labels and names become relations, inside one root and namespace only."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from garrison.estate.assets import Asset
from garrison.estate.assets.exposure import Service
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.reach.entry import limited, outside
from garrison.reach.link import link
from garrison.reach.selectors import link_selectors
from garrison.sources.discover import discover
from garrison.sources.interface import formats
from garrison.sources.mapping.assemble import assets_of

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: scorer, namespace: fraud}
spec:
  template:
    metadata:
      labels: {app: scorer, tier: serving}
    spec:
      serviceAccountName: scorer
      volumes:
        - name: settings
          configMap: {name: settings}
      containers:
        - name: scorer
          image: registry.example.com/scorer:1
          envFrom:
            - secretRef: {name: hub}
"""


def service(selector: str, *, kind: str = "ClusterIP", namespace: str = "fraud", ports: str = "[{port: 8080}]") -> str:
    return f"""\
apiVersion: v1
kind: Service
metadata: {{name: scorer, namespace: {namespace}}}
spec: {{type: {kind}, selector: {selector}, ports: {ports}}}
"""


def estate_of(folder: Path, files: dict[str, str]) -> Estate:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    tree = discover(folder)
    assets: list[Asset] = []
    for format_ in formats():
        claimed = [f for f in tree.files.values() if format_.claims(f)]
        assets += assets_of(format_.NAME, format_.read(claimed, tree))
    assert not tree.problems
    estate = Estate(assets)
    link(estate)
    link_selectors(estate)
    return estate


def edges(estate: Estate, relation: Relation) -> set[tuple[str, str]]:
    return {
        (e.start.address.partition(":")[2], e.end.address.partition(":")[2])
        for e in estate.graph.edges()
        if e.relation is relation and e.start is not None and e.end is not None
    }


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (service("{app: scorer}"), True),
        (service("{app: scorer, tier: serving}"), True),
        (service("{app: other}"), False),
        (service("{app: scorer, tier: batch}"), False),
        (service("{}"), False),
        (service("{app: scorer}", namespace="other"), False),
    ],
)
def test_service_exposes_the_pods_it_selects(tmp_path: Path, said: str, found: bool) -> None:
    estate = estate_of(tmp_path, {"k8s/deployment.yaml": DEPLOYMENT, "k8s/service.yaml": said})
    assert bool(edges(estate, Relation.EXPOSES)) is found


def test_another_root_is_a_stranger(tmp_path: Path) -> None:
    estate = estate_of(tmp_path, {"a/deployment.yaml": DEPLOYMENT, "b/service.yaml": service("{app: scorer}")})
    assert not edges(estate, Relation.EXPOSES)


def test_route_accounts_settings(tmp_path: Path) -> None:
    rest = """\
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: door, namespace: fraud}
    spec:
      rules:
        - http:
            paths:
              - backend: {service: {name: scorer}}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: mesh, namespace: edge}
    spec:
      http:
        - route:
            - destination: {host: scorer.fraud.svc.cluster.local}
    ---
    {apiVersion: v1, kind: ServiceAccount, metadata: {name: scorer, namespace: fraud}}
    ---
    {apiVersion: v1, kind: ServiceAccount, metadata: {name: scorer, namespace: other}}
    ---
    {apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: fraud}, data: {a: b}}
    ---
    {apiVersion: v1, kind: Secret, metadata: {name: hub, namespace: fraud}, stringData: {a: b}}
    ---
    {apiVersion: v1, kind: Secret, metadata: {name: settings, namespace: fraud}, stringData: {a: b}}
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: scorer, namespace: fraud}
    roleRef: {kind: Role, name: reader}
    subjects: [{kind: ServiceAccount, name: scorer}]
    ---
    {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reader, namespace: fraud}, rules: []}
    ---
    {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: reader}, rules: []}
    """
    files = {"d.yaml": DEPLOYMENT, "s.yaml": service("{app: scorer}"), "rest.yaml": rest}
    estate = estate_of(tmp_path, files)
    assert edges(estate, Relation.ROUTES_TO) == {
        ("Ingress/fraud/door", "Service/fraud/scorer"),
        ("VirtualService.networking.istio.io/edge/mesh", "Service/fraud/scorer"),
    }
    assert edges(estate, Relation.RUNS_AS) == {("Deployment/fraud/scorer", "ServiceAccount/fraud/scorer")}
    assert edges(estate, Relation.MOUNTS) == {
        ("Deployment/fraud/scorer", "ConfigMap/fraud/settings"),
        ("Deployment/fraud/scorer", "Secret/fraud/hub"),
    }
    assert edges(estate, Relation.GRANTS) == {
        ("RoleBinding/fraud/scorer", "ServiceAccount/fraud/scorer"),
        ("RoleBinding/fraud/scorer", "Role/fraud/reader"),
    }


def test_service_account_becomes_the_role_of_its_arn(tmp_path: Path) -> None:
    account = """\
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: trainer
      annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::123456789012:role/ml/fraud-train"}
    """
    roles = 'resource "aws_iam_role" "train" {\n  name = "fraud-train"\n  assume_role_policy = "{}"\n}\n'
    estate = estate_of(tmp_path, {"k8s/account.yaml": account, "tf/main.tf": roles})
    assert edges(estate, Relation.ASSUMES) == {("ServiceAccount//trainer", "aws_iam_role.train")}


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("{}", True),
        ("{matchLabels: {app: scorer}}", True),
        ("{matchLabels: {app: other}}", False),
        ("{matchExpressions: [{key: tier, operator: In, values: [serving, batch]}]}", True),
        ("{matchExpressions: [{key: tier, operator: NotIn, values: [serving]}]}", False),
        ("{matchExpressions: [{key: gone, operator: Exists}]}", False),
        ("{matchExpressions: [{key: gone, operator: DoesNotExist}]}", True),
    ],
)
def test_network_policy_shields_what_it_selects(tmp_path: Path, selector: str, found: bool) -> None:
    policy = f"""\
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {{name: callers, namespace: fraud}}
    spec: {{podSelector: {selector}, policyTypes: [Ingress]}}
    """
    estate = estate_of(tmp_path, {"d.yaml": DEPLOYMENT, "p.yaml": policy})
    assert bool(edges(estate, Relation.SHIELDS)) is found
    (workload,) = estate.of(Workload)
    assert limited(estate.near(workload)).yes is found


def test_operators_label_their_pods(tmp_path: Path) -> None:
    cluster = """\
    apiVersion: ray.io/v1
    kind: RayCluster
    metadata: {name: train}
    spec:
      headGroupSpec:
        template:
          spec: {containers: [{name: head, image: rayproject/ray:2.52.0}]}
      workerGroupSpecs:
        - template:
            spec: {containers: [{name: worker, image: rayproject/ray:2.52.0}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: dashboard}
    spec:
      type: NodePort
      selector: {ray.io/cluster: train, ray.io/node-type: head}
      ports: [{port: 8265}]
    """
    estate = estate_of(tmp_path, {"ray.yaml": cluster})
    assert edges(estate, Relation.EXPOSES) == {("Service//dashboard", "RayCluster.ray.io//train#head")}
    assert ("RayCluster.ray.io//train", "RayCluster.ray.io//train#workers[0]") in edges(estate, Relation.CONTAINS)


@pytest.mark.parametrize(
    ("kind", "ports", "answer"),
    [
        ("NodePort", "[{port: 8265}]", True),
        ("LoadBalancer", "[{port: 8265}]", True),
        ("ClusterIP", "[{port: 8265}]", False),
        ("LoadBalancer", "[{port: 80, targetPort: metrics}]", False),
        ("LoadBalancer", "[{port: 80, targetPort: metrics}, {port: 8265}]", True),
    ],
)
def test_reached_from_outside(tmp_path: Path, kind: str, ports: str, answer: bool) -> None:
    ray = DEPLOYMENT.replace("registry.example.com/scorer:1", "rayproject/ray:2.52.0")
    estate = estate_of(tmp_path, {"d.yaml": ray, "s.yaml": service("{app: scorer}", kind=kind, ports=ports)})
    (workload,) = estate.of(Workload)
    assert outside(workload, estate.near(workload)).answer is answer


@pytest.mark.parametrize(
    ("rules", "place", "answer"),
    [
        ("[{from: [{source: {namespaces: [payments]}}]}]", "fraud", False),
        ("[{from: [{source: {namespaces: [payments]}}]}]", "istio-system", False),
        ("[{from: [{source: {namespaces: [payments]}}]}]", "other", True),
        ("[{}]", "fraud", True),
    ],
)
def test_a_mesh_policy_stands_before_it(tmp_path: Path, rules: str, place: str, answer: bool) -> None:
    policy = f"""\
    apiVersion: security.istio.io/v1
    kind: AuthorizationPolicy
    metadata: {{name: callers, namespace: {place}}}
    spec: {{rules: {rules}}}
    """
    files = {"d.yaml": DEPLOYMENT, "s.yaml": service("{app: scorer}", kind="LoadBalancer"), "p.yaml": policy}
    estate = estate_of(tmp_path, files)
    (workload,) = estate.of(Workload)
    assert outside(workload, estate.near(workload)).answer is answer


@pytest.mark.parametrize(
    ("annotation", "public"),
    [
        ("{}", True),
        ('{service.beta.kubernetes.io/aws-load-balancer-internal: "true"}', False),
        ("{service.beta.kubernetes.io/aws-load-balancer-scheme: internal}", False),
        ("{service.beta.kubernetes.io/aws-load-balancer-type: external}", False),
        (
            (
                "{service.beta.kubernetes.io/aws-load-balancer-type: external, "
                "service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing}"
            ),
            True,
        ),
        ("{networking.gke.io/load-balancer-type: Internal}", False),
        ('{service.beta.kubernetes.io/azure-load-balancer-internal: "true"}', False),
        ('{service.beta.kubernetes.io/azure-load-balancer-internal: "false"}', True),
    ],
)
def test_internal_load_balancers(tmp_path: Path, annotation: str, public: bool) -> None:
    text = service("{app: scorer}", kind="LoadBalancer").replace("namespace: fraud", f"annotations: {annotation}")
    (found,) = estate_of(tmp_path, {"s.yaml": text}).of(Service)
    assert found.public.answer is public


def test_source_ranges_and_node_ports(tmp_path: Path) -> None:
    text = service("{app: scorer}", kind="LoadBalancer").replace(
        "selector", "loadBalancerSourceRanges: [10.0.0.0/8], selector"
    )
    (office,) = estate_of(tmp_path / "a", {"s.yaml": text}).of(Service)
    (node,) = estate_of(tmp_path / "b", {"s.yaml": service("{app: scorer}", kind="NodePort")}).of(Service)
    assert office.public.no
    assert node.public.unknown
    assert node.outside.yes
