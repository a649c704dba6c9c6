"""What has been used in a day, and by whom: sums that are kept up with each request, so that none is ever added up anew."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from garrison.gateway.file.form import Quota
from garrison.gateway.quota.budgets import Budgets, Spent


class Key(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Who has used what."""

    client: str
    role: str
    model: str


class Used(msgspec.Struct, frozen=True):
    """How much."""

    requests: int = 0
    tokens: int = 0

    def __add__(self, other: Used) -> Used:
        return Used(self.requests + other.requests, self.tokens + other.tokens)

    def __sub__(self, other: Used) -> Used:
        return Used(self.requests - other.requests, self.tokens - other.tokens)

    def spends(self, quota: Quota) -> str:
        """What of a quota is spent by it; "" where something of all is left."""
        if quota.requests is not None and self.requests >= quota.requests:
            return "requests"
        return "tokens" if quota.tokens is not None and self.tokens >= quota.tokens else ""


NOTHING = Used()


class Tally:
    """The sums of a day, and who has spent a quota by them."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self._clients: dict[str, Used] = {}
        self._roles: dict[str, Used] = {}
        self._models: dict[str, Used] = {}
        self._pairs: dict[tuple[str, str], Used] = {}
        self._spent = Spent(clients={}, roles={}, models={}, pairs={})

    def add(self, used: Mapping[Key, Used]) -> None:
        """Count something in."""
        budgets, spent = self._budgets, self._spent
        for (client, role, model), more in ((msgspec.structs.astuple(key), more) for key, more in used.items()):
            _use(self._clients, client, more, budgets.of_client(client), spent.clients)
            _use(self._roles, role, more, budgets.role.get(role), spent.roles)
            _use(self._models, model, more, budgets.model.get(model), spent.models)
            if quota := budgets.client_model.get(model):
                pair = self._pairs[model, client] = self._pairs.get((model, client), NOTHING) + more
                _mark(spent.pairs.setdefault(model, {}), client, pair.spends(quota))

    def spent(self, until: int) -> Spent:
        """What is spent, until a moment."""
        return msgspec.structs.replace(self._spent, until=until)


def _use(named: dict[str, Used], name: str, more: Used, quota: Quota | None, spent: dict[str, str]) -> None:
    if quota is not None:
        named[name] = named.get(name, NOTHING) + more
        _mark(spent, name, named[name].spends(quota))


def _mark(spent: dict[str, str], name: str, what: str) -> None:
    if what:
        spent[name] = what
    else:
        spent.pop(name, None)
