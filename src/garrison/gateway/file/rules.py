"""What a gateway file must not say although its form is right."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path

from garrison.errors import ConfigError, nearest
from garrison.forms.places import Steps
from garrison.gateway.file import servers
from garrison.gateway.file.form import CallerLimits, Gateway, Listener, Model
from garrison.gateway.file.read import Loaded
from garrison.gateway.file.urls import fault, is_port
from garrison.gateway.response.policy import blames
from garrison.policy.identity import check_rule
from garrison.policy.policies import files_in

_METRICS: Steps = ("gateway", "metrics")
_LONGEST_SOCKET = 100  # bytes of a path that a Unix socket can have, with room for its name


def hold(loaded: Loaded) -> None:
    """Raises ConfigError for what is unsafe, or cannot be."""
    for name, listener in loaded.gateway.listener.items():
        _hold_listener(loaded, name, listener)
    running = loaded.gateway.gateway
    if running.metrics and not _loopback(loaded, _METRICS, running.metrics) and not running.metrics_insecure:
        hint = "write 127.0.0.1:PORT, or add metrics-insecure = true where only those who may read it can connect"
        raise loaded.wrong(
            _METRICS, f"{running.metrics} would tell the network, in plaintext, what is asked here", hint
        )
    _hold_apart(loaded)
    _hold_urls(loaded)
    servers.hold(loaded)
    _hold_descriptions(loaded)
    _hold_limits(loaded)
    _hold_identity(loaded)
    _hold_files(loaded)
    _hold_key_sets(loaded)
    hold_places(loaded)
    for name, model in loaded.gateway.model.items():
        _hold_answers(loaded, name, model)
    if len(str(loaded.state.resolve())) > _LONGEST_SOCKET:
        message = f"a socket cannot lie in a path of more than {_LONGEST_SOCKET} bytes"
        raise loaded.wrong(("gateway", "state"), message, "name a shorter folder, as /var/lib/garrison")


def warnings(loaded: Loaded) -> list[str]:
    """What is allowed, and told at each start."""
    metrics = loaded.gateway.gateway.metrics
    told = [
        f"listener {name} takes plaintext on {listener.address}: keys and data can be read on the way"
        for name, listener in loaded.gateway.listener.items()
        if listener.tls is None and not _loopback(loaded, ("listener", name, "address"), listener.address)
    ]
    if metrics and not _loopback(loaded, _METRICS, metrics):
        told.append(f"metrics are told in plaintext on {metrics}, to everybody who can connect")
    return told


def _hold_listener(loaded: Loaded, name: str, listener: Listener) -> None:
    steps: Steps = ("listener", name, "address")
    loopback = _loopback(loaded, steps, listener.address)
    if listener.tls is None and not loopback and not listener.insecure:
        hint = "add tls = { certificate = ..., key = ... }; garrison gateway certs makes them for development"
        raise loaded.wrong(steps, f"{listener.address} would take plaintext from the network", hint)
    if listener.tls and listener.tls.client_required and not listener.tls.client_ca:
        hint = "add client-ca: the PEM file of who signs the certificates of clients"
        raise loaded.wrong(("listener", name, "tls"), "client-required without client-ca", hint)
    if listener.tls and listener.tls.client_crl and not listener.tls.client_ca:
        raise loaded.wrong(("listener", name, "tls"), "client-crl without client-ca", "add client-ca")


def _loopback(loaded: Loaded, steps: Steps, address: str) -> bool:
    """Whether only this machine can connect to an address. Raises ConfigError for what is none."""
    return _address(loaded, steps, address)[0].is_loopback


def _address(loaded: Loaded, steps: Steps, address: str) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
    """Where to listen. Raises ConfigError for what is no address."""
    host, _, port = address.rpartition(":")
    hint = 'write HOST:PORT with a numeric host, as "0.0.0.0:8443" or "[::]:8443"'
    try:
        bracketed = re.fullmatch(r"\[([^%]*)\]", host)  # a zone after % is none of Envoy's
        found = ipaddress.IPv6Address(bracketed[1]) if bracketed else ipaddress.IPv4Address(host)
    except ValueError as error:
        raise loaded.wrong(steps, f"{address!r} is no address", hint) from error
    if not is_port(port):
        raise loaded.wrong(steps, f"{address!r} has no port", hint)
    return found, int(port)


def _hold_apart(loaded: Loaded) -> None:
    """No two listeners are at one address."""
    taken: dict[object, str] = {}
    for name, listener in loaded.gateway.listener.items():
        steps = ("listener", name, "address")
        other = taken.setdefault(_address(loaded, steps, listener.address), name)
        if other != name:
            message = f"the listener {other} is at {listener.address} too"
            raise loaded.wrong(steps, message, "give each a port of its own")


def _hold_urls(loaded: Loaded) -> None:
    gateway, hint = loaded.gateway, "write it as http://HOST:PORT or https://HOST:PORT"
    said: list[tuple[Steps, str]] = [(("upstream", name, "url"), one.url) for name, one in gateway.upstream.items()]
    if gateway.limits.service:
        said.append((("limits", "service", "url"), gateway.limits.service.url))
    for steps, url in said:
        if wrong := fault(url, ("http", "https")):
            raise loaded.wrong(steps, wrong, hint)
    for name, jwt in gateway.identity.jwt.items():
        steps = ("identity", "jwt", name, "jwks")
        if jwt.jwks.startswith("http:"):
            raise loaded.wrong(steps, "keys over plaintext can be swapped on the way", "write an https URL")
        if "://" in jwt.jwks and (wrong := fault(jwt.jwks, ("https",), path=True, underscore=False)):
            raise loaded.wrong(steps, wrong, "write it as https://HOST/PATH, or name a file")


def _hold_descriptions(loaded: Loaded) -> None:
    """What only openapi reads is not said of others, for whom it would do nothing."""
    for name, upstream in loaded.gateway.upstream.items():
        for key, value in (("description", upstream.description), ("actions", upstream.actions)):
            if value and upstream.protocol != "openapi":
                hint = f'take it out, or write protocol = "openapi" in the place of "{upstream.protocol}"'
                raise loaded.wrong(("upstream", name, key), "only an upstream of openapi has one", hint)


def _hold_identity(loaded: Loaded) -> None:
    identity = loaded.gateway.identity
    if identity.keys and _is_reserved(identity.keys.header):
        message = f"{identity.keys.header} says something else, or is taken away before keys are looked for"
        hint = 'write a header of its own, as "x-api-key"; Authorization: Bearer grs_... is read in any case'
        raise loaded.wrong(("identity", "keys", "header"), message, hint)
    if identity.certificate and not any(x.tls and x.tls.client_ca for x in loaded.gateway.listener.values()):
        message = "certificates of clients are told apart, but no listener has a client-ca"
        raise loaded.wrong(("identity", "certificate"), message, "add client-ca to a listener's tls")
    for number, rule in enumerate(identity.certificate):
        try:
            check_rule(rule)
        except ConfigError as error:
            raise loaded.wrong(("identity", "certificate", number, "san"), error.message, error.hint) from error


def _is_reserved(header: str) -> bool:
    said = tomllib.loads(Path(__file__).with_name("reserved.toml").read_text(encoding="utf-8"))
    return header in said["names"] or header.startswith(tuple(said["prefixes"]))


def _hold_limits(loaded: Loaded) -> None:
    for kind, several in (("role", loaded.gateway.limits.role), ("clients", loaded.gateway.limits.clients)):
        for name, said in several.items():
            steps: Steps = ("limits", kind, name)
            if said == CallerLimits():
                hint = "add per-second, request-kb, response-kb or timeout-s, or take it out"
                raise loaded.wrong(steps, "a limit of nothing", hint)
            if said.burst and said.per_second is None:
                raise loaded.wrong((*steps, "burst"), "burst without per-second", "add per-second, or take it out")


def _hold_answers(loaded: Loaded, name: str, model: Model) -> None:
    steps: Steps = ("model", name, "sample")
    if model.sample and not (model.schema or model.response):
        message = "the bodies of this model are not looked into"
        raise loaded.wrong(steps, message, "add a schema or a response policy")
    if model.sample and not (model.sample.input or model.sample.output):
        raise loaded.wrong(steps, "a sample of nothing", "leave input = true, add output = true, or take it out")
    for where, policy in (("response",), model.response), (("sample", "redact"), model.sample and model.sample.redact):
        for wrong in blames(policy) if policy else ():
            raise loaded.wrong(("model", name, *where, *wrong.steps), wrong.message, wrong.hint)


def hold_roles(loaded: Loaded, listed: Collection[str]) -> None:
    """Raises ConfigError for a role that is in no roles file."""
    gateway = loaded.gateway
    said: list[tuple[Steps, str]] = [(("limits", "role", role), role) for role in gateway.limits.role]
    said += [(("quotas", "role", role), role) for role in gateway.quotas.role]
    said += [(("identity", "certificate", n, "role"), rule.role) for n, rule in enumerate(gateway.identity.certificate)]
    for name, jwt in gateway.identity.jwt.items():
        said += [(("identity", "jwt", name, "roles", value), role) for value, role in jwt.roles.items()]
    for name, model in gateway.model.items():
        said += [
            (("model", name, "response", "role", role), role)
            for role in (model.response.role if model.response else ())
        ]
    for steps, role in said:
        if role not in listed:
            hint = nearest(role, listed, f"one of: {', '.join(sorted(listed))}")
            raise loaded.wrong(steps, f"no role is called {role}", hint)


def _hold_files(loaded: Loaded) -> None:
    """Every file that is named can be read."""
    for steps, name in named_files(loaded):
        try:
            with loaded.beside(name).open("rb"):
                pass
        except OSError as error:
            raise loaded.unread(steps, name, error) from error
        except ValueError as error:
            raise loaded.wrong(steps, f"{name!r} is no path", "write a path without a NUL byte") from error


def _hold_key_sets(loaded: Loaded) -> None:
    """Envoy takes no file without a key that it knows, and does not say which file it was."""
    for name, jwt in loaded.gateway.identity.jwt.items():
        if "://" not in jwt.jwks:
            from garrison.gateway.issuers.key_set import usable

            if wrong := usable(loaded.beside(jwt.jwks).read_bytes()):
                hint = 'it has to be {"keys": [{"kty": ...}, ...]} (RFC 7517), as an issuer serves it at its jwks_uri'
                raise loaded.wrong(("identity", "jwt", name, "jwks"), f"{jwt.jwks} {wrong}", hint)


def hold_places(loaded: Loaded) -> None:
    """Where the gateway writes, nothing is in the way. Raises ConfigError."""
    for steps, path, folder in (
        (("gateway", "state"), loaded.state, loaded.state),
        (("log", "file"), loaded.log, loaded.log.parent),
    ):
        if "\0" in str(path):
            raise loaded.wrong(steps, f"{str(path)!r} is no path", "write a path without a NUL byte")
        there = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), folder)
        if not os.path.isdir(there):  # noqa: PTH112 - Path's own raises where it may not look
            raise loaded.wrong(steps, f"{there} is no folder", "name a place where a folder is, or can be made")
    if os.path.isdir(loaded.log):  # noqa: PTH112
        raise loaded.wrong(("log", "file"), f"{loaded.log} is a folder", "name a file")


def named_files(loaded: Loaded) -> list[tuple[Steps, str]]:
    """The files that a gateway file names, and where it does."""
    gateway = loaded.gateway
    found: list[tuple[Steps, str]] = []
    for name, listener in gateway.listener.items():
        if listener.tls:
            for key in ("certificate", "key", "client_ca", "client_crl"):
                found.append((("listener", name, "tls", key.replace("_", "-")), getattr(listener.tls, key)))
    for name, upstream in gateway.upstream.items():
        found.append((("upstream", name, "description"), upstream.description))
        if upstream.tls:
            for key in ("ca", "certificate", "key"):
                found.append((("upstream", name, "tls", key), getattr(upstream.tls, key)))
    for name, model in gateway.model.items():
        found.append((("model", name, "schema"), model.schema))
    for name, jwt in gateway.identity.jwt.items():
        found.append((("identity", "jwt", name, "ca"), jwt.ca))
        found.append((("identity", "jwt", name, "jwks"), "" if "://" in jwt.jwks else jwt.jwks))
    if service := gateway.limits.service:
        for key in ("ca", "certificate", "key") if service.tls else ():
            found.append((("limits", "service", "tls", key), getattr(service.tls, key)))
    found += _of_servers(gateway)
    return [(steps, name) for steps, name in (*found, *_policy_files(loaded)) if name]


def _policy_files(loaded: Loaded) -> Iterator[tuple[Steps, str]]:
    yield ("policy", "roles"), loaded.gateway.policy.roles
    for number, name in enumerate(loaded.gateway.policy.cedar):
        folder = loaded.beside(name)
        within = [str(Path(name, path.relative_to(folder))) for path in files_in(folder)] if folder.is_dir() else [name]
        yield from ((("policy", "cedar", number), one) for one in within)


def _of_servers(gateway: Gateway) -> list[tuple[Steps, str]]:
    """Those that let in to what several gateways share, and to the queue."""
    redis, queue = gateway.quotas.redis, gateway.batch
    shared: Steps = ("quotas", "redis")
    found: list[tuple[Steps, str]] = []
    if redis:
        found += [((*shared, "password-file"), redis.password_file), ((*shared, "ca"), redis.ca)]
    if queue:
        found += [(("batch", "credentials"), queue.credentials), (("batch", "ca"), queue.ca)]
    return found


def watched(loaded: Loaded) -> list[Path]:
    """The files whose change is a reason to read everything again, and the folders that policies may come into."""
    named = [loaded.beside(name) for name in loaded.gateway.policy.cedar]
    folders = [inner for folder in named if folder.is_dir() for inner in (folder, *folder.rglob("*/"))]
    return [loaded.path, *folders, *(loaded.beside(name) for _, name in named_files(loaded))]
