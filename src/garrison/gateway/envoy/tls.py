"""TLS, always: 1.2 and 1.3 with forward secrecy and authenticated encryption only (RFC 9325), to both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.typed import Json, extension
from garrison.gateway.file.form import ServerTls, UpstreamTls

_TLS = "envoy.extensions.transport_sockets.tls.v3"
_NAME = "envoy.transport_sockets.tls"
_SYSTEM_CAS = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/cert.pem",  # macOS, BSD
)
# For TLS 1.2; those of 1.3 are all good, and BoringSSL lets nobody choose among them.
_CIPHERS = [
    f"ECDHE-{kind}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for kind in ("ECDSA", "RSA")
]
_PARAMETERS: Json = {
    "tls_minimum_protocol_version": "TLSv1_2",
    "tls_maximum_protocol_version": "TLSv1_3",
    "cipher_suites": _CIPHERS,
}


def secret_name(listener: str, what: str) -> str:
    """What a listener's certificate, or the authority of its clients, is called."""
    return f"{listener}-{what}"


def secrets(plan: Plan) -> dict[str, Json]:
    """Certificates by name, each to be a file of its own: one that is renewed is taken up without a restart."""
    found = {}
    for name, listener in sorted(plan.gateway.listener.items()):
        if listener.tls is None:
            continue
        tls = listener.tls
        found[secret_name(name, "certificate")] = {"tls_certificate": _pair(plan, tls.certificate, tls.key)}
        if tls.client_ca:
            found[secret_name(name, "clients")] = {"validation_context": _clients(plan, tls)}
    return {name: {"name": name, **secret} for name, secret in found.items()}


def listener_tls(name: str, tls: ServerTls, source: Any) -> Json:
    """The transport socket of a listener; `source` tells where a secret comes from."""
    context: dict[str, Any] = {
        "tls_params": _PARAMETERS,
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificate_sds_secret_configs": [source(secret_name(name, "certificate"))],
    }
    if tls.client_ca:
        context["validation_context_sds_secret_config"] = source(secret_name(name, "clients"))
    return extension(
        _NAME,
        f"{_TLS}.DownstreamTlsContext",
        common_tls_context=context,
        require_client_certificate=tls.client_required,
        disable_stateless_session_resumption=bool(tls.client_ca),  # a revoked client does not come back by a ticket
        disable_stateful_session_resumption=bool(tls.client_ca),
    )


def server_tls(plan: Plan, url: str, tls: UpstreamTls | None, *, grpc: bool) -> Json:
    """How a server is spoken to, and known to be the right one."""
    name = (tls and tls.server_name) or urlsplit(url).hostname or ""
    socket = verified(name, plan.file(tls.ca) if tls and tls.ca else "")
    context = socket["typed_config"]["common_tls_context"]
    context["alpn_protocols"] = ["h2"] if grpc else ["http/1.1"]
    if tls and tls.certificate:
        context["tls_certificates"] = [_pair(plan, tls.certificate, tls.key)]
    return socket


def verified(server_name: str, ca: str) -> Json:
    """TLS to a server whose certificate must carry its name, and be signed by `ca`, or by one the system knows."""
    trusted = ca or next((path for path in _SYSTEM_CAS if Path(path).exists()), _SYSTEM_CAS[0])
    names = [{"san_type": kind, "matcher": {"exact": server_name}} for kind in ("DNS", "IP_ADDRESS")]
    context = {
        "tls_params": _PARAMETERS,
        "validation_context": {"trusted_ca": {"filename": trusted}, "match_typed_subject_alt_names": names},
    }
    return extension(_NAME, f"{_TLS}.UpstreamTlsContext", sni=server_name, common_tls_context=context)


def _pair(plan: Plan, certificate: str, key: str) -> dict[str, Any]:
    return {"certificate_chain": _file(plan, certificate), "private_key": _file(plan, key)}


def _clients(plan: Plan, tls: ServerTls) -> dict[str, Any]:
    given = plan.lists.get(tls.client_crl)
    crl = _file(plan, tls.client_crl) if given is None else {"inline_string": given}
    revoked = {"crl": crl, "only_verify_leaf_cert_crl": True} if tls.client_crl else {}
    # A certificate is asked for, not demanded, so that clients with keys can connect; one that is shown must be good.
    return {"trusted_ca": _file(plan, tls.client_ca), **revoked}


def _file(plan: Plan, name: str) -> Json:
    return {"filename": plan.file(name)}
