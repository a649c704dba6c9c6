"""Network policies: union, default deny, both ends, ports by number, name and range, selectors and blocks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Estate
from garrison.reach.network.cluster import Cluster
from garrison.reach.network.sets import tcp_ports

Maker = Callable[..., Estate]

PODS = """
apiVersion: v1
kind: Namespace
metadata: {name: lab, labels: {team: science}}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: lab, labels: {app: client, tier: front}}
spec: {containers: [{name: c, image: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: store, namespace: data, labels: {app: store}}
spec: {containers: [{name: c, image: c, ports: [{name: sql, containerPort: 5432}, {name: web, containerPort: 80}]}]}
---
"""
TO_STORE = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: store, namespace: data}
spec:
  podSelector: {matchLabels: {app: store}}
  policyTypes: [Ingress]
  ingress: RULES
"""
FROM_CLIENT = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: client, namespace: lab}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: RULES
"""
ALL = (((0, 65535),), False)
NONE = ((), False)


def pod(estate: Estate, name: str) -> Workload:
    return next(w for w in estate.of(Workload) if w.name.text() == name)


def opened(estate: Estate) -> tuple[object, bool]:
    flow = Cluster(estate).between(pod(estate, "client"), pod(estate, "store"))
    assert flow is not None
    return tcp_ports(flow.sure).spans, bool(flow.perhaps - flow.sure)


@pytest.mark.parametrize(
    ("rules", "answer"),
    [
        ("[]", NONE),
        ("[{}]", ALL),
        ("[{ports: [{port: 5432}]}]", (((5432, 5432),), False)),
        ("[{ports: [{port: sql}]}]", (((5432, 5432),), False)),
        ("[{ports: [{port: 6000, endPort: 6010}]}]", (((6000, 6010),), False)),
        ("[{ports: [{port: nothing}]}]", NONE),
        ("[{ports: [{port: 53, protocol: UDP}]}]", NONE),
        ("[{from: [{podSelector: {}}]}]", NONE),
        ("[{from: [{namespaceSelector: {}}]}]", ALL),
        ("[{from: [{namespaceSelector: {matchLabels: {team: science}}}]}]", ALL),
        ("[{from: [{namespaceSelector: {matchLabels: {team: other}}}]}]", NONE),
        ("[{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: lab}}}]}]", ALL),
        ("[{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: client}}}]}]", ALL),
        ("[{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: other}}}]}]", NONE),
        ("[{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: tier, operator: In, values: [front]}]}}]}]", ALL),
        ("[{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}}]}]", NONE),
        ("[{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]", ((), True)),
        ("[{from: [{podSelector: {}}]}, {from: [{namespaceSelector: {}}], ports: [{port: 80}]}]", (((80, 80),), False)),
    ],
)  # fmt: skip
def test_what_comes_in(rules: str, answer: object, estate: Maker) -> None:
    assert opened(estate(PODS + TO_STORE.replace("RULES", rules), "pods.yaml")) == answer


@pytest.mark.parametrize(
    ("rules", "answer"),
    [
        ("[]", NONE),
        ("[{}]", (((80, 80),), False)),
        ("[{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: store}}}]}]", (((80, 80),), False)),
        ("[{to: [{namespaceSelector: {}}], ports: [{port: web}]}]", (((80, 80),), False)),
        ("[{to: [{namespaceSelector: {}}], ports: [{port: 443}]}]", NONE),
        ("[{to: [{podSelector: {}}]}]", NONE),
    ],
)
def test_both_ends_must_agree(rules: str, answer: object, estate: Maker) -> None:
    store = TO_STORE.replace("RULES", "[{ports: [{port: 80}]}]")
    assert opened(estate(PODS + store + FROM_CLIENT.replace("RULES", rules), "pods.yaml")) == answer


def test_policies_add_up(estate: Maker) -> None:
    one = TO_STORE.replace("RULES", "[{ports: [{port: 80}]}]")
    other = TO_STORE.replace("name: store, namespace", "name: more, namespace").replace(
        "RULES", "[{ports: [{port: 81}]}]"
    )
    assert opened(estate(PODS + one + "---" + other, "pods.yaml")) == (((80, 81),), False)


def test_no_policy_lets_all_pass(estate: Maker) -> None:
    assert opened(estate(PODS, "pods.yaml")) == ALL


def test_a_pod_of_its_nodes_network_is_not_held(estate: Maker) -> None:
    text = PODS.replace(
        "spec: {containers: [{name: c, image: c, ports",
        "spec: {hostNetwork: true, containers: [{name: c, image: c, ports",
    )
    assert opened(estate(text + TO_STORE.replace("RULES", "[]"), "pods.yaml")) == ALL


SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: store, namespace: data}
spec: {type: LoadBalancer, selector: {app: store}, ports: [{port: 1, targetPort: web}]}
"""


@pytest.mark.parametrize(
    ("rules", "exposed"),
    [
        ("[{}]", True),
        ("[{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", True),
        ("[{from: [{podSelector: {}}]}]", False),
        ("[{ports: [{port: 5432}]}]", False),
    ],
)
def test_a_policy_may_close_what_a_service_opens(rules: str, exposed: bool, estate: Maker) -> None:
    found = estate(PODS + TO_STORE.replace("RULES", rules) + SERVICE, "pods.yaml")
    assert found.facts(pod(found, "store")).exposed.yes is exposed


def test_pods_that_are_not_deployed_together_are_strangers(estate: Maker) -> None:
    estate(PODS, "a/pods.yaml")
    found = estate(PODS, "b/pods.yaml")
    here, there = [w for w in found.of(Workload) if w.name.text() == "client"]
    assert here.root != there.root
    assert Cluster(found).between(here, there) is None


MANY = PODS + "".join(
    f"""
apiVersion: v1
kind: Pod
metadata: {{name: p{number}{space}, labels: {{{labels}}}}}
spec: {{containers: [{{name: c, image: c}}]}}
---
""".replace("labels:", f"namespace: {name}, labels:" if name else "labels:")
    for number, labels in enumerate(("app: client", "app: other, tier: front", "app: 1", ""))
    for space, name in enumerate(("lab", "data", ""))
)


@pytest.mark.parametrize(
    "rules",
    [
        "[{from: [{podSelector: {}}]}]",
        "[{from: [{podSelector: {matchLabels: {app: client}}}]}]",
        "[{from: [{namespaceSelector: {matchLabels: {team: science}}, podSelector: {matchLabels: {tier: front}}}]}]",
        "[{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: other}}}]}]",
        "[{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}}]}]",
        "[{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [other]}]}}]}]",
        "[{from: [{ipBlock: {cidr: 10.0.0.0/8}}, {podSelector: {}}]}, {ports: [{port: 80}]}]",
    ],
)
def test_pods_of_the_same_marks_are_answered_alike(estate: Maker, rules: str) -> None:
    """One of each stands for all: what tells pods apart in a policy must tell their marks apart."""
    found = estate(MANY + TO_STORE.replace("RULES", rules), "all.yaml")
    cluster, store = Cluster(found), pod(found, "store")
    answers: dict[tuple[str, ...], set[object]] = {}
    for sender in found.of(Workload):
        flow = cluster.between(sender, store)
        assert flow is not None
        answers.setdefault(cluster.marks(sender), set()).add((flow.sure, flow.perhaps))
    assert all(len(each) == 1 for each in answers.values())
    assert len(answers) == 2  # those that a rule means, and the others
