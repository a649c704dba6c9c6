"""Steps from one identity to another, to the stores that it reads and to the code that it may change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby
from operator import attrgetter

from garrison.estate.assets import Asset, kinds
from garrison.estate.assets.cluster_access import ServiceAccount
from garrison.estate.assets.compute import Instance, Profile
from garrison.estate.assets.identity import AccessKey, Grant, Role, User
from garrison.estate.assets.model import LiveEndpoint
from garrison.estate.estate import Estate
from garrison.estate.relations import Edge, Relation
from garrison.estate.truth import Truth
from garrison.estate.values import State, Value
from garrison.reach.attack.powers import CALL, PASS, Identity, Power, Powers, escalations
from garrison.reach.attack.steps import ADMIN, CALLED, CHANGED, HELD, Steps, evidence
from garrison.reach.path import Medium
from garrison.reach.trust import CI, is_from, names_subject

_BASIC_ROLE = r"^roles/(owner|editor)$"
_WIDE_AZURE = r"^(Owner|User Access Administrator|Role Based Access Control Administrator)$"
# An attribute of an enum, and its hash, cost more than a global; every relation of an estate is asked.
_READS, _WRITES, _RUNS_AS, _ASSUMES = Relation.READS, Relation.WRITES, Relation.RUNS_AS, Relation.ASSUMES
_ANY_SUBJECT = r"^(repo:|project_path:|organization:)?[*?]|^repo:[*?]"


class Identities:
    """Adds the steps; what a user may do whom no step leads to is left out, but `from_anywhere`."""

    def __init__(self, estate: Estate, steps: Steps, ci: int, *, from_anywhere: bool = False) -> None:
        self.estate, self.steps, self.ci = estate, steps, ci
        self.powers = Powers(estate)
        self._idle = frozenset() if from_anywhere else frozenset(_idle(estate))
        self._led: set[int] = set()  # hubs that lead on already
        self.admins: list[int] = []  # nodes of identities that are administrators

    def add(self) -> None:
        """All of them."""
        for start, edges in groupby(self.estate.graph.edges(), key=attrgetter("start")):
            if start is not None:
                self._related(start, edges)
        for identity in self.powers.identities:
            if identity.address in self._idle:
                continue
            self._administers(identity)
            self._escalates(identity)
            self._passes(identity)
            self._changes_code(identity)
            self._calls(identity)
        for role in self.estate.of(Role):
            self._trusts(role)
        for grant in self.estate.of(Grant):
            self._granted(grant)

    def _related(self, start: Asset, edges: Iterable[Edge]) -> None:
        """What one reads and writes, runs as and takes on."""
        idle, identity = start.address in self._idle, isinstance(start, Role | User)
        for edge in edges:
            relation = edge.relation
            if edge.end is None:
                continue
            if relation is _RUNS_AS or relation is _ASSUMES:
                self._taken_on(start, edge, edge.end)
            elif (relation is _READS or relation is _WRITES) and not idle:
                state, words = (HELD, "reads") if relation is _READS else (CHANGED, "writes")
                begin, end = self._node(start), self._node(edge.end, state)
                wide = identity and _is_wide(edge.stated)
                self.steps.add(begin, end, Medium.IDENTITY, words, edge.stated, truth=edge.end.exists, flawed=wide)

    def _taken_on(self, start: Asset, edge: Edge, end: Asset) -> None:
        """What one runs as or takes on."""
        node = self._node
        if edge.relation is _RUNS_AS and not _is_pod_account(start, end):
            words = "runs as"
            if isinstance(start, Instance) and start.open_metadata.yes:
                words = "gives, to whoever makes it ask its metadata service,"
            self.steps.add(node(start), node(end), Medium.IDENTITY, words, edge.stated, truth=start.exists & end.exists)
        elif edge.relation is _ASSUMES and not isinstance(start, AccessKey):
            self.steps.add(node(start), node(end), Medium.IDENTITY, "assumes", edge.stated, truth=end.exists)

    def _node(self, asset: Asset, state: str = HELD) -> int:
        """A profile only hands a role on."""
        return self.steps.hub(asset.address) if isinstance(asset, Profile) else self.steps.node(asset, state)

    def _administers(self, identity: Identity) -> None:
        admin = self.powers.admin(identity)
        if not admin.yes:
            return
        node = self.steps.node(identity)
        self.admins.append(node)
        hub = self.steps.hub(f"account of {identity.root}")
        self.steps.add(node, hub, Medium.IDENTITY, "", evidence(admin, identity.name), flawed=True)

    def stores(self, assets: list[Asset]) -> None:
        """An administrator reads whatever is worth reading in his account."""
        for asset in assets:
            if asset.provider == "aws":
                hub = self.steps.hub(f"account of {asset.root}")
                end = self.steps.node(asset)
                self.steps.add(hub, end, Medium.IDENTITY, "administers", asset.name)

    def _escalates(self, identity: Identity) -> None:
        """By a permission to give itself more."""
        for each in escalations().itself if not self.powers.admin(identity).yes else ():
            power = self.powers.of(identity, each.actions)
            if power is None or not (power.everywhere("iam") or power.everywhere("iam", "role/")):
                continue
            end = self.steps.node(identity, ADMIN)
            words = f"becomes administrator with {' and '.join(each.actions)} as"
            bound = isinstance(identity, Role) and not identity.boundary.is_absent().yes
            truth = Truth(None) if bound else power.truth
            self.steps.add(self.steps.node(identity), end, Medium.CODE, words, power.said, truth=truth, flawed=True)
            self.admins.append(end)
            return

    def _passes(self, identity: Identity) -> None:
        """By handing a role to something new that runs what the attacker wants."""
        passing = self.powers.of(identity, (PASS,))
        if passing is None:
            return
        services: set[str] = set()
        for each in escalations().passing:
            if each.service in services:
                continue
            making = self.powers.of(identity, each.actions)
            if making is None:
                continue
            services.add(each.service)
            self._passed(identity, each.service, each.what, passing)

    def _passed(self, identity: Identity, service: str, what: str, passing: Power) -> None:
        start, words = self.steps.node(identity), f"passes, to {what} that it controls,"
        trusting = self._trusting.get((identity.root, service), ())
        if passing.everywhere("iam", "role/") or passing.everywhere("iam"):
            hub = self.steps.hub(f"passed in {identity.root} to {service}")
            self.steps.add(start, hub, Medium.CODE, words, passing.said, truth=passing.truth, flawed=True)
            for role in trusting if hub not in self._led else ():
                self.steps.add(hub, self.steps.node(role), Medium.CODE, words, role.trust)
            self._led.add(hub)
            return
        named = {role.address for said in passing.names() for role in self.powers.named(said)}
        for role in trusting:
            if role.address in named:
                self.steps.add(start, self.steps.node(role), Medium.CODE, words, passing.said, truth=passing.truth)

    @cached_property
    def _trusting(self) -> dict[tuple[str, str], list[Role]]:
        """The roles that a service may take on, by root and service."""
        found: dict[tuple[str, str], list[Role]] = defaultdict(list)
        for role in self.estate.of(Role):
            services = {p.text() for s in role.trusted if s.allows.yes for p in s.services.items()}
            for service in sorted(services - {""}):
                found[role.root, service].append(role)
        return found

    def _changes_code(self, identity: Identity) -> None:
        """By putting code into what runs already."""
        for each in escalations().into:
            power = self.powers.of(identity, each.actions)
            if power is None:
                continue
            service, kind = each.actions[-1].partition(":")[0], kinds()[each.kind]
            wide = power.everywhere(service)
            for asset in self.powers.over(power, kind, identity.root, service):
                start, end = self.steps.node(identity), self.steps.node(asset)
                self.steps.add(start, end, Medium.CODE, each.words, power.said, truth=power.truth, flawed=wide)

    def _calls(self, identity: Identity) -> None:
        """A model, for predictions."""
        power = self.powers.of(identity, (CALL,))
        if power is None:
            return
        wide = power.everywhere("sagemaker")
        for endpoint in self.powers.over(power, LiveEndpoint, identity.root, "sagemaker"):
            start, end = self.steps.node(identity), self.steps.node(endpoint, CALLED)
            self.steps.add(start, end, Medium.IDENTITY, "calls", power.said, truth=power.truth, flawed=wide)

    def _trusts(self, role: Role) -> None:
        """Who may take a role on."""
        end = self.steps.node(role)
        for statement in role.trusted:
            if not statement.allows.yes:
                continue
            for principal in statement.accounts.items():
                truth = Truth(True if statement.conditional.no else None)
                for identity in self.powers.named(principal):
                    start = self.steps.node(identity)
                    self.steps.add(start, end, Medium.IDENTITY, "assumes", principal, truth=truth)
            told = is_from(statement, self.estate, CI)
            if not told.no and (statement.federated.items() or told.yes):
                self._from_pipeline(role, end, told, ~names_subject(statement, "", _ANY_SUBJECT), statement.federated)

    def _from_pipeline(self, role: Role, end: int, told: Truth, any_job: Truth, said: Value) -> None:
        if told.unknown:
            return
        anyone = any_job.yes
        words = "in any repository takes on" if anyone else "takes on"
        place = evidence(told, said)
        self.steps.add(self.ci, end, Medium.IDENTITY, words, place, truth=role.exists, flawed=anyone)
        if anyone:
            words = "takes on, with a job of any repository,"
            self.steps.add(
                self.steps.entrance(role), end, Medium.IDENTITY, words, place, truth=role.exists, flawed=True
            )

    def _granted(self, grant: Grant) -> None:
        """A grant over a whole project makes an administrator of a service account."""
        strong = grant.role.matches(_BASIC_ROLE) | grant.role.matches(_WIDE_AZURE)
        truth = strong & grant.wide
        if not truth.yes:
            return
        for edge in self.estate.graph.out(grant, Relation.GRANTS):
            if isinstance(edge.end, Role):
                self.admins.append(self.steps.node(edge.end))


def _is_pod_account(start: Asset, end: Asset) -> bool:
    """Whether it is a pod's account in its cluster: what that may do depends on the pod's token (`pods`)."""
    return start.provider == "kubernetes" and isinstance(end, ServiceAccount)


def _idle(estate: Estate) -> Iterator[str]:
    """The users that nothing runs as: nobody begins as a user, and what a key of theirs is found in is not followed."""
    for user in estate.of(User):
        before = (e.start for e in estate.graph.into(user) if e.relation is _RUNS_AS or e.relation is _ASSUMES)
        if all(start is None or isinstance(start, AccessKey) for start in before):
            yield user.address


def _is_wide(stated: Value) -> bool:
    """Whether what an identity may use was named with everything else, and not by itself: by the whole list."""
    return stated.state is State.ABSENT or (stated.state is State.KNOWN and stated.text().strip("*") == "")
