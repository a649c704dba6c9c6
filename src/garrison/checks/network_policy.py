"""What reaches pods, and what they reach, as network policies and services say."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.cluster_access import Namespace
from garrison.estate.assets.exposure import NetworkPolicy, Service
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of


@check(
    id="network-policy-lets-all-in",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "NIST-800-53:AC-4", "CIS-Kubernetes-1.12:5.3.2"),
)
def network_policy_lets_all_in(policy: NetworkPolicy) -> Verdict:
    """A network policy lets everybody in.

    Why: policies add up: one rule without a source opens what all others close, and the model server or store behind it
    answers every pod.
    Fix: name in `from` who may call, or at least the port in `ports`.
    """
    return fail_if(policy.lets_all_in, "a rule names neither who nor which port")


@check(
    id="namespace-without-default-deny",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "CIS-Kubernetes-1.12:5.3.2"),
    confidence=Confidence.MEDIUM,
)
def namespace_without_default_deny(namespace: Namespace, near: Relations) -> Verdict:
    """Pods of a namespace that no network policy selects take traffic from everywhere.

    Why: the next notebook or job that is started there is open to every pod of the cluster, whatever the policies of the
    others say.
    Fix: add a NetworkPolicy with an empty `podSelector` and no rules, and one for each caller.
    """
    pods = near.to(Relation.CONTAINS, Workload)
    policies = near.to(Relation.CONTAINS, NetworkPolicy)
    denies = any_of(p.of_every_pod & p.limits_incoming for p in policies)
    told = not policies and any_of(w.about_ml for w in pods).yes  # as ml-namespace-without-network-policy
    return fail_if(Truth(bool(pods) and not told, (namespace.name,)) & ~denies, "no policy is for all its pods")


@check(
    id="training-egress-open",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7", "NIST-800-53:AC-4"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def training_egress_open(workload: Workload, near: Relations) -> Verdict:
    """Training can send its data anywhere.

    Why: a package or a data loader with a back door carries the training set and the credentials of the job out, and fetches
    what it likes.
    Fix: add a NetworkPolicy for its pods with `policyTypes: [Egress]` that names the stores and registries they use.
    """
    limited = near.any_by(Relation.SHIELDS, NetworkPolicy, lambda p: p.limits_outgoing)
    limited |= workload.native("operator_policy").one_of(("DenyAll", "DenyAllEgress"))
    return fail_if(workload.trains & ~workload.is_template & ~limited, "no network policy limits what it sends")


@check(
    id="service-open-to-every-address",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "NIST-800-53:AC-4"),
    confidence=Confidence.MEDIUM,
)
def service_open_to_every_address(service: Service, near: Relations) -> Verdict:
    """A load balancer of the cluster answers every address on the internet.

    Why: whoever looks finds what is behind it, and tries its holes from the day they are known.
    Fix: name the networks of its callers in `loadBalancerSourceRanges`, or make it internal; put a gateway that asks for a
    login before what everybody is to use.
    """
    pods = near.to(Relation.EXPOSES, Workload)
    told = any_of(w.unauthenticated for w in pods).yes  # as ml-server-exposed
    balanced = service.service_type.equals("LoadBalancer") & service.public
    return fail_if(balanced & Truth(not told), "its load balancer takes every address")


@check(
    id="service-external-address",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7",),
)
def service_external_address(service: Service) -> Verdict:
    """A service claims addresses of its own choice.

    Why: nodes send all traffic of the cluster for these addresses to it (CVE-2020-8554): whoever may make services reads
    what jobs send to a registry or a store.
    Fix: remove `externalIPs`; use a load balancer or a gateway.
    """
    return fail_if(~service.external_addresses.is_empty(), "it says externalIPs")
