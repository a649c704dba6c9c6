"""Steps in a cluster, each with what makes it and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from garrison.reach.path import Paths

from .conftest import told

Find = Callable[..., Paths]

OPEN = """
apiVersion: v1
kind: Service
metadata: {name: door, namespace: lab}
spec: {type: LoadBalancer, selector: {app: lab}, ports: [{port: 8888}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: lab, namespace: lab}
spec:
  template:
    metadata: {labels: {app: lab}}
    spec:
      serviceAccountName: lab
      containers:
        - {name: lab, image: "jupyter/base-notebook:1", args: [start-notebook.sh, --ServerApp.token=], ports: [{containerPort: 8888}]}
"""
ACCOUNT = """
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: lab, namespace: lab}
"""
SECRET = """
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: lab}
stringData: {token: x}
"""
BINDING = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: lab}
rules: [{apiGroups: [""], resources: [RESOURCES], verbs: [VERBS]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: lab}
roleRef: {kind: Role, name: r}
subjects: [{kind: ServiceAccount, name: lab, namespace: lab}]
"""
DOOR = "the internet: reaches door | lets anyone run code on lab"


def rights(resources: str, verbs: str) -> str:
    return BINDING.replace("RESOURCES", resources).replace("VERBS", verbs)


def test_a_token_reads_secrets(paths: Find) -> None:
    found = told(paths(pods_yaml=OPEN + ACCOUNT + SECRET + rights("secrets", "get")))
    assert found == [f"{DOOR} | has the token of lab | holds r through b | reads keys = secrets"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type: LoadBalancer", "type: ClusterIP"),
        ("--ServerApp.token=]", "--ip=0.0.0.0]"),
        ("resources: [secrets]", "resources: [configmaps]"),
        ("verbs: [get]", "verbs: [delete]"),
        ("serviceAccountName: lab", "serviceAccountName: lab\n      automountServiceAccountToken: false"),
        ("subjects: [{kind: ServiceAccount, name: lab", "subjects: [{kind: ServiceAccount, name: other"),
    ],
    ids=["no way in", "a login", "another right", "another verb", "no token", "another account"],
)
def test_one_piece_missing_breaks_it(old: str, new: str, paths: Find) -> None:
    text = OPEN + ACCOUNT + SECRET + rights("secrets", "get")
    assert old in text
    assert told(paths(pods_yaml=text.replace(old, new)), start="the internet") == []


STORE = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: trainer, namespace: lab}
spec:
  template:
    metadata: {labels: {app: trainer}}
    spec:
      containers: [{name: t, image: "example/train:1", envFrom: [{secretRef: {name: keys}}]}]
"""


@pytest.mark.parametrize(
    ("resources", "verbs", "there"), [("pods/exec", "create", True), ("pods", "create", True), ("pods", "list", False)]
)
def test_rights_over_pods_lead_into_them(resources: str, verbs: str, there: bool, paths: Find) -> None:
    text = OPEN + ACCOUNT + SECRET + STORE + rights(f'"{resources}"', verbs)
    found = told(paths(pods_yaml=text), start="the internet")
    line = f"{DOOR} | has the token of lab | holds r through b | enters or replaces trainer | is given keys = secrets"
    assert found == [line] * there


@pytest.mark.parametrize(
    ("volume", "there"),
    [
        ("hostPath: {path: /var/run/docker.sock}", True),
        ("hostPath: {path: /}", True),
        ("hostPath: {path: /data/models}", False),
        ("emptyDir: {}", False),
    ],
)
def test_out_of_the_container_onto_the_node(volume: str, there: bool, paths: Find) -> None:
    text = (
        OPEN.replace("      containers:", f"      volumes: [{{name: v, {volume}}}]\n      containers:") + SECRET + STORE
    )
    found = told(paths(pods_yaml=text), start="the internet")
    line = f"{DOOR} | takes over, through the node they may share, trainer | is given keys ? = secrets"
    assert found == [line] * there


CLUSTER_ADMIN = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: chief}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: lab, namespace: lab}]
"""


def test_a_cluster_administrator(paths: Find) -> None:
    found = told(paths(pods_yaml=OPEN + ACCOUNT + CLUSTER_ADMIN))
    assert found == [f"{DOOR} | has the token of lab | holds cluster-admin through chief = administration"]


def test_a_pod_becomes_a_role_of_the_cloud(paths: Find) -> None:
    account = ACCOUNT.rstrip().replace(
        "namespace: lab}",
        'namespace: lab, annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/lab"}}',
    )
    cloud = """
resource "aws_s3_bucket" "d" { bucket = "fraud-training-data" }
resource "aws_iam_role" "lab" {
  name               = "lab"
  assume_role_policy = "{}"
}
resource "aws_iam_role_policy" "lab" {
  role   = aws_iam_role.lab.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "${aws_s3_bucket.d.arn}/*" }] })
}
"""
    found = told(paths(pods_yaml=OPEN + account, main_tf=cloud))
    assert found == [f"{DOOR} | runs as lab | assumes lab | reads fraud-training-data = training data"]
    assert told(paths(pods_yaml=OPEN + account.replace("role/lab", "role/other"), main_tf=cloud)) == []


RAY = """
---
apiVersion: v1
kind: Pod
metadata: {name: ray, namespace: data, labels: {app: ray}}
spec:
  containers: [{name: r, image: "rayproject/ray:2", command: [ray, start, --head], env: [{name: K, valueFrom: {secretKeyRef: {name: keys, key: token}}}]}]
"""
POLICY = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ray, namespace: data}
spec: {podSelector: {}, ingress: RULES}
"""


@pytest.mark.parametrize(
    ("rules", "there"),
    [
        ("[{}]", True),
        ("[]", False),
        ("[{from: [{podSelector: {}}]}]", False),
        ("[{from: [{namespaceSelector: {}}]}]", True),
    ],
)
def test_from_pod_to_pod_as_policies_let(rules: str, there: bool, paths: Find) -> None:
    secret = SECRET.replace("namespace: lab", "namespace: data")
    found = told(paths(pods_yaml=OPEN + RAY + secret + POLICY.replace("RULES", rules)), start="the internet")
    assert found == [f"{DOOR} | can run code, without a login, on ray | is given keys = secrets"] * there


def test_a_container_is_an_entry_only_where_the_internet_is_none(paths: Find) -> None:
    text = OPEN + ACCOUNT + CLUSTER_ADMIN
    assert told(paths(pods_yaml=text), start="a compromised container") == []
    inside = text.replace("type: LoadBalancer", "type: ClusterIP")
    assert told(paths(pods_yaml=inside)) == [
        "a compromised container: has taken over lab | has the token of lab | holds cluster-admin through chief = administration"
    ]


def test_twins_are_told_once(paths: Find) -> None:
    twins = "".join(
        STORE.replace("name: trainer", f"name: trainer-{n}").replace("name: keys", "name: keys") for n in range(5)
    )
    text = OPEN + ACCOUNT + SECRET + twins + rights('"pods/exec"', "create")
    found = paths(pods_yaml=text)
    assert found.total == 5
    assert len(told(found)) == 1


def test_the_cut_takes_away_what_it_says(paths: Find) -> None:
    text = OPEN + ACCOUNT + SECRET + rights("secrets", "get")
    found = paths(pods_yaml=text)
    assert found.total == 1
    assert all(cut.cuts == 1 for cut in found.cuts)
    assert {c.hop.words for c in found.cuts} <= {"lets anyone run code on", "reads", "reaches", "has the token of"}
    closed = text.replace("--ServerApp.token=]", "--ip=0.0.0.0]")
    assert told(paths(pods_yaml=closed), start="the internet") == []


def test_the_same_files_give_the_same_paths(paths: Find) -> None:
    text = OPEN + ACCOUNT + SECRET + STORE + rights('"*"', '"*"') + RAY + CLUSTER_ADMIN
    assert told(paths(pods_yaml=text)) == told(paths(pods_yaml=text))
