"""The same gateway in a cluster, as plain manifests: nothing of it runs as root, writes to its image, or talks to more than it must.

Certificates are not in them: each listener takes them from a Secret `NAME-tls` (tls.crt, tls.key, and ca.crt for clients), as
cert-manager makes them, and others for servers whose certificates it verifies (`secrets` tells which). The audit feed goes to the standard output.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import yaml

from garrison.errors import UsageError
from garrison.gateway.authorise.bundle import BUNDLE, written
from garrison.gateway.envoy.bootstrap import arguments
from garrison.gateway.envoy.compiled import BOOTSTRAP, Layout, files
from garrison.gateway.envoy.names import ASK, BODY
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.file.form import Gateway, Listener
from garrison.gateway.file.urls import address_of
from garrison.gateway.planning import AUTHORISE_SOCKET, Planned
from garrison.ledger.web import is_loopback

Json = dict[str, Any]
Held = Mapping[str, Mapping[str, str]]  # by object the files in it, by name

NAMESPACE: Final = "garrison"
"""One for the gateway alone, which the manifests make; any other is there already, and is left as it is."""

_NAME: Final = "garrison-gateway"
_AT: Final = PurePosixPath("/etc/garrison/envoy")
_CERTIFICATES: Final = PurePosixPath("/etc/garrison/tls")
_RUN: Final = "/run/garrison"
_METRICS_PORT: Final = 9464
_USER: Final = 65_532  # that of distroless images
_LARGEST_BYTES: Final = 1_000_000  # of an object; etcd takes no more
_CONFINED: Final[Json] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_PORTS: Final = {"http": 80, "https": 443}
_LABELS: Final = {"app.kubernetes.io/name": _NAME}
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123, as names of namespaces are
_PINNED: Final = re.compile(r".+@sha256:[0-9a-f]{64}")


class _Dumper(yaml.SafeDumper):
    """Writes what stands in several places several times, and texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        """Manifests are read by people."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def manifests(made: Planned, *, image: str, namespace: str, service_image: str = "") -> dict[str, str]:
    """One file of manifests, by its name. Raises ConfigError or UsageError for what cannot be run so.

    Where policies depend on the request, the authorisation service stands beside each Envoy, from the image of Garrison.
    """
    if not _PINNED.fullmatch(image):
        raise UsageError(
            "the image is not pinned", hint="add --image REGISTRY/envoy@sha256:..., of Envoy 1.40 or newer"
        )
    if made.plan.has_residue and not _PINNED.fullmatch(service_image):
        message = "some policies depend on the request: Envoy asks a service, whose image is not named by its digest"
        hint = "add --service-image REGISTRY/garrison@sha256:..., built with EXTRAS='--extra gateway', or write no such policies"
        raise UsageError(message, hint=hint)
    if not _LABEL.fullmatch(namespace):
        raise UsageError(f"{namespace!r} is no name of a namespace", hint="small letters, digits and -, at most 63")
    _hold_upstreams(made.plan, namespace)
    plan = _in_a_cluster(made.plan)
    compiled = files(plan, Layout(_AT, flat=True), f"{_RUN}/admin.sock")
    if plan.has_residue:
        compiled[BUNDLE] = written(made.bundle)
    # Hashes of keys, and the key of digests.
    secret = {name: text for name, text in compiled.items() if ASK in name or BODY in name}
    open_ = {name: text for name, text in compiled.items() if name not in secret}
    configs, callers = _packed(_NAME, open_), _packed(f"{_NAME}-callers", secret)
    objects = [
        *([_namespace(namespace), _nothing_else(namespace)] if namespace == NAMESPACE else []),
        _object("v1", "ServiceAccount", namespace, automountServiceAccountToken=False),
        *(_object("v1", "ConfigMap", namespace, name, data=held) for name, held in configs.items()),
        *(_object("v1", "Secret", namespace, name, stringData=held, type="Opaque") for name, held in callers.items()),
        _deployment(plan, (image, service_image), namespace, configs, callers),
        _service(plan, namespace),
        _network_policy(plan, namespace),
        _autoscaler(namespace),
        _disruptions(namespace),
    ]
    return {"gateway.yaml": yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=1_000_000)}


class _Needed(msgspec.Struct, frozen=True):
    """A Secret that is not in the manifests, the folder where it is mounted, and which files of the gateway file are in it."""

    name: str
    folder: str
    files: Mapping[str, str]  # by the key in the Secret


def secrets(made: Planned) -> dict[str, tuple[str, ...]]:
    """The Secrets that the manifests name and do not hold, and what must be in each."""
    return {one.name: tuple(one.files) for one in _needed(made.plan.gateway)}


def _needed(gateway: Gateway) -> list[_Needed]:
    found = [
        _Needed(f"{name}-tls", name, {"tls.crt": tls.certificate, "tls.key": tls.key, "ca.crt": tls.client_ca})
        for name, listener in sorted(gateway.listener.items())
        if (tls := listener.tls)
    ]
    servers = {name: (f"{name}-upstream", upstream.tls) for name, upstream in sorted(gateway.upstream.items())}
    if service := gateway.limits.service:
        servers[""] = ("rate-limit", service.tls)
    found += [
        _Needed(secret, f"to-{secret}", {"tls.crt": tls.certificate, "tls.key": tls.key, "ca.crt": tls.ca})
        for secret, tls in servers.values()
        if tls
    ]
    found += [
        _Needed(f"{name}-issuer", f"to-{name}-issuer", {"ca.crt": jwt.ca})
        for name, jwt in sorted(gateway.identity.jwt.items())
        if "://" in jwt.jwks
    ]
    held = (msgspec.structs.replace(one, files={k: file for k, file in one.files.items() if file}) for one in found)
    return [one for one in held if one.files]


def _packed(name: str, held: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Files without the spaces that make them good to read, in as many objects as they need. Raises UsageError for one that fits into none."""
    objects: list[dict[str, str]] = [{}]
    for file, text in sorted(held.items()):
        short = msgspec.json.format(text, indent=-1)
        if _bytes(short) > _LARGEST_BYTES:
            message = f"{file} has {_bytes(short):,} bytes, and an object of a cluster takes {_LARGEST_BYTES:,}"
            hint = "split the models over several gateways, or give Envoy the files by other means: --target files"
            raise UsageError(message, hint=hint)
        if _bytes(*objects[-1].values(), short) > _LARGEST_BYTES:
            objects.append({})
        objects[-1][file] = short
    return {f"{name}-{number}" if number else name: files for number, files in enumerate(objects)}


def _bytes(*texts: str) -> int:
    return sum(len(text.encode()) for text in texts)


def _hold_upstreams(plan: Plan, namespace: str) -> None:
    """Raises ConfigError for upstreams that are something else in a pod, or that nothing lets the gateway reach."""
    for name, upstream in plan.gateway.upstream.items():
        host = urlsplit(upstream.url).hostname or ""
        where = ("upstream", name, "url")
        if is_loopback(host):
            hint = "name the service of the model server: http://NAME.NAMESPACE.svc:PORT"
            raise plan.loaded.wrong(where, f"{host} would be the gateway's own pod", hint)
        if "." not in host and not address_of(host) and namespace == NAMESPACE:
            message = f"in namespace {namespace} nobody but the gateway is let in, and {host} would be there"
            raise plan.loaded.wrong(where, message, f"write http://{host}.NAMESPACE.svc:PORT, or name it: --namespace")


def _in_a_cluster(plan: Plan) -> Plan:
    """The plan with addresses and files as they are in a pod."""
    gateway = plan.gateway
    listeners: dict[str, Listener] = {}
    for name, listener in gateway.listener.items():
        if listener.tls is None and not listener.insecure:
            message = f"listener {name} takes plaintext: in a cluster that would be from the network"
            raise plan.loaded.wrong(("listener", name), message, "add tls = { certificate = ..., key = ... }")
        port = listener.address.rpartition(":")[2]
        if any(other.address.endswith(f":{port}") for other in listeners.values()):
            message = f"in a cluster each listener is at all addresses, and another is at port {port} too"
            raise plan.loaded.wrong(("listener", name, "address"), message, "give each a port of its own")
        listeners[name] = msgspec.structs.replace(listener, address=f"0.0.0.0:{port}")
    found = {file: f"{_CERTIFICATES / one.folder}/{key}" for one in _needed(gateway) for key, file in one.files.items()}
    running = msgspec.structs.replace(gateway.gateway, metrics=f"0.0.0.0:{_METRICS_PORT}")
    moved: Gateway = msgspec.structs.replace(gateway, listener=listeners, gateway=running)
    loaded = msgspec.structs.replace(plan.loaded, gateway=moved)
    return msgspec.structs.replace(
        plan, loaded=loaded, files=found, log="/dev/stdout", authorise_socket=f"{_RUN}/{AUTHORISE_SOCKET}"
    )


def _object(version: str, kind: str, namespace: str, name: str = _NAME, **fields: Any) -> Json:
    metadata = {"name": name, "namespace": namespace, "labels": _LABELS}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def _namespace(namespace: str) -> Json:
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": levels}}


def _deployment(plan: Plan, images: tuple[str, str], namespace: str, configs: Held, callers: Held) -> Json:
    memory_mb, running = plan.gateway.limits.memory_mb, plan.gateway.gateway
    envoy = {
        "name": "envoy",
        "image": images[0],
        "command": ["envoy"],
        "args": arguments(_AT / BOOTSTRAP, workers=running.workers, drain_s=running.drain_s),
        "ports": [{"name": name, "containerPort": port} for name, port in _ports(plan)],
        "resources": {
            "requests": {"cpu": "500m", "memory": f"{memory_mb // 2}Mi"},
            "limits": {"cpu": "2", "memory": f"{memory_mb + memory_mb // 4}Mi"},
        },
        "securityContext": _CONFINED,
        "startupProbe": {**_probe(), "failureThreshold": 60, "periodSeconds": 1},
        "readinessProbe": {**_probe(), "periodSeconds": 5},
        "livenessProbe": {**_probe(), "periodSeconds": 10, "failureThreshold": 6},
        "volumeMounts": [{"name": name, "mountPath": path, "readOnly": name != "run"} for name, path in _mounts(plan)],
    }  # fmt: skip
    spec = {
        "serviceAccountName": _NAME,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": round(running.drain_s) + 10,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": _LABELS},
            }
        ],
        "containers": [envoy, *([_authorise(images[1])] if plan.has_residue else [])],
        "volumes": _volumes(plan, configs, callers),
    }
    template = {"metadata": {"labels": _LABELS}, "spec": spec}
    fields = {"replicas": 2, "selector": {"matchLabels": _LABELS}, "template": template}
    return _object("apps/v1", "Deployment", namespace, spec=fields)


def _authorise(image: str) -> Json:
    """The service that decides what the table leaves open; until it answers, that is refused."""
    return {
        "name": "authorise",
        "image": image,
        "command": ["/opt/garrison/bin/python", "-m", "garrison.gateway.authorise"],
        "args": ["--bundle", str(_AT / BUNDLE), "--socket", f"{_RUN}/{AUTHORISE_SOCKET}"],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
        "securityContext": _CONFINED,
        "volumeMounts": [
            {"name": "envoy", "mountPath": str(_AT), "readOnly": True},
            {"name": "run", "mountPath": _RUN, "readOnly": False},
        ],
    }


def _ports(plan: Plan) -> list[tuple[str, int]]:
    own = [(name, int(x.address.rpartition(":")[2])) for name, x in sorted(plan.gateway.listener.items())]
    return [*own, ("metrics", _METRICS_PORT)]


def _probe() -> Json:
    return {"httpGet": {"path": "/ready", "port": "metrics"}, "timeoutSeconds": 2}


def _mounts(plan: Plan) -> list[tuple[str, str]]:
    own = [(one.name, str(_CERTIFICATES / one.folder)) for one in _needed(plan.gateway)]
    return [("envoy", str(_AT)), ("run", _RUN), *own]


def _volumes(plan: Plan, configs: Held, callers: Held) -> list[Json]:
    # One folder of all, so that one change of a link brings what was changed together into force.
    sources = [
        {kind: {"name": name, "items": [{"key": file, "path": file} for file in files]}}
        for kind, objects in (("configMap", configs), ("secret", callers))
        for name, files in objects.items()
    ]
    found: list[Json] = [
        {"name": "envoy", "projected": {"defaultMode": 0o440, "sources": sources}},
        {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
    ]
    found += [
        {"name": one.name, "secret": {"secretName": one.name, "defaultMode": 0o440}} for one in _needed(plan.gateway)
    ]
    return found


def _service(plan: Plan, namespace: str) -> Json:
    ports = [{"name": name, "port": port, "targetPort": name} for name, port in _ports(plan) if name != "metrics"]
    return _object("v1", "Service", namespace, spec={"type": "ClusterIP", "selector": _LABELS, "ports": ports})


def _nothing_else(namespace: str) -> Json:
    """Whatever else comes to be in the gateway's own namespace: what no other policy allows is not allowed."""
    return _object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        namespace,
        "default-deny",
        spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    )


def _network_policy(plan: Plan, namespace: str) -> Json:
    """In to the listeners, out to upstreams, to issuers of tokens and to the cluster's names, and nothing else."""
    listeners = [{"protocol": "TCP", "port": port} for name, port in _ports(plan) if name != "metrics"]
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    ingress = [{"ports": listeners}, {"from": [monitoring], "ports": [{"protocol": "TCP", "port": _METRICS_PORT}]}]
    names = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    egress: list[Json] = [{"to": [names], "ports": [{"protocol": p, "port": 53} for p in ("UDP", "TCP")]}]
    urls = {upstream.url for upstream in plan.gateway.upstream.values()}
    urls |= {jwt.jwks for jwt in plan.gateway.identity.jwt.values() if "://" in jwt.jwks}
    if service := plan.gateway.limits.service:
        urls.add(service.url)
    egress += [_way_to(url, namespace) for url in sorted(urls)]
    spec = {
        "podSelector": {"matchLabels": _LABELS},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": egress,
    }
    return _object("networking.k8s.io/v1", "NetworkPolicy", namespace, spec=spec)


def _way_to(url: str, namespace: str) -> Json:
    """The way to a service of the cluster, to an address, or to any address at that port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    ports = [{"protocol": "TCP", "port": parts.port or _PORTS[parts.scheme]}]
    words = host.split(".")
    if address := address_of(host):
        return {"to": [{"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}"}}], "ports": ports}
    if len(words) == 1 or (len(words) > 2 and words[2] == "svc"):  # noqa: PLR2004 - SERVICE.NAMESPACE.svc
        where = namespace if len(words) == 1 else words[1]
        return {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": where}}}], "ports": ports}
    return {"to": [{"ipBlock": {"cidr": cidr}} for cidr in ("0.0.0.0/0", "::/0")], "ports": ports}


def _autoscaler(namespace: str) -> Json:
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": _NAME}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 10, "metrics": [metric]}
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", namespace, spec=spec)


def _disruptions(namespace: str) -> Json:
    spec = {"minAvailable": 1, "selector": {"matchLabels": _LABELS}}
    return _object("policy/v1", "PodDisruptionBudget", namespace, spec=spec)
