"""The model of requests that name it in their body (`lua/model.lua`, filled in), so that the table can decide on it."""

from __future__ import annotations

from importlib import resources

from garrison.gateway import protocols, validation
from garrison.gateway.envoy import names
from garrison.gateway.envoy.ask import limits_table, mount_table, tree_of
from garrison.gateway.envoy.bounds import of_model
from garrison.gateway.envoy.lua_text import literal, shipped
from garrison.gateway.envoy.plan import Mount, Plan
from garrison.gateway.envoy.typed import Json, lua
from garrison.gateway.protocols.route import ModelIn
from garrison.gateway.validation.carriers import carried, carriers

_IN_BODY = {ModelIn.BODY, ModelIn.MESSAGE}


def name_model(plan: Plan) -> Json | None:
    """The filter; None where all models stand in paths."""
    if not any(route.model in _IN_BODY for mount in plan.mounts for route in mount.protocol.routes):
        return None
    _, leaves = tree_of(plan).as_lua()
    mounts = {mount.name: {**mount_table(mount, plan), "takes": _takes(mount, plan)} for mount in plan.mounts}
    filled = {"LEAVES": leaves, "MOUNTS": mounts, "LIMITS": limits_table(plan, "model")}
    values = "\n".join(f"local {name} = {literal(value)}" for name, value in filled.items())
    message = resources.files(protocols).joinpath("message.lua").read_text("utf-8")
    limits = validation.Limits(size_bytes=plan.largest_request_bytes)
    code = (
        f"{validation.prelude()}{message}\nlocal carried = {carried(carriers()['json'])}\n"
        f"local read_completion = {validation.completion_validator(limits=limits)}\n{values}\n"
        + "\n".join(shipped(name) for name in ("limit", "timeout", "model"))
    )
    return lua(names.NAME_MODEL, code)


def _takes(mount: Mount, plan: Plan) -> dict[str, int]:
    """The bytes that a model takes, where others of the mount take more: until it is known, the most of all holds."""
    kb = {model: of_model(plan.gateway, model).request_kb for model in mount.models}
    return {model: said * 1024 for model, said in kb.items() if said < max(kb.values())}
