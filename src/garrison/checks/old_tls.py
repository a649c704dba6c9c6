"""Doors of stores and applications that take versions of TLS nobody should use any more."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if, unsafe
from garrison.estate.assets.api import Function
from garrison.estate.assets.data import Cache, Database, Stream
from garrison.estate.assets.network import OLD_TLS, TlsPolicy
from garrison.estate.assets.storage import Bucket


@check(
    id="storage-old-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=(
        "NIST-800-53:SC-8",
        "CIS-Azure-5.0:9.3.6",
    ),
    native=("minimum_tls",),
)
def storage_old_tls(bucket: Bucket) -> Verdict:
    """The storage account takes TLS before 1.2.

    Why: training data, models and tokens that pass can be read by whoever talks both sides into the old version.
    Fix: set the minimum to TLS 1.2.
    """
    return fail_if(bucket.native("minimum_tls").matches(OLD_TLS), "it takes TLS 1.0 or 1.1")


@check(
    id="cache-old-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8",),
    native=("minimum_tls",),
)
def cache_old_tls(cache: Cache) -> Verdict:
    """The cache takes TLS before 1.2.

    Why: features, prompts and the key that opens the cache can be read by whoever talks both sides into the old version.
    Fix: set the minimum to TLS 1.2.
    """
    return fail_if(cache.native("minimum_tls").matches(OLD_TLS), "it takes TLS 1.0 or 1.1")


@check(
    id="database-old-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8",),
    native=("minimum_tls",),
)
def database_old_tls(database: Database) -> Verdict:
    """The database takes TLS before 1.2.

    Why: features, labels and passwords can be read by whoever talks both sides into the old version.
    Fix: set the minimum to TLS 1.2.
    """
    return fail_if(database.native("minimum_tls").matches(OLD_TLS), "it takes TLS 1.0 or 1.1")


@check(
    id="stream-old-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8",),
    native=("minimum_tls",),
)
def stream_old_tls(stream: Stream) -> Verdict:
    """The queue or stream takes TLS before 1.2.

    Why: events on their way to features and predictions can be read by whoever talks both sides into the old version.
    Fix: set the minimum to TLS 1.2.
    """
    return fail_if(stream.native("minimum_tls").matches(OLD_TLS), "it takes TLS 1.0 or 1.1")


@check(
    id="function-old-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8",),
    native=("minimum_tls",),
)
def function_old_tls(function: Function) -> Verdict:
    """The application takes TLS before 1.2.

    Why: prompts, predictions and tokens can be read by whoever talks both sides into the old version.
    Fix: set the minimum to TLS 1.2.
    """
    return fail_if(function.native("minimum_tls").matches(OLD_TLS), "it takes TLS 1.0 or 1.1")


@check(
    id="tls-policy-old",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "CIS-GCP-4.0:3.9"),
    mend=unsafe(minimum_version="TLS_1_2"),
)
def tls_policy_old(policy: TlsPolicy) -> Verdict:
    """A door to the internet takes TLS before 1.2.

    Why: prompts, predictions and tokens can be read by whoever talks two sides into the old version.
    Fix: ask for TLS 1.2 at least.
    """
    return fail_if(policy.old, "it takes TLS 1.0 or 1.1")
