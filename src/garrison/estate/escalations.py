"""Ways from a few permissions to the rights of a stronger identity."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from garrison.estate.policies import Statement
from garrison.estate.truth import Truth, all_of, any_of

# A kind of resource in an ARN: `role/`, `notebook-instance/`, `function:`.
_KIND = r"[\w-]+[/:]"


class Escalation(msgspec.Struct, frozen=True):
    """Permissions that together lead to the rights of a stronger identity."""

    needs: tuple[str, ...]
    ml: bool = False  # through a service that runs the code of data scientists

    @property
    def passes_role(self) -> bool:
        """Whether a role is handed to a service on the way."""
        return "iam:PassRole" in self.needs


@cache
def escalations() -> tuple[Escalation, ...]:
    """Every way that is known, in the order of the data file."""
    said = tomllib.loads(Path(__file__).with_name("escalations.toml").read_text("utf8"))
    return tuple(msgspec.convert(list(said.values()), list[Escalation]))


def open_ways(statements: tuple[Statement, ...], among: Iterable[Escalation]) -> tuple[Truth, str]:
    """Whether a policy opens one of these ways, on every resource and under no condition; and which, for people."""
    memo: dict[str, Truth] = {}

    def allowed(action: str) -> Truth:
        if action not in memo:
            memo[action] = _everywhere(statements, action)
        return memo[action]

    truths = [(way, all_of(allowed(action) for action in way.needs)) for way in among]
    named = [" and ".join(way.needs) for way, truth in truths if truth.yes]
    more = f" (and more: {len(named)} ways)" if len(named) > 1 else ""
    return any_of(truth for _, truth in truths), (named[0] if named else "some of its actions") + more


def _everywhere(statements: tuple[Statement, ...], action: str) -> Truth:
    """Whether an action is allowed on every resource of its service, and nowhere denied for all of them."""
    service = action.partition(":")[0]

    def whole(statement: Statement) -> Truth:
        return statement.names(action) & statement.every_resource_of(service, _KIND) & ~statement.conditional

    allowed = any_of(s.allows & whole(s) for s in statements)
    return allowed if allowed.no else allowed & ~any_of(s.effect.equals("Deny") & whole(s) for s in statements)
