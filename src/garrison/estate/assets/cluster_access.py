"""Who may do what in a cluster, and the settings and secrets that lie in it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from functools import cached_property

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.kubernetes_versions import Removed, removed
from garrison.estate.literals import credentials, is_default
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Body, State, Value, known

EVERYONE = ("system:anonymous", "system:unauthenticated")
ANYBODY_KNOWN = "system:authenticated"  # also every service account; with GKE, everybody who has a Google account
_SHIPPED_PASSWORDS = frozenset({"minioadmin", "minio123", "password1234", "12341234", "admin", "password"})


class Namespace(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A namespace of a cluster."""

    enforced_level: Value = UNMAPPED  # of the Pod Security Standards: privileged, baseline, restricted


class ApiObject(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """An object as the API takes it, of a kind that it once served in other versions."""

    api_version: Value = UNMAPPED  # apps/v1

    @cached_property
    def removal(self) -> Removed | None:
        """Since when its version is not served; None while it is."""
        return removed(self.api_version.text(), self.type)


class ServiceAccount(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Who a workload is in its cluster."""

    namespace: Value = UNMAPPED
    mounts_token: Truth = UNMAPPED_TRUTH
    cloud_role: Value = UNMAPPED  # the IAM role or account it becomes: an ARN, an address, a client id


class KubernetesRole(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A Role or ClusterRole: rules of API groups, resources and verbs."""

    namespace: Value = UNMAPPED
    rules: Value = UNMAPPED

    def allows(
        self,
        verbs: Sequence[str],
        resources: Sequence[str],
        groups: Sequence[str] = ("",),
        *,
        all_only: bool = False,
    ) -> Truth:
        """Whether a rule, not bound to single names, allows one of the verbs on one of the resources.

        Wildcards count; with `all_only` they are all that counts. `*/exec` is that of every resource.
        """
        also = () if all_only else ("*",)
        parts = () if all_only else tuple(f"*/{r.partition('/')[2]}" for r in resources if "/" in r)
        wanted = ((*verbs, *also), (*resources, *also, *parts), (*groups, *also))

        def rule(said: Value) -> Truth:
            return (
                said.child("verbs").any(lambda v: v.one_of(wanted[0]))
                & said.child("resources").any(lambda r: r.one_of(wanted[1]))
                & said.child("apiGroups").any(lambda g: g.one_of(wanted[2]))
                & said.child("resourceNames").is_empty()
            )

        near = [r for r, words in zip(self.rules.items(), self._words, strict=True) if _may_allow(words, wanted)]
        rest = () if self.rules.rest is None else (Truth(None, (self.rules.rest,)),)
        if self.rules.state is State.UNKNOWN:
            return Truth(None, (self.rules,))
        return any_of((*map(rule, near), *rest)) if near or rest else Truth(False, (self.rules,))

    @cached_property
    def only_looks(self) -> Truth:
        """Whether it allows no more than reading, and no secrets."""
        return self.rules.all(
            lambda r: (
                r.child("verbs").all(lambda v: v.one_of(("get", "list", "watch")))
                & ~r.child("resources").any(lambda x: x.one_of(("secrets", "*")))
            )
        )

    @cached_property
    def _words(self) -> tuple[tuple[frozenset[str] | None, ...], ...]:
        """Verbs, resources and groups of each rule; None for what is not all known."""
        return tuple(
            tuple(_known_words(rule.child(name)) for name in ("verbs", "resources", "apiGroups"))
            for rule in self.rules.items()
        )


def _known_words(said: Value) -> frozenset[str] | None:
    if said.state is State.UNKNOWN or said.rest is not None or any(v.state is State.UNKNOWN for v in said.items()):
        return None
    return frozenset(v.text() for v in said.items())


def _may_allow(words: tuple[frozenset[str] | None, ...], wanted: tuple[tuple[str, ...], ...]) -> bool:
    """Whether a rule has one of each; most have not, and cost no more than this: the resource is told first."""
    (verbs, resources, groups), (its_verbs, its_resources, its_groups) = words, wanted
    return (
        (resources is None or not resources.isdisjoint(its_resources))
        and (verbs is None or not verbs.isdisjoint(its_verbs))
        and (groups is None or not groups.isdisjoint(its_groups))
    )


class RoleBinding(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Gives a role to users, groups and service accounts; a ClusterRoleBinding in all namespaces."""

    namespace: Value = UNMAPPED
    role_kind: Value = UNMAPPED
    role_name: Value = UNMAPPED
    subjects: Value = UNMAPPED  # items of kind, name, namespace

    @cached_property
    def cluster_wide(self) -> Truth:
        """Whether it holds in all namespaces."""
        return Truth(self.type == "ClusterRoleBinding")

    @cached_property
    def to_everyone(self) -> Truth:
        """Whether people who did not say who they are receive it."""
        return self.subjects.any(lambda s: s.child("name").one_of(EVERYONE))

    @cached_property
    def to_anybody_known(self) -> Truth:
        """Whether everybody receives it who can say who he is."""
        return self.subjects.any(lambda s: s.child("name").equals(ANYBODY_KNOWN))

    @cached_property
    def administrator(self) -> Truth:
        """Whether it gives the role that may do everything."""
        return self.role_name.equals("cluster-admin") & self.role_kind.equals("ClusterRole")

    def to_account(self, test: Callable[[Value], Truth]) -> Truth:
        """Whether a service account whose name passes `test` receives it."""
        return self.subjects.any(lambda s: s.child("kind").equals("ServiceAccount") & test(s.child("name")))


class ConfigMap(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Settings handed to workloads: a ConfigMap, or a Secret, whose values are base64 and no secret in a manifest."""

    namespace: Value = UNMAPPED
    secret: Truth = UNMAPPED_TRUTH
    encoded: Value = UNMAPPED  # by key, in base64
    plain: Value = UNMAPPED  # by key

    @cached_property
    def settings(self) -> tuple[tuple[str, Value], ...]:
        """Key and value of each, decoded."""
        return (*_entries(self.plain), *((k, _decoded(v)) for k, v in _entries(self.encoded)))

    def says(self, key: str, pattern: str) -> Truth:
        """Whether the value of a key looks so; the evidence is where it stands."""
        found = [v for k, v in self.settings if k == key]
        return found[0].matches(pattern) if found else Truth(False, (self.plain,))

    def text_has(self, pattern: str) -> Truth:
        """Whether some value, most often a whole file, looks so."""
        matching = [v for _, v in self.settings if v.matches(pattern).yes]
        return Truth(True, (Value(State.KNOWN, None, matching[0].place),)) if matching else Truth(False)

    @cached_property
    def credentials(self) -> Truth:
        """Whether it holds credentials that can be read where it is written."""
        return credentials(self.settings, self.place)

    @cached_property
    def shipped_store_password(self) -> Truth:
        """Whether it holds an object store's password as that is shipped."""
        return is_default(self.settings, r"secret_?-?key|password|root_?-?password", _SHIPPED_PASSWORDS, self.place)


def _entries(said: Value) -> tuple[tuple[str, Value], ...]:
    return tuple(said.content.items()) if said.state is State.KNOWN and isinstance(said.content, Body) else ()


def _decoded(value: Value) -> Value:
    if value.state is not State.KNOWN or not isinstance(value.content, str):
        return value
    try:
        return known(base64.b64decode(value.content, validate=True).decode(), value.place)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return value  # not base64, or not text: as it is written
