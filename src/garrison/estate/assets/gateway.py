"""The gateway before models: where it listens, what it stands before, what it asks of requests."""

from __future__ import annotations

from functools import cached_property

from garrison.estate.assets.asset import UNMAPPED, Asset
from garrison.estate.truth import Truth
from garrison.estate.values import Value

LOOPBACK = r"^(127(\.\d+){3}|localhost|\[?::1\]?)(:\d+)?$"
_CHANGES = r"^permit ?\( ?principal ?, ?action (==|in) .*Action::\"(load-model|unload-model|train|admin)\""
_ANYBODY = r"^permit ?\( ?principal ?, ?action ?, ?resource ?,? ?\) ?(when ?\{ ?true ?\} ?)?;$"


class GatewayListener(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Where clients of a model gateway connect."""

    listens_at: Value = UNMAPPED  # host:port
    tls: Value = UNMAPPED
    client_ca: Value = UNMAPPED  # who signs the certificates of clients
    client_crl: Value = UNMAPPED  # those that are revoked

    @cached_property
    def plain(self) -> Truth:
        """Whether others than its own machine reach it without TLS."""
        return self.tls.is_absent() & ~self.listens_at.matches(LOOPBACK)


class GatewayUpstream(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A model server behind a model gateway."""

    url: Value = UNMAPPED
    host: Value = UNMAPPED
    port: Value = UNMAPPED

    @cached_property
    def plain(self) -> Truth:
        """Whether it is asked over a network without TLS."""
        return self.url.starts_with("http://") & ~self.host.matches(LOOPBACK)


class GatewayModel(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A model that can be asked for through a model gateway."""

    schema: Value = UNMAPPED  # the file of the JSON Schema of its input
    response: Value = UNMAPPED  # what of its answers goes out


class GatewayIssuer(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Whose tokens a model gateway believes."""

    keys_at: Value = UNMAPPED  # a URL, or a file


class ModelGateway(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A gateway before model servers."""

    listeners: tuple[GatewayListener, ...] = ()
    upstreams: tuple[GatewayUpstream, ...] = ()
    models: tuple[GatewayModel, ...] = ()
    issuers: tuple[GatewayIssuer, ...] = ()
    metrics: Value = UNMAPPED  # the address that serves them to everybody; "" for none
    requests_per_second: Value = UNMAPPED  # that each client may send
    free_mb: Value = UNMAPPED  # below so much free space for the audit feed nobody is let in


class AccessRule(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A policy of Cedar: who may, or may not, do what."""

    statement: Value = UNMAPPED  # without comments, on one line

    @cached_property
    def allows_anybody(self) -> Truth:
        """Whether it permits everything to everybody."""
        return self.statement.matches(_ANYBODY)

    @cached_property
    def lets_anybody_change(self) -> Truth:
        """Whether every role may do what changes models or their server, whatever else it may ask for."""
        return self.statement.matches(_CHANGES)
