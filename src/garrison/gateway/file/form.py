"""What `gateway.toml` can say. Every key has a default that is safe; `docs/gateway.md` shows a file.

Paths are from the file's own folder. Units stand in the names; a kilobyte has 1,024 bytes.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from garrison.gateway.response.policy import Policy as Shape
from garrison.gateway.response.policy import Response
from garrison.policy.identity import CertificateRule

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
MODEL_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9._:/@-]*$"
STREAM_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"  # of NATS: a dot would begin another part of a subject

Name = Annotated[str, Meta(pattern=NAME_PATTERN, max_length=128)]
ModelName = Annotated[str, Meta(pattern=MODEL_PATTERN, max_length=256)]
StreamName = Annotated[str, Meta(pattern=STREAM_PATTERN, max_length=128)]
MOST_KB, MOST_S = 1_048_576, 86_400.0
Kilobytes = Annotated[int, Meta(gt=0, le=MOST_KB)]
Seconds = Annotated[float, Meta(gt=0, le=MOST_S)]
Count = Annotated[int, Meta(gt=0, le=1_000_000_000)]
Amount = Annotated[int, Meta(gt=0, le=1_000_000_000_000_000)]
ClientName = Annotated[str, Meta(min_length=1, max_length=128)]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """How all tables of the file are read."""


class Running(_Table, frozen=True):
    """`[gateway]`: the gateway itself."""

    state: Annotated[str, Meta(description="Folder of what is compiled, of the admin socket and of keys.")] = "state"
    ledger: Annotated[str, Meta(description="Folder of a ledger that is told of each change; empty for none.")] = ""
    metrics: Annotated[str, Meta(description="Address that serves Prometheus at /metrics; empty for none.")] = ""
    metrics_insecure: Annotated[bool, Meta(description="Allow that on an address that is not loopback.")] = False
    drain_s: Annotated[Seconds, Meta(description="How long open requests may take after SIGTERM.")] = 10.0
    workers: Annotated[int, Meta(ge=0, le=1024, description="Envoy's worker threads; 0 for one per core.")] = 0
    trusted_proxies: Annotated[
        int,
        Meta(
            ge=0,
            le=16,
            description="Proxies in front, whose X-Forwarded-For is believed; without, all behind one share a limit.",
        ),
    ] = 0


class ServerTls(_Table, frozen=True):
    """What a listener shows, and whom it asks for a certificate."""

    certificate: Annotated[str, Meta(description="PEM file: the server's certificate and its chain.")]
    key: Annotated[str, Meta(description="PEM file: its private key.")]
    client_ca: Annotated[str, Meta(description="PEM file: who signs the certificates of clients.")] = ""
    client_crl: Annotated[
        str,
        Meta(
            description="PEM file: revocation lists that these have signed; without one that holds now nothing starts."
        ),
    ] = ""
    client_required: Annotated[bool, Meta(description="Refuse connections without a client's certificate.")] = False


class Listener(_Table, frozen=True):
    """`[listener.NAME]`: where clients connect."""

    address: Annotated[str, Meta(description="HOST:PORT; an IPv6 address stands in brackets.")]
    tls: ServerTls | None = None
    insecure: Annotated[bool, Meta(description="Allow plaintext on an address that is not loopback.")] = False


class UpstreamTls(_Table, frozen=True):
    """How the gateway knows that an upstream is the right one."""

    ca: Annotated[str, Meta(description="PEM file: who signs its certificate; the system's own if empty.")] = ""
    server_name: Annotated[str, Meta(description="The name its certificate must carry; the URL's if empty.")] = ""
    certificate: Annotated[str, Meta(description="PEM file: the gateway's own certificate, if it asks.")] = ""
    key: Annotated[str, Meta(description="PEM file: the private key of that.")] = ""


class Upstream(_Table, frozen=True):
    """`[upstream.NAME]`: a model server."""

    protocol: Annotated[str, Meta(description="What it speaks, as open-inference, open-inference-grpc or openai.")]
    url: Annotated[str, Meta(pattern=r"^https?://[^/@?#]+/?$", description="http(s)://HOST:PORT.")]
    prefix: Annotated[
        str, Meta(pattern=r"^(/[A-Za-z0-9_][A-Za-z0-9._~-]*)*$", description="Before its paths; it does not see it.")
    ] = ""
    description: Annotated[str, Meta(description="Its OpenAPI file, for protocol openapi.")] = ""
    actions: Annotated[dict[str, str], Meta(description="For protocol openapi: from operations to actions.")] = {}
    tls: UpstreamTls | None = None
    concurrent: Annotated[Count, Meta(description="Requests at a time; more are refused.")] = 1024


class Rate(_Table, frozen=True):
    """How often: so many per second on average, and at most `burst` at once (twice as many if it is not said)."""

    per_second: Annotated[float, Meta(gt=0, le=1_000_000)]
    burst: Annotated[int, Meta(ge=0, le=100_000_000)] = 0

    @property
    def at_once(self) -> int:
        """The size of the bucket."""
        return self.burst or max(1, round(self.per_second * 2))

    def and_(self, other: Rate) -> Rate:
        """Both at once, as near as one can say it: no more than either lets through."""
        return Rate(min(self.per_second, other.per_second), min(self.at_once, other.at_once))


class CallerLimits(_Table, frozen=True):
    """What a client, or who has a role, may ask: how often, and how much at a time. Of sizes and times the least holds."""

    per_second: Annotated[float, Meta(gt=0, le=1_000_000, description="On average.")] | None = None
    burst: Annotated[int, Meta(ge=0, le=100_000_000, description="At once; twice as many if it is not said.")] = 0
    request_kb: Annotated[Kilobytes, Meta(description="Size of a request's body.")] | None = None
    response_kb: Annotated[Kilobytes, Meta(description="Size of an answer.")] | None = None
    timeout_s: (
        Annotated[Seconds, Meta(description="Until an answer is complete; of a stream, between its parts.")] | None
    ) = None

    @property
    def rate(self) -> Rate | None:
        """How often, where that is said."""
        return None if self.per_second is None else Rate(self.per_second, self.burst)


class Quota(_Table, frozen=True):
    """How much a day: requests that infer something, and tokens of questions and answers."""

    requests: Annotated[Amount, Meta(description="Requests that are let through.")] | None = None
    tokens: Annotated[Amount, Meta(description="Tokens, of protocols whose answers tell them, as openai.")] | None = (
        None
    )


class ModelLimits(_Table, frozen=True):
    """What one model bears; what is not said is what `[limits]` says."""

    rate: Rate | None = None
    quota: Annotated[Quota, Meta(description="A day, of all clients together.")] | None = None
    client_quota: Annotated[Quota, Meta(description="A day, of each client.")] | None = None
    concurrent: Annotated[Count, Meta(description="Requests at a time; more are refused.")] | None = None
    request_kb: Kilobytes | None = None
    response_kb: Kilobytes | None = None
    timeout_s: (
        Annotated[Seconds, Meta(description="Until an answer is complete; of a stream, between its parts.")] | None
    ) = None


class Sample(_Table, frozen=True):
    """`[model.NAME.sample]`: what of some requests that were let through stands in the audit feed."""

    share: Annotated[float, Meta(gt=0, le=1, description="Of all requests: 0.01 is one in a hundred.")]
    input: Annotated[bool, Meta(description="What was asked.")] = True
    output: Annotated[bool, Meta(description="What was answered, where that is JSON.")] = False
    redact: Annotated[Shape, Meta(description="What is left out, in the words of a response policy.")] = Shape()
    size_kb: Annotated[int, Meta(gt=0, le=64, description="Of each at most so much; the rest is cut off.")] = 4


class Model(_Table, frozen=True):
    """`[model.NAME]`: a model that can be asked for. One that is not named here cannot."""

    upstream: Annotated[str | tuple[str, ...], Meta(description="The upstream that serves it, or one per protocol.")]
    schema: Annotated[str, Meta(description="What it takes: a JSON Schema, or tensors, as a file.")] = ""
    response: Annotated[Response, Meta(description="What of its answers goes out; all of it if unsaid.")] | None = None
    sample: Annotated[Sample, Meta(description="Needs a schema or a response policy.")] | None = None
    limits: ModelLimits = ModelLimits()
    labels: Annotated[tuple[Name, ...], Meta(description="What policies can speak of, as restricted.")] = ()

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The upstreams that serve it."""
        return (self.upstream,) if isinstance(self.upstream, str) else self.upstream


class Keys(_Table, frozen=True):
    """`[identity.keys]`: API keys, kept as hashes only."""

    file: Annotated[str, Meta(description="The store of `garrison keys`; in the state folder if empty.")] = ""
    header: Annotated[str, Meta(pattern=r"^[a-z0-9-]+$", description="The header that carries a key.")] = "x-api-key"


class Jwt(_Table, frozen=True):
    """`[identity.jwt.NAME]`: tokens of one issuer (RFC 7519)."""

    issuer: Annotated[str, Meta(min_length=1, description="The `iss` of its tokens.")]
    audiences: Annotated[tuple[str, ...], Meta(min_length=1, description="One of them must be in `aud`.")]
    jwks: Annotated[str, Meta(min_length=1, description="Its keys: an https URL, or a file.")]
    ca: Annotated[str, Meta(description="PEM file: who signs the URL's certificate; the system's if empty.")] = ""
    client: Annotated[str, Meta(min_length=1, description="The claim that names the client.")] = "sub"
    role: Annotated[str, Meta(min_length=1, description="The claim that leads to a role; a dot goes deeper.")] = "roles"
    roles: Annotated[dict[str, Name], Meta(description="From its values to roles; they are roles if unsaid.")] = {}
    require: Annotated[dict[str, str], Meta(description="Claims, and what they must be or contain.")] = {}
    cache_minutes: Annotated[float, Meta(ge=0.05, le=1440, description="How long keys from a URL are kept.")] = 10.0


class Identity(_Table, frozen=True):
    """`[identity]`: how clients prove who they are. Nobody is let in where nothing is said."""

    keys: Keys | None = None
    jwt: dict[Name, Jwt] = {}
    certificate: Annotated[tuple[CertificateRule, ...], Meta(description="Whose certificate is which client.")] = ()


class Policy(_Table, frozen=True):
    """`[policy]`: who may do what."""

    roles: Annotated[str, Meta(description="File of roles, over those that are shipped.")] = ""
    cedar: Annotated[tuple[str, ...], Meta(description="Files of Cedar policies, over those that are shipped.")] = ()


class Limits(_Table, frozen=True):
    """`[limits]`: what holds for everybody."""

    client: Annotated[Rate, Meta(description="Each client that `clients` says no rate of.")] = Rate(
        per_second=50, burst=100
    )
    ip: Annotated[Rate, Meta(description="Each address, before anybody is asked who he is.")] = Rate(
        per_second=100, burst=200
    )
    role: Annotated[dict[Name, CallerLimits], Meta(description="Rates: all of a role together; the rest: each.")] = {}
    clients: Annotated[
        dict[ClientName, CallerLimits], Meta(description="Clients by name, as corp:ada for tokens.")
    ] = {}
    service: Annotated[RateService, Meta(description="Limits that several gateways share.")] | None = None
    request_kb: Annotated[Kilobytes, Meta(description="Size of a request's body.")] = 1024
    response_kb: Annotated[Kilobytes, Meta(description="Size of an answer.")] = 16_384
    timeout_s: Annotated[Seconds, Meta(description="Until an answer is complete; of a stream, between its parts.")] = (
        30.0
    )
    header_kb: Annotated[int, Meta(gt=0, le=8192, description="Size of all headers of a request.")] = 32
    header_count: Annotated[int, Meta(gt=0, le=1000)] = 64
    header_timeout_s: Annotated[Seconds, Meta(description="Until all headers have come.")] = 10.0
    body_timeout_s: Annotated[Seconds, Meta(description="Until the whole request has come.")] = 30.0
    idle_timeout_s: Annotated[Seconds, Meta(description="Until an idle connection is closed.")] = 120.0
    connections: Annotated[Count, Meta(description="Connections at a time.")] = 10_000
    streams: Annotated[int, Meta(gt=0, le=10_000, description="Requests at a time in one HTTP/2 connection.")] = 100
    memory_mb: Annotated[int, Meta(gt=0, description="Heap of Envoy at which it begins to refuse.")] = 1024


class Redis(_Table, frozen=True):
    """`[quotas.redis]`: where several gateways add up what they have counted."""

    url: Annotated[str, Meta(pattern=r"^rediss?://\S+$", description="redis(s)://[USER[:PASSWORD]@]HOST[:PORT][/DB].")]
    password_file: Annotated[str, Meta(description="File with the password, if the URL has none.")] = ""
    ca: Annotated[str, Meta(description="PEM file: who signs its certificate; the system's own if empty.")] = ""
    prefix: Annotated[Name, Meta(description="What its keys begin with: the same for gateways that share.")] = (
        "garrison"
    )


class Quotas(_Table, frozen=True):
    """`[quotas]`: how much a day. Those of models stand in their limits."""

    zone: Annotated[str, Meta(description="Time zone in which a day ends, as Europe/Zurich.")] = "UTC"
    client: Annotated[Quota, Meta(description="Each client that `clients` does not name.")] | None = None
    clients: Annotated[dict[ClientName, Quota], Meta(description="Clients by name, as corp:ada for tokens.")] = {}
    role: Annotated[dict[Name, Quota], Meta(description="All clients of a role together.")] = {}
    redis: Annotated[Redis, Meta(description="Shared with other gateways.")] | None = None


class RateService(_Table, frozen=True):
    """`[limits.service]`: a service of Envoy's rate-limit protocol (v3, gRPC), for limits that several gateways share."""

    url: Annotated[str, Meta(pattern=r"^https?://[^/@?#]+/?$", description="http(s)://HOST:PORT, of gRPC.")]
    domain: Annotated[str, Meta(min_length=1, description="What its own configuration calls these limits.")] = (
        "garrison"
    )
    timeout_s: Annotated[Seconds, Meta(description="After which requests are refused.")] = 0.25
    tls: UpstreamTls | None = None


class Log(_Table, frozen=True):
    """`[log]`: the audit feed, a line of JSON per request."""

    file: Annotated[str, Meta(description="In the state folder if empty.")] = ""
    input_digest: Annotated[bool, Meta(description="A keyed hash of each body that is looked into.")] = True
    free_mb: Annotated[int, Meta(ge=0, description="Below so much free space nobody is let in.")] = 256


class Batch(_Table, frozen=True):
    """`[batch]`: a queue of NATS JetStream whose messages are held to the same rules, by `garrison gateway batch`."""

    url: Annotated[str, Meta(pattern=r"^(nats|tls)://[^/@?#]+$", description="nats:// or tls://HOST:PORT.")]
    credentials: Annotated[str, Meta(description="The gateway's own credentials file for NATS; none if empty.")] = ""
    ca: Annotated[str, Meta(description="PEM file: who signs the server's certificate; the system's if empty.")] = ""
    requests: Annotated[
        StreamName, Meta(description="The stream that producers write to, as REQUESTS.MODEL; no dots.")
    ] = "requests"
    accepted: Annotated[
        StreamName, Meta(description="The stream that model servers read, as ACCEPTED.MODEL; no dots.")
    ] = "accepted"
    refused: Annotated[StreamName, Meta(description="The stream of dead letters, as REFUSED.MODEL; no dots.")] = (
        "refused"
    )
    per_day: Annotated[Count, Meta(description="Messages that are accepted of one client a day, in UTC.")] = 100_000
    log: Annotated[str, Meta(description="Its audit feed; in the state folder if empty.")] = ""


class Gateway(_Table, frozen=True):
    """The whole file."""

    listener: Annotated[dict[Name, Listener], Meta(min_length=1)]
    upstream: Annotated[dict[Name, Upstream], Meta(min_length=1)]
    model: dict[ModelName, Model] = {}
    identity: Identity = Identity()
    policy: Policy = Policy()
    limits: Limits = Limits()
    quotas: Quotas = Quotas()
    log: Log = Log()
    batch: Batch | None = None
    gateway: Running = Running()
