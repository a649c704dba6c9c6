"""Dangerous settings of known servers that are no missing authentication, and versions with published flaws.

What each server calls such a setting is said in `estate/servers.toml`, which versions have which flaw in
`estate/advisories.toml`.
"""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.advisories import Flaw
from garrison.estate.assets.started import Started
from garrison.estate.servers import Weakness
from garrison.estate.truth import NO, Truth
from garrison.estate.values import State, Value
from garrison.estate.versions import Version, parse

_NAMED = 3  # flaws that are named in a sentence


@check(
    id="ml-server-known-vulnerable",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SI-2", "OWASP-LLM:LLM03", "OWASP-ML:ML06"),
    about_ml=True,
)
def ml_server_known_vulnerable(started: Started) -> Verdict:
    """The server's version has a published flaw that is critical or high.

    Why: how to abuse it is public, and scanners look for it: flaws of model servers and trackers mostly run code, or
    read every file, without a login.
    Fix: update to a release that mends it, and pin that. Until then let only its callers reach the server.
    """
    server = started.server
    certain = [f for f, has in started.flaws if has]
    told = certain or [f for f, _ in started.flaws]
    if server is None or server.version is None or not told:
        return fail_if(NO, "")
    names = ", ".join(f.id for f in told[:_NAMED]) + (f" and {len(told) - _NAMED} more" if len(told) > _NAMED else "")
    reason = f"{server.component.title} {server.version.text}{_mended(told, server.version)}"
    place = Value(State.KNOWN, server.version.text, server.pinned.place, reason)
    return fail_if(
        Truth(True if certain else None, (place,)), f"its version {'has' if certain else 'may have'} {names}"
    )


def _mended(flaws: list[Flaw], version: Version) -> str:
    """The release that mends all of the flaws."""
    ends = [f.ends(version) for f in flaws]
    if not all(bound for bound, _ in ends):
        return ": no release is known to mend all of it"
    bound, affected = max(ends, key=lambda end: (parse(end[0]).first, end[1]))
    return f": a release after {bound} mends it" if affected else f": {bound} mends it"


@check(
    id="ml-server-shipped-password",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:IA-5", "OWASP-API:API2"),
    about_ml=True,
)
def ml_server_shipped_password(started: Started) -> Verdict:
    """The server has the password or the signing key that everybody knows.

    Why: with the password of the documentation a stranger is the administrator; with a known signing key he makes
    himself a session of anybody.
    Fix: choose a long random one, take it from a secret store, and end the sessions that exist.
    """
    return fail_if(started.weak(Weakness.PASSWORD), "a password or signing key is the one that everybody knows")


@check(
    id="ml-server-open-signup",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-2", "NIST-800-53:IA-2", "OWASP-API:API2"),
    about_ml=True,
)
def ml_server_open_signup(started: Started) -> Verdict:
    """Anybody makes himself an account on the server.

    Why: a login that everybody may have keeps nobody out: a stranger signs up and works as a colleague would.
    Fix: turn self sign-up off, and name the people or the groups of your identity provider that may come in.
    """
    return fail_if(started.weak(Weakness.SIGNUP), "whoever comes gets an account")


@check(
    id="ml-server-any-origin",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:AC-4", "OWASP-API:API8"),
    about_ml=True,
)
def ml_server_any_origin(started: Started) -> Verdict:
    """Web pages of any origin may call the server.

    Why: a page that a colleague opens reads models, runs and answers through his browser, from inside the network and
    with his session.
    Fix: name the origins of your own pages instead of `*`.
    """
    return fail_if(started.weak(Weakness.ORIGINS), "every origin may call it")


@check(
    id="ml-server-forged-requests",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-23", "OWASP-API:API8"),
    about_ml=True,
)
def ml_server_forged_requests(started: Started) -> Verdict:
    """The server does not tell its own pages' requests from forged ones.

    Why: a page elsewhere sends commands with a colleague's session: to Jupyter, that is code next to the data.
    Fix: leave the protection against cross-site request forgery on.
    """
    return fail_if(started.weak(Weakness.FORGERY), "protection against forged requests is turned off")


@check(
    id="jupyter-host-check-off",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-23", "OWASP-API:API8"),
    about_ml=True,
)
def jupyter_host_check_off(started: Started) -> Verdict:
    """Jupyter answers whatever host name it is asked for.

    Why: a page that a data scientist opens points its own name at the notebook's address (DNS rebinding) and talks to
    Jupyter as if it belonged there.
    Fix: remove `allow_remote_access`; name the server's own hosts in `local_hostnames`.
    """
    return fail_if(started.runs("jupyter") & started.weak(Weakness.HOSTS), "it answers to every host name")


@check(
    id="ml-server-models-changeable",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0018", "NIST-800-53:AC-3", "OWASP-API:API5"),
    about_ml=True,
)
def ml_server_models_changeable(started: Started) -> Verdict:
    """Whoever calls the server may put models or programs on it.

    Why: a model archive brings its handler, and a submitted program is one: the API that should only answer runs code.
    Fix: turn the interface off (`--enable-model-api`, `spark.master.rest.enabled`), or bind it to the loopback.
    """
    return fail_if(started.weak(Weakness.MODELS), "its callers put models or programs on it")


@check(
    id="ml-server-reads-anything",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:AC-4", "NIST-800-53:SC-7", "OWASP-API:API7"),
    about_ml=True,
)
def ml_server_reads_anything(started: Started) -> Verdict:
    """The server hands out files of its machine, its configuration, or what it fetches from any address.

    Why: a user asks it for the keys in its files, or for the credentials at the cloud's metadata address.
    Fix: turn serving of local files and of the configuration off, leave the protection against server-side request
    forgery on, and name the addresses it may fetch from.
    """
    return fail_if(started.weak(Weakness.FILES), "it reads more than it should for its users")


@check(
    id="ml-server-shared-link",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "OWASP-API:API8"),
    about_ml=True,
)
def ml_server_shared_link(started: Started) -> Verdict:
    """The server opens itself to the internet through a tunnel.

    Why: a share link passes every firewall: whoever has it, or finds it, uses the model, and reaches what the program
    can reach.
    Fix: remove the option; put the application behind the gateway that your people log in to.
    """
    return fail_if(started.weak(Weakness.SHARED), "it is reached through a public link")


@check(
    id="ml-server-debug",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:CM-7", "OWASP-API:API8"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def ml_server_debug(started: Started) -> Verdict:
    """The server runs in a mode that is meant for development.

    Why: such modes print prompts and keys into logs, reload code, load examples or let callers reset everything.
    Fix: start it as its documentation says for production.
    """
    return fail_if(started.weak(Weakness.DEBUG), "it runs in a mode for development")


@check(
    id="notebook-server-root",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6"),
    about_ml=True,
)
def notebook_server_root(started: Started) -> Verdict:
    """Notebooks run as root, or give their users root.

    Why: a package that somebody installs, and every cell, changes the machine itself: the tools that watch it, the
    files of other people, the next start.
    Fix: remove `--allow-root`, `GRANT_SUDO` and privileged spawners; start Jupyter as a user of its own.
    """
    return fail_if(started.weak(Weakness.ROOT), "its notebooks have root")


@check(
    id="ml-server-encryption-off",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "OWASP-API:API8"),
    about_ml=True,
)
def ml_server_encryption_off(started: Started) -> Verdict:
    """Encryption is turned off where data, models or tokens pass.

    Why: whoever is on the way reads tokens and training data, and can put another model in place of the one asked for.
    Fix: leave TLS and its verification on; name the address with https.
    """
    return fail_if(started.weak(Weakness.PLAIN), "encryption is turned off")


@check(
    id="object-store-made-public",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0035", "ATLAS:AML.T0025", "NIST-800-53:AC-3"),
    about_ml=True,
)
def object_store_made_public(started: Started) -> Verdict:
    """A command makes a bucket of the object store readable for everybody.

    Why: whoever reaches the store downloads models, data sets and run artefacts without a key.
    Fix: remove the command; give each client a key with a policy for its own buckets.
    """
    return fail_if(started.weak(Weakness.PUBLIC), "a bucket is opened to anonymous callers")
