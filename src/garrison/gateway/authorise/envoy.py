"""How Envoy asks the service: the ext_authz filter and its cluster (envoy.extensions.filters.http.ext_authz.v3.ExtAuthz).

A service that is down, slow or broken refuses: `failure_mode_allow` stays off, and `status_on_error` says that it is the gateway
that failed, not the client.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from garrison.gateway.authorise import headers
from garrison.gateway.authorise.service import UNDECIDED

Json = dict[str, Any]
CLUSTER: Final = "garrison.authorise"
_TOLD: Final = (
    headers.CLIENT, headers.ROLE, headers.ACTION, headers.MODEL, headers.LOGIN, headers.SOURCE, headers.ISSUER,
    headers.CLAIMS, headers.PROTOCOL, headers.SIZE,
)  # fmt: skip


def ext_authz(*, timeout_s: float = 0.5, secret: str = "", only_if: Json | None = None) -> Json:
    """The filter's `typed_config`. `only_if` is a `type.matcher.v3.MetadataMatcher` that the residue's requests match."""
    added = [{"key": headers.SECRET, "value": secret}] if secret else []
    return {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        "transport_api_version": "V3",
        "failure_mode_allow": False,
        "status_on_error": {"code": UNDECIDED},
        "allowed_headers": _exactly(*_TOLD),
        "disallowed_headers": _exactly("authorization", "cookie"),
        "http_service": {
            "server_uri": {"uri": f"http://{CLUSTER}", "cluster": CLUSTER, "timeout": f"{timeout_s:g}s"},
            "authorization_request": {"headers_to_add": added},
            "authorization_response": {
                "allowed_client_headers": _exactly("content-type"),
                "dynamic_metadata_from_headers": _exactly(headers.POLICY),
            },
        },
        **({"filter_enabled_metadata": only_if} if only_if else {}),
    }


def cluster(socket_path: Path, *, connect_timeout_s: float = 0.25) -> Json:
    """The cluster of a service that listens on a Unix socket."""
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(socket_path)}}}}
    return {
        "name": CLUSTER,
        "type": "STATIC",
        "connect_timeout": f"{connect_timeout_s:g}s",
        "load_assignment": {"cluster_name": CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _exactly(*names: str) -> Json:
    return {"patterns": [{"exact": name} for name in names]}
