"""What builds images and models in the cloud: CodeBuild."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.keys import written_here
from garrison.estate.launch import set_variables
from garrison.estate.literals import credentials
from garrison.estate.relations import Relation, To
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import State, Value, known

_LOGIN_IN_URL = r"^[a-z+]+://[^/@\s]+:[^/@\s]+@|^https://[^/@\s]{20,}@"
_FROM_A_STORE = ("PARAMETER_STORE", "SECRETS_MANAGER")
_WHOLE = r"^\^[^|]*\$$|^\^\((\?:)?[^()]*\)\$$"


class BuildFilter(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One condition under which a push or a pull request starts a build."""

    subject: Value = UNMAPPED  # EVENT, ACTOR_ACCOUNT_ID, HEAD_REF, ...
    pattern: Value = UNMAPPED  # a regular expression

    @cached_property
    def lets_strangers_in(self) -> Truth:
        """Whether it names accounts by a pattern that others' numbers contain too."""
        return self.subject.equals("ACTOR_ACCOUNT_ID") & self.pattern.given() & ~self.pattern.matches(_WHOLE)


class BuildProject(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """How something is built: a CodeBuild project."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    image: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    privileged: Truth = UNMAPPED_TRUTH  # its container rules the machine it is on
    environment: Value = UNMAPPED  # items of name, value and type
    shown_to_all: Truth = UNMAPPED_TRUTH  # its logs and artefacts are on a public page
    logged: Truth = UNMAPPED_TRUTH
    source: Value = UNMAPPED  # the address of the code
    trusts_any_certificate: Truth = UNMAPPED_TRUTH  # of where the code comes from
    filters: tuple[BuildFilter, ...] = ()

    @cached_property
    def has_credential(self) -> Truth:
        """Whether a credential is written into a variable; one that names a secret in a store is none."""
        plain = [item for item in self.environment.items() if not _names_a_secret(item)]
        said = set_variables(known(tuple(plain), self.environment.place)) if plain else ()
        return credentials(((name.text(), value) for name, value in said), self.environment.place or self.place)

    @cached_property
    def source_has_password(self) -> Truth:
        """Whether a password or token stands in the address of its code; one that is put in at deploy time does not."""
        parts = self.source.content if isinstance(self.source.content, tuple) else (self.source,)
        text = "".join(p.content if isinstance(p.content, str) else "x" for p in parts)
        return Truth(re.search(_LOGIN_IN_URL, text) is not None, (self.source,))

    @cached_property
    def started_by_strangers(self) -> Truth:
        """Whether one of its filters names accounts by a pattern that others fit too."""
        return any_of(f.lets_strangers_in for f in self.filters)

    @property
    def public(self) -> Truth:
        return self.shown_to_all


class BuildCredential(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """With what builds fetch code: a source credential of CodeBuild."""

    token: Value = UNMAPPED

    @cached_property
    def written_in_code(self) -> Truth:
        """Whether it is written in the code."""
        return written_here(self.token)


def _names_a_secret(item: Value) -> bool:
    said = [item.child(name) for name in ("type", "Type")]
    return any(t.state is not State.ABSENT and not t.one_of(_FROM_A_STORE).no for t in said)
