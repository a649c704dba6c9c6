"""What stands before workloads in a cluster: services, routes, network policies, the rules of a service mesh."""

from __future__ import annotations

from functools import cached_property

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.truth import NO, Truth, all_of, any_of
from garrison.estate.values import Value, unknown

_LOOPBACK = r"^(127\.|::1$|localhost$)"
EVERYWHERE = ("0.0.0.0/0", "::/0")


class Service(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A Kubernetes Service: one address for the pods its selector matches."""

    namespace: Value = UNMAPPED
    service_type: Value = UNMAPPED  # ClusterIP, NodePort, LoadBalancer, ExternalName
    selector: Value = UNMAPPED  # labels of the pods behind it
    ports: Value = UNMAPPED  # items of port, targetPort, name
    source_ranges: Value = UNMAPPED  # CIDRs its load balancer answers; absent is all
    external_addresses: Value = UNMAPPED  # IP addresses nodes answer on
    says_internal: Truth = UNMAPPED_TRUTH  # an annotation keeps its load balancer inside the network
    scheme: Value = UNMAPPED  # of an AWS load balancer: internal, internet-facing
    controller: Value = UNMAPPED  # who makes an AWS load balancer: external, nlb-ip are the newer controller

    @cached_property
    def internal(self) -> Truth:
        """Whether its load balancer has no public address. AWS's newer controller makes internal ones by itself."""
        by_itself = self.controller.one_of(("external", "nlb-ip")) & ~self.scheme.equals("internet-facing")
        return self.says_internal | by_itself

    @cached_property
    def outside(self) -> Truth:
        """Whether it is reached from outside the cluster, on its load balancer or on any node."""
        balanced = self.service_type.equals("LoadBalancer") & ~self.internal & self._from_everywhere
        return self.service_type.equals("NodePort") | balanced | ~self.external_addresses.is_empty()

    @cached_property
    def _from_everywhere(self) -> Truth:
        return self.source_ranges.is_empty() | self.source_ranges.any(lambda r: r.one_of(EVERYWHERE))

    @property
    def public(self) -> Truth:
        balanced = self.service_type.equals("LoadBalancer") & ~self.internal & self._from_everywhere
        on_nodes = self.service_type.equals("NodePort") | ~self.external_addresses.is_empty()
        if on_nodes.no or balanced.yes:
            return balanced
        return Truth(None, (unknown("the nodes' firewall decides who reaches it", self.service_type.place),))

    def only_on(self, harmless: frozenset[int | str]) -> Truth:
        """Whether all its ports lead to these ports of its pods, by number or name."""
        if not harmless or not self.ports.items():
            return NO
        return self.ports.all(lambda p: any_of(p.child(k).one_of(harmless) for k in ("targetPort", "name", "port")))


class PublishedPort(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A port of a container on which its host answers: `ports` of a Compose service."""

    host_address: Value = UNMAPPED  # of the host, on which it answers
    host_port: Value = UNMAPPED  # absent where Docker chooses one
    target: Value = UNMAPPED  # the port in the container

    @cached_property
    def outside(self) -> Truth:
        """Whether others than the host itself reach it."""
        return ~self.host_address.matches(_LOOPBACK)

    @property
    def public(self) -> Truth:
        if self.outside.no:
            return NO
        return Truth(
            None, (unknown("the host's network decides who reaches it", self.host_address.place or self.place),)
        )

    def only_on(self, harmless: frozenset[int | str]) -> Truth:
        """Whether it leads to one of these ports."""
        return self.target.one_of(harmless)


class ContainerNetwork(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A network that containers of one host share: those in it reach each other on every port."""

    internal: Truth = UNMAPPED_TRUTH  # nothing leads from it out of the host
    external: Truth = UNMAPPED_TRUTH  # it is made elsewhere, and others may be in it


class Ingress(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A way into the cluster by HTTP: Ingress, HTTPRoute, VirtualService, OpenShift Route."""

    namespace: Value = UNMAPPED
    hosts: Value = UNMAPPED
    backends: Value = UNMAPPED  # names of the services it leads to, with or without their namespace
    gateways: Value = UNMAPPED  # what it is attached to; "mesh" is inside only
    encrypted: Truth = UNMAPPED_TRUTH  # it is served by TLS
    authenticates: Truth = UNMAPPED_TRUTH  # it asks who is there before it lets a request through
    says_internal: Truth = UNMAPPED_TRUTH  # an annotation keeps its load balancer inside the network

    @cached_property
    def direct(self) -> Truth:
        """Whether it is itself the door, and not attached to a gateway that decides."""
        return Truth(self.type in ("Ingress", "Route.route.openshift.io"))

    @cached_property
    def outside(self) -> Truth:
        """Whether anybody outside the cluster comes in by it without being asked who he is."""
        if self.direct.no:
            if self.gateways.is_empty().yes or self.gateways.all(lambda g: g.equals("mesh")).yes:
                return NO
            reason = "its gateway decides who reaches it"
            return Truth(None, (unknown(reason, self.gateways.place, decided_by=self.gateways.decided_by),))
        return ~self.authenticates & ~self.says_internal & Truth(True, (self.backends,))

    @property
    def public(self) -> Truth:
        return self.outside


class MeshGateway(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """The edge of a mesh: Istio's Gateway, the Gateway of the Gateway API."""

    namespace: Value = UNMAPPED
    pods: Value = UNMAPPED  # labels of the proxies that serve it
    servers: Value = UNMAPPED  # items of port, hosts, tls
    listeners: Value = UNMAPPED  # items of port, protocol, tls

    @cached_property
    def inside(self) -> Truth:
        """Whether it serves callers of the cluster only, as Knative's and KServe's local gateways do."""
        local = r"(^|[-_])local([-_]|$)"
        return self.name.matches(local) | self.pods.child("istio").matches(local)

    @cached_property
    def open_to_routes(self) -> Truth:
        """Whether every namespace may hang routes on it."""
        return self.listeners.any(lambda x: x.child("allowedRoutes").child("namespaces").child("from").equals("All"))

    @cached_property
    def plain(self) -> Truth:
        """Whether one of its ports serves HTTP without TLS and does not merely send people to HTTPS."""
        by_istio = self.servers.any(
            lambda s: (
                s.child("port").child("protocol").one_of(("HTTP", "HTTP2", "GRPC"))
                & ~s.child("tls").child("httpsRedirect").equals(True)
            )
        )
        return by_istio | (
            self.listeners.any(lambda x: x.child("protocol").equals("HTTP"))
            & ~self.listeners.any(lambda x: x.child("protocol").one_of(("HTTPS", "TLS")))
        )


class ReferenceGrant(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What other namespaces may refer to in this one: the ReferenceGrant of the Gateway API."""

    namespace: Value = UNMAPPED
    targets: Value = UNMAPPED  # items of group, kind, and name unless all are meant

    @cached_property
    def every_secret(self) -> Truth:
        """Whether it opens all secrets of its namespace."""
        return self.targets.any(lambda t: t.child("kind").equals("Secret") & t.child("name").is_empty())


class NetworkPolicy(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Which traffic reaches and leaves the pods it selects; a pod that none selects takes all."""

    namespace: Value = UNMAPPED
    pods: Value = UNMAPPED  # a selector; an empty one is all pods of the namespace
    directions: Value = UNMAPPED  # Ingress, Egress; absent is Ingress, and Egress where rules for it are said
    incoming: Value = UNMAPPED  # rules
    outgoing: Value = UNMAPPED  # rules

    @cached_property
    def about_incoming(self) -> Truth:
        """Whether its pods take in only what its rules let in."""
        return self.directions.is_empty() | self.directions.any(lambda d: d.equals("Ingress"))

    @cached_property
    def about_outgoing(self) -> Truth:
        """Whether its pods send only what its rules let out."""
        by_rules = self.directions.is_empty() & self.outgoing.given()
        return by_rules | self.directions.any(lambda d: d.equals("Egress"))

    @cached_property
    def of_every_pod(self) -> Truth:
        """Whether it selects all pods of its namespace."""
        return self.pods.child("matchLabels").is_empty() & self.pods.child("matchExpressions").is_empty()

    @cached_property
    def limits_outgoing(self) -> Truth:
        """Whether it refuses some of what its pods send: a rule that names no target lets all out."""
        return self.about_outgoing & ~self.outgoing.any(
            lambda r: _anywhere(r.child("to")) & r.child("ports").is_empty()
        )

    @cached_property
    def lets_all_in(self) -> Truth:
        """Whether a rule of it says neither who nor where."""
        return self.incoming.any(lambda r: _anywhere(r.child("from")) & r.child("ports").is_empty())

    @cached_property
    def limits_incoming(self) -> Truth:
        """Whether it refuses some traffic to its pods: a rule without a source lets all in."""
        return self.about_incoming & ~self.lets_all_in


def _anywhere(peers: Value) -> Truth:
    """Whether peers of a network policy are everybody."""

    def everybody(peer: Value) -> Truth:
        block = peer.child("ipBlock")
        return block.child("cidr").one_of(EVERYWHERE) & block.child("except").is_empty()

    return peers.is_empty() | peers.any(everybody)


class MeshAuthorization(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Istio's AuthorizationPolicy: who may call the workloads it selects."""

    namespace: Value = UNMAPPED
    pods: Value = UNMAPPED  # labels; absent is all pods of the namespace
    action: Value = UNMAPPED  # ALLOW, DENY, CUSTOM, AUDIT
    rules: Value = UNMAPPED

    @cached_property
    def allows_anyone(self) -> Truth:
        """Whether a rule of it says neither who calls, nor what, nor when."""
        unconditional = self.rules.any(lambda r: all_of(r.child(k).is_empty() for k in ("from", "to", "when")))
        return self.action.equals("ALLOW") & unconditional


class MeshAuthentication(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Istio's RequestAuthentication: which tokens are valid. It refuses no request that has none."""

    namespace: Value = UNMAPPED
    pods: Value = UNMAPPED
    issuers: Value = UNMAPPED


class MeshEncryption(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Istio's PeerAuthentication: whether workloads take traffic that is not mutual TLS."""

    namespace: Value = UNMAPPED
    pods: Value = UNMAPPED
    mode: Value = UNMAPPED  # STRICT, PERMISSIVE, DISABLE, UNSET
    port_modes: Value = UNMAPPED  # by port number
