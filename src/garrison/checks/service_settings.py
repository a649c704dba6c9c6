"""Settings of stores and applications that are open to more than they need."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.api import Function
from garrison.estate.assets.data import Database, Stream
from garrison.estate.truth import Truth
from garrison.estate.values import Value

_ALL_OF_AZURE = "0.0.0.0"  # noqa: S104 - not an address to listen on
_RISKY = (
    "external scripts enabled", "local_infile", "cross db ownership chaining", "contained database authentication",
    "remote access",
)  # fmt: skip


@check(
    id="stream-shared-keys",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=(
        "ATLAS:AML.T0055",
        "NIST-800-53:IA-2",
    ),
    native=("shared_keys",),
)
def stream_shared_keys(stream: Stream) -> Verdict:
    """The queue or stream takes keys that belong to nobody.

    Why: a shared access key ends up in jobs and notebooks; whoever has it feeds a model with events of his own.
    Fix: turn local authentication off and use managed identities.
    """
    return fail_if(stream.native("shared_keys").one_of((True, "true")), "shared access keys are taken")


@check(
    id="stream-open-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7",),
    native=("public_network",),
)
def stream_open_network(stream: Stream) -> Verdict:
    """The queue or stream answers to every network.

    Why: a leaked key reads and writes the events that features and predictions are made of, from anywhere.
    Fix: deny by default in its network rules, or turn public network access off and use a private endpoint.
    """
    return fail_if(
        stream.native("public_network").one_of((True, "true")) & stream.native("network_default").equals("Allow"),
        "every network can reach it",
    )


@check(
    id="database-shared-keys",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=(
        "ATLAS:AML.T0055",
        "NIST-800-53:IA-2",
    ),
    native=("keys_off",),
)
def database_shared_keys(database: Database) -> Verdict:
    """The database takes keys that belong to nobody.

    Why: an account key reads and changes all features and vectors, is bound to no identity and ends up in notebooks.
    Fix: set local_authentication_disabled to true and use managed identities.
    """
    return fail_if(database.native("keys_off").one_of((False, "false")), "account keys are taken")


@check(
    id="database-open-to-azure",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7",),
    native=("last_addresses",),
)
def database_open_to_azure(database: Database) -> Verdict:
    """The database lets in every customer of the provider.

    Why: the rule for 0.0.0.0 means all addresses of Azure: a machine that anybody rents there may try passwords.
    Fix: remove the rule; use a private endpoint, or rules of the subnets that need it.
    """
    return fail_if(
        database.native("last_addresses").any(lambda a: a.equals(_ALL_OF_AZURE)), "a rule lets in all of Azure"
    )


@check(
    id="database-risky-flag",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=(
        "NIST-800-53:CM-7",
        "CIS-GCP-4.0:6.3.1",
        "CIS-GCP-4.0:6.1.3",
    ),
    native=("flags",),
)
def database_risky_flag(database: Database) -> Verdict:
    """A flag of the database opens more than queries.

    Why: programs outside the database, files of the client or other databases are then within reach of whoever may ask for features.
    Fix: leave external scripts enabled, local_infile, cross db ownership chaining, contained database authentication and remote access off.
    """
    return fail_if(database.native("flags").any(_is_risky), "a flag opens it further")


@check(
    id="database-connections-unlogged",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=(
        "NIST-800-53:AU-2",
        "CIS-GCP-4.0:6.2.2",
        "CIS-GCP-4.0:6.2.3",
    ),
    native=("flags",),
)
def database_connections_unlogged(database: Database) -> Verdict:
    """The database is told not to record who connects.

    Why: after a theft of features or labels nobody can tell which account read them.
    Fix: set log_connections and log_disconnections to on.
    """
    return fail_if(database.native("flags").any(_hides_connections), "a flag turns the record of connections off")


@check(
    id="function-plain-http",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=(
        "NIST-800-53:SC-8",
        "OWASP-API:API8",
    ),
    native=("https_only",),
)
def function_plain_http(function: Function) -> Verdict:
    """The application answers requests without TLS.

    Why: prompts, predictions and tokens are readable on the way.
    Fix: set https_only to true.
    """
    return fail_if(function.native("https_only").one_of((False, "false")), "it answers plain HTTP")


@check(
    id="function-ftp",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=(
        "NIST-800-53:SC-8",
        "NIST-800-53:CM-7",
    ),
    native=("ftp",),
)
def function_ftp(function: Function) -> Verdict:
    """Code is uploaded to the application by FTP, without encryption.

    Why: whoever reads the password on the way replaces the code that serves the model.
    Fix: set ftps_state to Disabled, or to FtpsOnly.
    """
    return fail_if(function.native("ftp").equals("AllAllowed"), "plain FTP is allowed")


@check(
    id="function-remote-debugging",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:CM-7",),
    native=("remote_debugging",),
)
def function_remote_debugging(function: Function) -> Verdict:
    """A debugger may be attached to the application from outside.

    Why: whoever has deployment rights reads its memory, with tokens, prompts and the model.
    Fix: set remote_debugging_enabled to false.
    """
    return fail_if(function.native("remote_debugging").one_of((True, "true")), "remote debugging is on")


@check(
    id="function-any-origin",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=(
        "OWASP-API:API8",
        "NIST-800-53:AC-4",
    ),
    native=("origins",),
)
def function_any_origin(function: Function) -> Verdict:
    """Web pages of any origin may call the application.

    Why: a page that a user merely visits asks the model in his name and reads the answer.
    Fix: name the origins of your own pages.
    """
    return fail_if(function.native("origins").any(lambda o: o.equals("*")), "every origin is allowed")


def _is_risky(flag: Value) -> Truth:
    """Whether it turns on what Cloud SQL's documentation and CIS tell to leave off."""
    return flag.child("name").one_of(_RISKY) & flag.child("value").matches(r"(?i)^(on|1|true)$")


def _hides_connections(flag: Value) -> Truth:
    return flag.child("name").one_of(("log_connections", "log_disconnections")) & flag.child("value").matches(
        r"(?i)^off$"
    )
