"""How large requests and answers may be, and how long answers may take: the least of what model, role and client are held to.

What a model takes stands in its routes. Where roles or clients are held to less, our Lua says in a header by what, and there are
routes of their own for each such bound: so Envoy holds them where it holds those of models, to the byte, however a body comes.
A request of anybody else has no such header, and is as quick as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from garrison.gateway.file.form import MOST_KB, MOST_S, CallerLimits, Gateway
from garrison.gateway.file.read import Loaded

_KEYS: Final = ("request-kb", "response-kb", "timeout-s")
_MOST: Final = 32  # kinds of bounds: each has a route for each model and action


class Bound(msgspec.Struct, frozen=True, order=True):
    """What something is held to; where nothing is said, to what a file can say at the most."""

    request_kb: int = MOST_KB
    response_kb: int = MOST_KB
    timeout_s: float = MOST_S

    @property
    def name(self) -> str:
        """What it is called in the header: by what it says, as the header and the routes change one after the other."""
        return f"{self.request_kb}-{self.response_kb}-{self.timeout_s:.15g}"

    def and_(self, other: Bound) -> Bound:
        """Both at once."""
        return Bound(
            min(self.request_kb, other.request_kb),
            min(self.response_kb, other.response_kb),
            min(self.timeout_s, other.timeout_s),
        )


NONE: Final = Bound()


def of_model(gateway: Gateway, model: str) -> Bound:
    """What a model is held to; a server, where the model is none."""
    own, all_ = gateway.model[model].limits if model in gateway.model else None, gateway.limits
    return Bound(
        (own and own.request_kb) or all_.request_kb,
        (own and own.response_kb) or all_.response_kb,
        (own and own.timeout_s) or all_.timeout_s,
    )


def of_caller(gateway: Gateway, role: str, client: str) -> Bound:
    """What a client in a role is held to, whatever it asks."""
    limits = gateway.limits
    return _said(limits.role.get(role)).and_(_said(limits.clients.get(client)))


def of_callers(gateway: Gateway) -> list[Bound]:
    """All that there are but none: of each client that is named, and of all others, in each role."""
    limits = gateway.limits
    roles, clients = ({NONE, *_bounded(said).values()} for said in (limits.role, limits.clients))
    return sorted({role.and_(client) for role in roles for client in clients} - {NONE})


def hold(loaded: Loaded) -> None:
    """Raises ConfigError where there are too many."""
    if (count := len(of_callers(loaded.gateway))) > _MOST:
        message = f"roles and clients together are held to {count} different sets of sizes and times, more than {_MOST}"
        raise loaded.wrong(
            ("limits", "clients"), message, "let some have the same request-kb, response-kb and timeout-s"
        )


def warnings(loaded: Loaded) -> Iterator[str]:
    """Of what a file says in vain: who may have more than any model gives has no more than that."""
    gateway = loaded.gateway
    most = [max(all_) for all_ in zip(*(_amounts(of_model(gateway, m)) for m in ("", *gateway.model)), strict=True)]
    for kind, several in (("role", gateway.limits.role), ("clients", gateway.limits.clients)):
        for name, said in several.items():
            for key, own, given in zip(_KEYS, (said.request_kb, said.response_kb, said.timeout_s), most, strict=True):
                if own is not None and own > given:
                    yield f"limits.{kind}.{name}: {key} = {own:g} holds nobody to anything: no model has more than {given:g}"


def bounds_table(gateway: Gateway) -> dict[str, Any] | None:
    """The same for Lua: by client a row, and in it by role the name of the bound; None where there is none."""
    roles, clients = _bounded(gateway.limits.role), _bounded(gateway.limits.clients)
    if not roles and not clients:
        return None
    rows = {
        own.name: {role: own.and_(bound).name for role, bound in roles.items()}
        | ({"": own.name} if own != NONE else {})
        for own in {NONE, *clients.values()}
    }
    return {"rows": rows, "clients": {client: own.name for client, own in clients.items()}, "others": NONE.name}


def _bounded(said: Mapping[str, CallerLimits]) -> dict[str, Bound]:
    """Those who are held to something."""
    return {name: bound for name, limits in said.items() if (bound := _said(limits)) != NONE}


def _amounts(bound: Bound) -> tuple[float, ...]:
    return bound.request_kb, bound.response_kb, bound.timeout_s


def _said(limits: CallerLimits | None) -> Bound:
    if limits is None:
        return NONE
    return Bound(limits.request_kb or MOST_KB, limits.response_kb or MOST_KB, limits.timeout_s or MOST_S)
