"""The audit feed: a line of JSON per request, let through or refused, and never a credential.

A request is `allow` if it passed all filters and its model was not busy, else `deny`; `reason` is the gateway's word for why, or
Envoy's own (`response_code_details`). Both kinds of line go into one file, which Envoy opens once.
"""

from __future__ import annotations

from garrison.gateway.envoy import names
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.typed import Json, extension
from garrison.gateway.protocols.protocol import Transport

_FILE = "envoy.extensions.access_loggers.file.v3.FileAccessLog"
_REASON = '%COALESCE({"operators":[{"command":"DYNAMIC_METADATA","param":"garrison:reason"},"RESPONSE_CODE_DETAILS"]})%'


def logs(plan: Plan, name: str, path: str) -> list[Json]:
    """The access logs of a listener. Each field costs time in every request: those that can say something only."""
    fields = (
        _FIELDS | {"listener": plan.gateway.listener[name].address} | (_TLS if plan.gateway.listener[name].tls else {})
    )
    if any(mount.protocol.transport is Transport.GRPC for mount in plan.mounts):
        fields |= {"grpc_status": "%GRPC_STATUS_NUMBER%"}
    if any(map(plan.counts_tokens, plan.mounts)):
        fields |= {name: f"%DYNAMIC_METADATA({names.METADATA}:{name})%" for name in TOKENS}
    if plan.digests:
        fields |= {"input_digest": _request(names.INPUT_DIGEST)}
    if plan.samples:
        fields |= {name: f"%DYNAMIC_METADATA({names.METADATA}:{name})%" for name in ("input", "output")}
    if plan.has_residue:
        fields |= {"policy": "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:x-garrison-policy)%"}
    seal = {"name": names.DECISION, "string_match": {"exact": "allow"}}
    sealed: Json = {"header_filter": {"header": seal}}
    broken: Json = {"header_filter": {"header": {**seal, "invert_match": True, "treat_missing_header_as_empty": True}}}
    passed = {"and_filter": {"filters": [sealed, _busy(is_so=False)]}}
    refused = {"or_filter": {"filters": [broken, _busy(is_so=True)]}}
    allowed = {"decision": "allow", "reason": _REASON}
    denied = {"decision": "deny", "reason": _REASON, "connection": "%CONNECTION_ID%"}
    return [
        {**_file("allowed", path, fields | allowed), "filter": passed},
        {**_file("denied", path, fields | denied), "filter": refused},
    ]


def _busy(*, is_so: bool) -> Json:
    """Whether a request that passed all filters was refused, as its model had all that it takes at a time; or whether not."""
    said = {"filter": names.METADATA, "path": [{"key": names.BUSY}], "value": {"bool_match": is_so}}
    return {"metadata_filter": {"matcher": said, "match_if_key_not_found": not is_so}}


def _file(name: str, path: str, fields: dict[str, str]) -> Json:
    return extension(name, _FILE, path=path, log_format={"json_format": fields, "omit_empty_values": True})


def _request(header: str) -> str:
    return f"%REQUEST_HEADER({header}):256%"


_FIELDS = {
    "time": "%START_TIME%",
    "request_id": _request("x-request-id"),
    "client": _request(names.CLIENT),
    "role": _request(names.ROLE),
    "model": _request(names.MODEL),
    "action": _request(names.ACTION),
    "protocol": _request(names.PROTOCOL),
    "method": _request(":method"),
    "path": "%PATH(NQ):1024%",
    "http": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "request_bytes": "%BYTES_RECEIVED%",
    "response_bytes": "%BYTES_SENT%",
    "duration_ms": "%DURATION%",
    "upstream": "%UPSTREAM_CLUSTER_RAW%",
    "upstream_address": "%UPSTREAM_HOST%",
    "upstream_ms": "%RESPONSE_DURATION%",
    "ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
}
TOKENS = ("prompt_tokens", "completion_tokens", "total_tokens", "text_bytes")
_TLS = {
    "tls_version": "%DOWNSTREAM_TLS_VERSION%",
    "tls_cipher": "%DOWNSTREAM_TLS_CIPHER%",
    "certificate": "%DOWNSTREAM_PEER_FINGERPRINT_256%",
}
