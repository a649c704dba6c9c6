"""What the table leaves open: the authorisation service is asked, on the routes where that can happen, and on no others."""

from __future__ import annotations

from pathlib import Path

from garrison.gateway.authorise import envoy, headers
from garrison.gateway.envoy import names
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.typed import Json, typed
from garrison.policy.actions import Action

_OFF = typed("envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute", disabled=True)
# What only the service is told.
TOLD = (headers.LOGIN, headers.SOURCE, headers.ISSUER, headers.CLAIMS, headers.SIZE)


def residue(plan: Plan) -> Json | None:
    """The filter; None where the table decides everything."""
    return {"name": names.RESIDUE, "typed_config": envoy.ext_authz()} if plan.has_residue else None


def residue_on(plan: Plan, subject: str, action: Action) -> dict[str, Json]:
    """What a route says of it: nothing where it has to be asked, which it is unless a route says otherwise."""
    if not plan.has_residue or (subject, action) in plan.open_questions:
        return {}
    return {names.RESIDUE: _OFF}


def cluster(plan: Plan) -> Json | None:
    """Where the service is; None where there is none."""
    return envoy.cluster(Path(plan.authorise_socket)) if plan.has_residue else None
