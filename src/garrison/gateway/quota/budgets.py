"""What may be used in a day, and what of it is spent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from garrison.gateway.file.form import Gateway, Quota

UNCOUNTED: Final = "requests cannot be counted now, and those with a quota are refused until they can"


class Budgets(msgspec.Struct, frozen=True):
    """The quotas of a gateway file."""

    client: Quota = Quota()  # each client
    clients: dict[str, Quota] = {}  # those that have their own instead
    role: dict[str, Quota] = {}  # all clients of a role together
    model: dict[str, Quota] = {}  # all requests to a model together
    client_model: dict[str, Quota] = {}  # each client, of a model

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return any(quota != Quota() for quota in self._all())

    @property
    def tokens(self) -> bool:
        """Whether any is one of tokens."""
        return any(quota.tokens is not None for quota in self._all())

    def of_client(self, client: str) -> Quota:
        """What one client may use, of all models."""
        return self.clients.get(client, self.client)

    def _all(self) -> Iterator[Quota]:
        yield self.client
        for named in (self.clients, self.role, self.model, self.client_model):
            yield from named.values()


class Spent(msgspec.Struct, frozen=True):
    """Who has nothing left until a moment (seconds since 1970), by name, with what it is that is spent.

    Of `pairs`, the names are of a model and then of a client. `stopped` says why nothing that has a quota is let through.
    """

    until: int = 0
    clients: dict[str, str] = {}
    roles: dict[str, str] = {}
    models: dict[str, str] = {}
    pairs: dict[str, dict[str, str]] = {}
    stopped: str = ""


def budgets_of(gateway: Gateway) -> Budgets:
    """The quotas of a gateway file."""
    said, models = gateway.quotas, gateway.model.items()
    return Budgets(
        client=said.client or Quota(),
        clients=said.clients,
        role=said.role,
        model={name: model.limits.quota for name, model in models if model.limits.quota},
        client_model={name: model.limits.client_quota for name, model in models if model.limits.client_quota},
    )
