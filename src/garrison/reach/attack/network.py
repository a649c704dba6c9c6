"""Steps over the network, and those onto what stands open there.

Reaching a thing is not having it. A step lands on a server only where it serves whoever comes, as far as is known; on a
machine where a port is open on which little but such servers listens, or where people log in with passwords; in a store
where it asks nobody who he is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from garrison.estate.assets import Asset
from garrison.estate.assets.api import Api, ApiRoute, Function
from garrison.estate.assets.compute import Instance
from garrison.estate.assets.data import Cache, Database, SearchIndex, Stream
from garrison.estate.assets.exposure import Ingress, MeshAuthorization, Service
from garrison.estate.assets.identity import Role
from garrison.estate.assets.keys import Secret
from garrison.estate.assets.ml_serving import ComputeCluster
from garrison.estate.assets.model import Model, ModelRegistry
from garrison.estate.assets.network import Listener, LoadBalancer
from garrison.estate.assets.notebook import Notebook
from garrison.estate.assets.registry import Registry
from garrison.estate.assets.routing import TargetGroup
from garrison.estate.assets.storage import Bucket
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Estate
from garrison.estate.ports import known_ports
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Value
from garrison.reach.attack.steps import CALLED, CHANGED, HELD, OPEN, Steps, evidence
from garrison.reach.exposure import Exposure
from garrison.reach.network.rules import Flow
from garrison.reach.network.sets import Ranges, tcp, tcp_ports, words
from garrison.reach.path import Medium

_DOORS = (Service, Ingress, LoadBalancer, Listener, TargetGroup)
_RUNS = (Instance, Notebook, Function, Model)  # runs code at an address of a network
_LOGIN = tcp(22, 3389)


class Network:
    """Adds the steps."""

    def __init__(self, estate: Estate, exposure: Exposure, steps: Steps) -> None:
        self.estate, self.exposure, self.steps = estate, exposure, steps
        self.reach = exposure.reach

    def add(self) -> None:
        """All of them."""
        self._to_doors()
        self._to_machines()
        self._to_stores()
        self._to_interfaces()
        self._among_pods()
        self._among_machines()

    # From the internet.

    def _to_doors(self) -> None:
        for kind in _DOORS:
            for door in self.estate.of(kind):
                truth = self.exposure.directly(door)
                self._from_internet(door, OPEN, "reaches", truth, evidence(truth, door.name))
                self._onward(door)

    def _onward(self, door: Asset) -> None:
        """From what stands before others to those."""
        for edge in self.estate.graph.out(door):
            end = edge.end
            if end is None or edge.relation not in (Relation.EXPOSES, Relation.ROUTES_TO):
                continue
            if isinstance(end, Workload) and self._open(end).no:
                continue
            if not self.exposure.forwards(door, end):
                continue
            start = self.steps.node(door, OPEN)
            if isinstance(end, _DOORS):
                self.steps.add(start, self.steps.node(end, OPEN), Medium.NETWORK, "routes to", edge.stated)
            elif isinstance(end, Workload):
                self._onto_pod(start, door, end, edge.stated)
            elif isinstance(end, Instance):
                flow = self.reach.forwarded(door, end) if isinstance(door, TargetGroup | LoadBalancer) else Flow()
                self._onto_machine(start, end, flow)

    def _onto_pod(self, start: int, door: Asset, pod: Workload, stated: Value) -> None:
        if isinstance(door, Service) and door.only_on(pod.harmless_ports).yes:
            return
        shields = self.estate.near(pod).any_by(Relation.SHIELDS, MeshAuthorization, lambda p: ~p.allows_anyone)
        open_ = self._open(pod)
        truth = open_ & ~shields
        how = "lets anyone run code on" if _runs_code(pod) else "lets anyone use"
        said = evidence(open_, stated)
        self.steps.add(start, self.steps.node(pod), Medium.NETWORK, how, said, truth=truth, flawed=True)

    def _open(self, pod: Workload) -> Truth:
        """Whether whoever reaches a pod takes it over; a Ray cluster may ask for a token as a whole.

        One that serves everybody and runs no code may hand out what its own identity opens; that is not sure.
        """
        taken = pod.unauthenticated
        if not taken.no:
            clusters = self.estate.near(pod).by(Relation.CONTAINS, ComputeCluster)
            taken &= ~any_of(c.asks_for_token for c in clusters)
        return Truth(None, taken.because) if taken.yes and pod.unauthenticated_code.no else taken

    def _to_machines(self) -> None:
        for machine in self.estate.of(Instance):
            flow = self.reach.from_internet(machine)
            if flow is not None:
                self._onto_machine(self.steps.entrance(machine), machine, flow)

    def _onto_machine(self, start: int, machine: Instance, flow: Flow) -> None:
        """By a port on which little but open servers listens, or by a password."""
        opened = flow.sure & _telling()
        if not opened and machine.password_login.no:
            return
        node, said = self.steps.node(machine), evidence(Truth(None, flow.because), machine.machine_type)
        if opened:
            ports = known_ports().own
            first = tcp_ports(opened).spans[0][0]
            how = (
                f"reaches port {first} ({ports[first]}) of" if opened.size == 1 else f"reaches ports {words(opened)} of"
            )
            self.steps.add(start, node, Medium.NETWORK, how, said, truth=Truth(None), flawed=True)
        login = machine.password_login & flow.on(_LOGIN)
        how = "may guess the password of"
        self.steps.add(start, node, Medium.NETWORK, how, evidence(login, said), truth=login, flawed=True)

    def _to_stores(self) -> None:
        """What everybody reads or writes."""
        for asset, state, how, truth in self._open_stores():
            self._from_internet(asset, state, how, truth & asset.exists, evidence(truth, asset.name))

    def _open_stores(self) -> Iterator[tuple[Asset, str, str, Truth]]:
        of = self.estate.of
        for bucket in of(Bucket):
            yield bucket, HELD, "reads, as anybody can,", bucket.public_read
            yield bucket, CHANGED, "writes, as anybody can,", bucket.public_write
        for registry in of(Registry):
            yield registry, CHANGED, "pushes, as anybody can, to", registry.public_push
        kept: list[Secret | Database | ModelRegistry] = [*of(Secret), *of(Database), *of(ModelRegistry)]
        for asset in kept:
            yield asset, HELD, "reads, as anybody can,", asset.open_to_anyone
        for index in (*of(SearchIndex), *of(Stream), *of(Cache)):
            yield index, HELD, "reads, as anybody can,", self.exposure.directly(index)
        for role in of(Role):
            yield role, HELD, "takes on, as anybody with an account can,", role.open_trust

    def _to_interfaces(self) -> None:
        """Models that are called without credentials."""
        for route in self.estate.of(ApiRoute):
            apis = self.estate.near(route).by(Relation.CONTAINS, Api)
            answering = any_of(api.public & ~api.restricted for api in apis)
            truth = route.open & route.to_model & answering
            self._from_internet(route, CALLED, "calls, without credentials,", truth, evidence(route.open, route.target))
        for function in self.estate.of(Function):
            truth = function.serves_model & function.callable_by_anyone
            said = evidence(function.callable_by_anyone, function.name)
            self._from_internet(function, CALLED, "calls, without credentials,", truth, said)

    def _from_internet(self, asset: Asset, state: str, how: str, truth: Truth, said: Value) -> None:
        if not truth.no:
            flawed = state != OPEN
            end = self.steps.node(asset, state)
            self.steps.add(self.steps.entrance(asset), end, Medium.NETWORK, how, said, truth=truth, flawed=flawed)

    # From one to the other.

    def _among_pods(self) -> None:
        """From any pod to those that serve whoever comes, as far as policies let them."""
        cluster, steps = self.reach.cluster, self.steps
        pods = self.estate.of(Workload)
        targets: dict[str, list[tuple[Workload, Truth]]] = defaultdict(list)
        for pod in pods:
            if not (truth := self._open(pod)).no:
                targets[pod.root].append((pod, truth))
        classes: dict[tuple[str, ...], Workload] = {}
        for pod in pods:
            if not targets[pod.root]:
                continue
            marks = cluster.marks(pod)
            hub = steps.hub("\n".join(("pods", *marks)))
            steps.add(steps.node(pod), hub, Medium.NETWORK, "", pod.name)
            if marks in classes:
                continue
            classes[marks] = pod
            for target, truth in targets[pod.root]:
                flow = cluster.between(pod, target)
                passes = truth & flow.any if flow is not None else Truth(False)
                said = evidence(truth, target.name)
                how = "can run code, without a login, on" if _runs_code(target) else "can use, without a login,"
                steps.add(hub, steps.node(target), Medium.NETWORK, how, said, truth=passes, flawed=True)

    def _among_machines(self) -> None:
        """From what runs code in a network to caches that ask nobody who he is, and to machines with open servers."""
        stores = self.reach.places(c for c in self.estate.of(Cache) if not c.authenticates.yes)
        machines = self.reach.places(self.estate.of(Instance))
        classes: set[tuple[object, ...]] = set()
        for start in (asset for kind in _RUNS for asset in self.estate.of(kind)):
            seat = self.reach.seat(start)
            if seat is None:
                continue
            hub = self.steps.hub(f"seats {start.root} {start.provider} {seat.key}")
            self.steps.add(self.steps.node(start), hub, Medium.NETWORK, "", start.name)
            if (start.root, start.provider, *seat.key) in classes:
                continue
            classes.add((start.root, start.provider, *seat.key))
            for store, flow in self.reach.all_between(start, stores):
                if isinstance(store, Cache) and flow.sure:
                    truth, said = ~store.authenticates, evidence(flow.any, store.name)
                    how = "reads, as whoever reaches it can,"
                    self.steps.add(hub, self.steps.node(store), Medium.NETWORK, how, said, truth=truth, flawed=True)
            for machine, flow in self.reach.all_between(start, machines):
                if isinstance(machine, Instance) and machine is not start:
                    self._onto_machine(hub, machine, flow)


@cache
def _telling() -> Ranges:
    """The ports on which little but open servers listens."""
    return tcp(*known_ports().own)


def _runs_code(pod: Workload) -> bool:
    """Whether a server in it runs the code it is sent, as far as is known."""
    return not pod.unauthenticated_code.no
