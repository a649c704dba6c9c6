"""What brings software into a cluster and starts pipelines there: Argo CD, Argo Events."""

from __future__ import annotations

from functools import cached_property

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.truth import Truth
from garrison.estate.values import Body, State, Value

# What calls in by HTTP, by its name in an EventSource, and what says how it proves who it is.
_CALLED = {
    "webhook": ("authSecret",),
    "github": ("webhookSecret",),
    "gitlab": ("secretToken",),
    "bitbucketserver": ("webhookSecret",),
    "slack": ("signingSecret",),
    "stripe": ("apiKey",),
}


class DeliveryProject(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What the applications of a project may deploy, from where, to where: Argo CD's AppProject."""

    sources: Value = UNMAPPED  # addresses of repositories; * is all
    destinations: Value = UNMAPPED  # items of server or name, and namespace
    cluster_kinds: Value = UNMAPPED  # kinds without a namespace it may deploy: items of group and kind

    @cached_property
    def any_source(self) -> Truth:
        """Whether every repository may be deployed from."""
        return self.sources.any(lambda s: s.equals("*"))

    @cached_property
    def any_destination(self) -> Truth:
        """Whether every namespace of every cluster may be deployed to."""
        return self.destinations.any(
            lambda d: d.child("namespace").equals("*") & (d.child("server").equals("*") | d.child("name").equals("*"))
        )

    @cached_property
    def rules_cluster(self) -> Truth:
        """Whether it may deploy every kind that rules a cluster: roles, webhooks, namespaces."""
        return self.cluster_kinds.any(
            lambda k: k.child("kind").equals("*") & k.child("group").one_of(("*", "rbac.authorization.k8s.io"))
        )


class DeliveredApp(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What is deployed from a repository and kept as it is there: Argo CD's Application."""

    project: Value = UNMAPPED
    sources: Value = UNMAPPED  # addresses of repositories

    @cached_property
    def plain_source(self) -> Truth:
        """Whether it is fetched without encryption or proof of whom it comes from."""
        return self.sources.any(lambda s: s.matches(r"^(http|git)://"))


class EventSource(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What Argo Events listens to."""

    listens: Value = UNMAPPED  # by the kind of what calls, then by name

    @cached_property
    def unauthenticated(self) -> Truth:
        """Whether it takes a call over HTTP from everybody."""
        if self.listens.state is not State.KNOWN or not isinstance(self.listens.content, Body):
            return Truth(None if self.listens.state is State.UNKNOWN else False, (self.listens,))
        for kind, proofs in _CALLED.items():
            by_name = self.listens.child(kind)
            if by_name.state is State.KNOWN and isinstance(by_name.content, Body):
                for _, one in by_name.content.items():
                    if all(one.child(proof).state is State.ABSENT for proof in proofs):
                        return Truth(True, (one,))
        return Truth(False, (self.listens,))


class EventBus(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What carries events to what they start."""

    asks_for_token: Truth = UNMAPPED_TRUTH
