"""Names that the parts of the configuration know each other by."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "x-garrison-"  # headers that only the gateway sets: a client's are removed before anything is decided
CLIENT: Final = "x-garrison-client"
ROLE: Final = "x-garrison-role"
MODEL: Final = "x-garrison-model"
ACTION: Final = "x-garrison-action"
INPUT_DIGEST: Final = "x-garrison-input-digest"
PROTOCOL: Final = "x-garrison-protocol"
MOUNT: Final = "x-garrison-mount"

VERDICT: Final = "x-garrison-verdict"
ASKED: Final = "asked"  # who asks, and for what, is known
CHECKED: Final = "checked"  # and the body is valid
VERIFIED: Final = "x-garrison-verified-"  # and an issuer: Envoy has verified a token of it
BUSY: Final = "busy"  # in the metadata: a model has as many requests as it takes at a time
LEAF: Final = "x-garrison-leaf"  # which route a request took whose model stands in its body
DECISION: Final = "x-garrison-decision"  # set behind the last check only: the request was let through
LIMIT: Final = (
    "x-garrison-limit-"  # before a kind: which bucket a request takes from; what it takes, and when the next may come
)
BOUND: Final = "x-garrison-limit-bound"  # what role and client are held to beside the model, where that is said
COST: Final = "-cost"
WAIT: Final = "-wait"
METADATA: Final = (
    "garrison"  # namespace of the dynamic metadata in which our Lua says why it refuses, and what it counts
)

# Filters, in the order in which they stand. Those that change without a connection being drained come by ECDS.
LIMITS: Final = "garrison.limit."  # how those of them begin that hold buckets, or choose one
HEADERS: Final = "garrison.headers"
LIMIT_IP: Final = "garrison.limit.ip"
JWT: Final = "garrison.jwt"
ASK: Final = "garrison.ask"
LIMIT_CLIENT: Final = "garrison.limit.client"
LIMIT_SLOT: Final = "garrison.limit.slot."  # before a number: the buckets of some limits of clients, roles or models
LIMIT_HELD: Final = "garrison.limit.held"
LIMIT_TIGHTENED: Final = "garrison.limit.tightened"
LIMIT_ROLE: Final = "garrison.limit.role"
BUFFER: Final = "garrison.buffer"
ANSWERS: Final = "garrison.answers"
STREAM_SIZE: Final = "garrison.stream-size"
NAME_MODEL: Final = "garrison.model"
TABLE: Final = "garrison.table"
QUOTA: Final = "garrison.quota"
LIMIT_SHARED: Final = "garrison.limit.shared"
RESIDUE: Final = "garrison.residue"
LIMIT_MODEL: Final = "garrison.limit.model"
BODY: Final = "garrison.body"
TOKENS: Final = "garrison.tokens"
REQUIRE: Final = "garrison.require"
MARK: Final = "garrison.mark"

SERVER: Final = "@"  # before the name of an upstream: what is asked of the server itself
PENDING: Final = "?"  # before the name of a mount: the model stands in the body, which is not read yet
EVERY: Final = "*"  # before the name of a mount: a stream that may speak of each of its models
