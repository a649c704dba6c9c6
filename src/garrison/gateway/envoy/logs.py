"""The audit feed: a line of JSON per request, let through or refused, and never a credential.

A request is `allow` if it passed all filters, else `deny`; `reason` is the gateway's word for why, or Envoy's own
(`response_code_details`). Both kinds of line go into one file, which Envoy opens once.
"""

from __future__ import annotations

from typing import Any

from garrison.gateway.envoy import names
from garrison.gateway.envoy.typed import Json, extension

_FILE = "envoy.extensions.access_loggers.file.v3.FileAccessLog"
_REASON = '%COALESCE({"operators":[{"command":"DYNAMIC_METADATA","param":"garrison:reason"},"RESPONSE_CODE_DETAILS"]})%'


def logs(path: str) -> list[Json]:
    """The access logs of a listener."""
    passed, refused = _sealed("allow", or_missing=False), _sealed("deny", or_missing=True)
    return [
        {**extension("allowed", _FILE, path=path, log_format=_format("allow")), "filter": passed},
        {**extension("denied", _FILE, path=path, log_format=_format("deny")), "filter": refused},
    ]


def _sealed(decision: str, *, or_missing: bool) -> dict[str, Any]:
    matcher = {"filter": names.SEAL, "path": [{"key": "decision"}], "value": {"string_match": {"exact": decision}}}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": or_missing}}


def _format(decision: str) -> dict[str, Any]:
    return {"json_format": {**_fields(), "decision": decision}, "omit_empty_values": True}


def _fields() -> dict[str, str]:
    return {
        "time": "%START_TIME(%Y-%m-%dT%H:%M:%E3SZ)%",
        "request_id": _request("x-request-id"),
        "client": _request(names.CLIENT),
        "role": _request(names.ROLE),
        "model": _request(names.MODEL),
        "action": _request(names.ACTION),
        "protocol": _request(names.PROTOCOL),
        "reason": _REASON,
        "method": _request(":method"),
        "path": "%PATH(NQ):1024%",
        "http": "%PROTOCOL%",
        "status": "%RESPONSE_CODE%",
        "grpc_status": "%GRPC_STATUS_NUMBER%",
        "flags": "%RESPONSE_FLAGS%",
        "request_bytes": "%BYTES_RECEIVED%",
        "response_bytes": "%BYTES_SENT%",
        "duration_ms": "%DURATION%",
        "upstream": "%UPSTREAM_CLUSTER_RAW%",
        "upstream_address": "%UPSTREAM_HOST%",
        "upstream_ms": "%RESPONSE_DURATION%",
        "ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "listener": "%DOWNSTREAM_LOCAL_ADDRESS%",
        "tls_version": "%DOWNSTREAM_TLS_VERSION%",
        "tls_cipher": "%DOWNSTREAM_TLS_CIPHER%",
        "certificate": "%DOWNSTREAM_PEER_FINGERPRINT_256%",
        "policy": "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:x-garrison-policy)%",
        "input_digest": "%DYNAMIC_METADATA(garrison:input_digest)%",
    }


def _request(header: str) -> str:
    return f"%REQUEST_HEADER({header}):256%"
