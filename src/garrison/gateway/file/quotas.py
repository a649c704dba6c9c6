"""What a gateway file must not say of quotas: one that nothing can be counted for would limit nothing."""

from __future__ import annotations

import importlib.util
import zoneinfo
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from garrison.errors import nearest
from garrison.forms.places import Steps
from garrison.gateway.envoy.plan import Mount
from garrison.gateway.file.form import Quota
from garrison.gateway.file.read import Loaded


def hold(loaded: Loaded, mounts: tuple[Mount, ...]) -> None:
    """Raises ConfigError."""
    _hold_zone(loaded)
    _hold_redis(loaded)
    telling = {name for mount in mounts if mount.protocol.tells_tokens for name in mount.models}
    for steps, quota, models in _quotas(loaded):
        if quota.requests is None and quota.tokens is None:
            raise loaded.wrong(steps, "a quota of nothing", "add requests = ..., tokens = ..., or both")
        if quota.tokens is not None and not telling & set(models):
            hint = "only answers of the protocol openai tell them: write requests = ... instead"
            raise loaded.wrong((*steps, "tokens"), "no model that it holds for tells its tokens", hint)


def _quotas(loaded: Loaded) -> Iterator[tuple[Steps, Quota, Collection[str]]]:
    """All of them: where they stand, and the models that they are about."""
    said, models = loaded.gateway.quotas, loaded.gateway.model
    if said.client:
        yield ("quotas", "client"), said.client, models
    for name, quota in said.clients.items():
        yield ("quotas", "clients", name), quota, models
    for name, quota in said.role.items():
        yield ("quotas", "role", name), quota, models
    for name, model in models.items():
        if model.limits.quota:
            yield ("model", name, "limits", "quota"), model.limits.quota, (name,)
        if model.limits.client_quota:
            yield ("model", name, "limits", "client-quota"), model.limits.client_quota, (name,)


def _hold_zone(loaded: Loaded) -> None:
    zone = loaded.gateway.quotas.zone
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = nearest(zone, zoneinfo.available_timezones(), "write a name as UTC or Europe/Zurich")
        raise loaded.wrong(("quotas", "zone"), f"no time zone is called {zone}", hint) from error


def _hold_redis(loaded: Loaded) -> None:
    """What is wrong with its URL is told without it: a password may be in it."""
    redis = loaded.gateway.quotas.redis
    if redis is None:
        return
    steps: Steps = ("quotas", "redis", "url")
    try:
        found = urlsplit(redis.url)
        good = bool(found.hostname) and (found.port is None or found.port > 0)
    except ValueError:
        good = False
    if not good:
        hint = "write redis(s)://[USER[:PASSWORD]@]HOST[:PORT][/DB], with special characters of a password as %40"
        raise loaded.wrong(steps, "it names no host and port", hint)
    if found.password and redis.password_file:
        raise loaded.wrong(("quotas", "redis", "password-file"), "the URL has a password too", "keep one of them")
    if redis.ca and found.scheme != "rediss":
        raise loaded.wrong(("quotas", "redis", "ca"), "a redis URL has no certificate", "write rediss://")
    if importlib.util.find_spec("redis") is None:
        raise loaded.wrong(("quotas", "redis"), "the package redis is not installed", "install garrison[gateway]")
