"""What lets traffic in."""

from __future__ import annotations

from collections.abc import Mapping

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets import Asset
from garrison.estate.assets.identity import like
from garrison.estate.assets.ml_platform import MlJob, TrainingCluster, Workspace
from garrison.estate.assets.model import Model
from garrison.estate.assets.network import Firewall, Listener, LoadBalancer, Network, Rule, Subnet, WebFirewall
from garrison.estate.assets.notebook import Notebook
from garrison.estate.assets.routing import NetworkAcl, Peering, PrivateEndpoint
from garrison.estate.estate import Relations
from garrison.estate.facts import Environment
from garrison.estate.ports import known_ports
from garrison.estate.relations import Relation
from garrison.estate.truth import NO, Truth, any_of
from garrison.reach.network.aws import listed
from garrison.reach.network.seats import INTERNET
from garrison.reach.network.sets import tcp

_ADMIN = {22: "SSH", 3389: "RDP", 5985: "WinRM", 5986: "WinRM", 2375: "the Docker API", 10250: "the kubelet"}
_SHOWN = 3
_LEARNS = (Notebook, Workspace, MlJob, Model, TrainingCluster)  # reads training data or models where it stands
_AMAZON_S3 = r"\.s3$"


@check(
    id="firewall-every-port-open",
    severity=Severity.CRITICAL,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "AWS-FSBP:EC2.19", "CIS-AWS-6.0:6.3"),
)
def firewall_every_port_open(rule: Rule) -> Verdict:
    """Every port is open to the internet.

    Why: notebooks, Ray, MLflow and model servers ask for no password by default; with every port open, whatever is
    started behind this rule can be used by anyone at once.
    Fix: name the ports that must be reached, and the networks that may reach them.
    """
    return fail_if(rule.open_to_internet & rule.every_port, "anyone on the internet reaches every port")


@check(
    id="firewall-admin-port-open",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=(
        "ATLAS:AML.T0049", "NIST-800-53:SC-7", "AWS-FSBP:EC2.13", "AWS-FSBP:EC2.14", "CIS-AWS-6.0:6.3",
        "CIS-AWS-6.0:6.4", "CIS-GCP-4.0:3.6", "CIS-GCP-4.0:3.7", "CIS-Azure-5.0:7.1", "CIS-Azure-5.0:7.2",
    ),
)  # fmt: skip
def firewall_admin_port_open(rule: Rule) -> Verdict:
    """A port for administration is open to the internet.

    Why: GPU machines are sought after: their SSH and RDP are tried around the clock, and one guessed or leaked
    credential gives the machine, its data and its role.
    Fix: allow it from named networks only, or use Session Manager, IAP or Bastion instead of an open port.
    """
    truth, named = _some_open(rule, _ADMIN)
    return fail_if(truth & ~rule.every_port, f"anyone on the internet reaches {named}")


@check(
    id="firewall-ml-port-open",
    severity=Severity.CRITICAL,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "ATLAS:AML.T0040", "NIST-800-53:SC-7", "AWS-FSBP:EC2.18", "OWASP-ML:ML05"),
    about_ml=True,
)
def firewall_ml_port_open(rule: Rule, near: Relations) -> Verdict:
    """A port of a machine-learning server is open to the internet.

    Why: Jupyter, Ray, MLflow, vector stores and most model servers hand code execution, data or models to whoever
    connects: attackers scan for exactly these ports (ShadowRay).
    Fix: allow the port from the networks of its users only; put a proxy that asks for a login before it.
    """
    ports = known_ports()
    own, named = _some_open(rule, ports.own)
    shared, shared_named = _some_open(rule, ports.shared)
    told = shared & _speaks_of_ml(rule, near)
    reached = named if own.yes or not told.yes else shared_named
    return fail_if((own | told) & ~rule.every_port, f"anyone on the internet reaches {reached}")


@check(
    id="firewall-shared-port-open",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "AWS-FSBP:EC2.18"),
    confidence=Confidence.LOW,
    about_ml=True,
)
def firewall_shared_port_open(rule: Rule, near: Relations) -> Verdict:
    """A port that model servers and trackers use by default is open to the internet.

    Why: on 5000, 8000 or 8080 listen web applications, but also MLflow, vLLM, Triton and TorchServe, which ask for no
    credentials.
    Fix: allow it from a load balancer or named networks only.
    """
    truth, named = _some_open(rule, known_ports().shared)
    own, _ = _some_open(rule, known_ports().own)
    rest = truth & ~_speaks_of_ml(rule, near) & ~own & ~rule.every_port
    return fail_if(rest, f"anyone on the internet reaches {named}")


def _some_open(rule: Rule, ports: Mapping[int, str]) -> tuple[Truth, str]:
    """Whether one of the ports is open to the internet, and which."""
    if rule.open_to_internet.no:
        return rule.open_to_internet, ""
    answers = {port: rule.allows_port(port) for port in ports}
    likely = [p for p, t in answers.items() if t.yes] or [p for p, t in answers.items() if t.unknown]
    named = ", ".join(f"{port} ({ports[port]})" for port in likely[:_SHOWN])
    more = f" and {len(likely) - _SHOWN} more" if len(likely) > _SHOWN else ""
    return rule.open_to_internet & any_of(answers.values()), named + more


def _speaks_of_ml(rule: Rule, near: Relations) -> Truth:
    """Whether its name or description, or its firewall's, speaks of machine learning."""
    walls = near.by(Relation.CONTAINS, Firewall)
    texts = [rule.description, rule.name, *(w.description for w in walls), *(w.name for w in walls)]
    answers = [t.matches(known_ports().telling) for t in texts]
    return any_of(a for a in answers if not a.unknown) | NO


@check(
    id="network-default",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "CIS-GCP-4.0:3.1"),
)
def network_default(network: Network) -> Verdict:
    """The network that the provider made is kept.

    Why: it is open in ways nobody chose (public subnets on AWS, SSH and RDP from everywhere on Google Cloud); training
    jobs and notebooks land in it whenever no network is named.
    Fix: do without it, and declare a network of your own.
    """
    return fail_if(network.default, "it is the provider's default network")


@check(
    id="network-flow-log-off",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=(
        "NIST-800-53:AU-12", "NIST-800-53:SI-4", "AWS-FSBP:EC2.6", "CIS-AWS-6.0:4.7", "CIS-GCP-4.0:3.8",
        "CIS-Azure-5.0:6.1.1.7",
    ),
)  # fmt: skip
def network_flow_log_off(network: Network) -> Verdict:
    """Connections in the network are not recorded.

    Why: when training data or a model is carried out of the network, nothing shows where it went or how much it was.
    Fix: record flow logs of the network.
    """
    return fail_if(~network.flow_log & ~network.default, "no flow log records its connections")


@check(
    id="load-balancer-plain-http",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "AWS-FSBP:ELB.1", "AWS-FSBP:ELB.3", "OWASP-API:API8"),
)
def load_balancer_plain_http(listener: Listener, near: Relations) -> Verdict:
    """A load balancer on the internet takes requests without encryption.

    Why: prompts, features, predictions and the tokens of callers can be read and changed on the way.
    Fix: listen with HTTPS, and let port 80 only redirect to it.
    """
    facing = listener.internet_facing | near.any_by(Relation.CONTAINS, LoadBalancer, lambda b: b.internet_facing)
    plain = listener.protocol.test(lambda said: str(said).upper() == "HTTP")
    return fail_if(plain & ~listener.redirects_to_tls & facing, "it serves plain HTTP to the internet")


@check(
    id="acl-admin-port-open",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "AWS-FSBP:EC2.21"),
)
def acl_admin_port_open(acl: NetworkAcl, near: Relations) -> Verdict:
    """A network access list lets the internet in to a port for administration.

    Why: it is the second fence around training machines: with SSH or RDP open in it, one wrong security group is enough.
    Fix: allow these ports from named networks only, or deny them with a rule of a lower number than the one that allows.
    """
    opened = listed(acl, INTERNET, near.estate, out=False).on(tcp(22, 3389))
    return fail_if(opened, "SSH or RDP passes it from anywhere")


@check(
    id="firewall-default-in-use",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "AWS-FSBP:EC2.2"),
)
def firewall_default_in_use(firewall: Firewall) -> Verdict:
    """The default security group of a network lets traffic pass.

    Why: notebooks, training jobs and endpoints for which nobody names a group land in it, and reach each other there.
    Fix: leave the default group without rules, and give each workload a group of its own.
    """
    rules = any_of(rule.exists for rule in (*firewall.rules, *firewall.outgoing))
    is_default = Truth(firewall.type == "aws_default_security_group", (firewall.network,))
    return fail_if(is_default & rules, "it has rules")


@check(
    id="network-no-private-storage",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7", "NIST-800-53:AC-4"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def network_no_private_storage(network: Network, near: Relations) -> Verdict:
    """Notebooks or training in a network reach Amazon S3 over the internet only.

    Why: training data and models then need a way out of the network, and by that way they can go anywhere; no policy
    says which buckets may be used from here.
    Fix: add a gateway endpoint for S3 with a policy that names your buckets, and close the way out.
    """
    if network.provider != "aws" or not _learns_in(near):
        return fail_if(NO, "")
    there = near.any_to(Relation.CONTAINS, PrivateEndpoint, lambda e: like(e.service, _AMAZON_S3))
    return fail_if(~there, "no endpoint for S3 is in it")


def _learns_in(near: Relations) -> list[Asset]:
    """What trains or serves in the subnets of a network, or in it."""
    places = [near, *(near.estate.near(s) for s in near.to(Relation.CONTAINS, Subnet))]
    return [a for place in places for kind in _LEARNS for a in place.to(Relation.CONTAINS, kind)]


@check(
    id="peering-mixes-environments",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:AC-4", "NIST-800-53:SC-7"),
    confidence=Confidence.MEDIUM,
)
def peering_mixes_environments(peering: Peering, near: Relations) -> Verdict:
    """A network for development is peered with one for production.

    Why: whoever gets into a notebook for experiments is then next to the training data and models of production.
    Fix: take the peering away; hand over data by a bucket, and models by a registry with approval.
    """
    found = {near.estate.facts(n).environment for n in near.to(Relation.ROUTES_TO, Network)}
    mixed = {Environment.PRODUCTION, Environment.DEVELOPMENT} <= found
    return fail_if(Truth(mixed, (peering.other,)), "it joins development and production")


@check(
    id="waf-watches-only",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=(
        "NIST-800-53:SC-7",
        "NIST-800-53:SI-4",
    ),
)
def waf_watches_only(firewall: WebFirewall) -> Verdict:
    """A web application firewall lets through what it recognises as an attack.

    Why: requests that look for holes in a model server or its gateway are written down, and served.
    Fix: set its mode to Prevention once its log shows no false alarms.
    """
    return fail_if(firewall.enabled & ~firewall.blocks, "it only watches")
