"""Servers that commands, units and configuration files start on hosts."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.checks.ml_server import JUDGED_ALONE
from garrison.estate.assets.host import Process, Unit
from garrison.estate.servers import written
from garrison.estate.truth import all_of, any_of


@check(
    id="host-code-server-open",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:AC-3", "OWASP-API:API2"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def host_code_server_open(process: Process) -> Verdict:
    """Anybody who reaches the machine runs code on this server.

    Why: Ray, Dask, Spark, JupyterHub and the like run what they are sent; without a login whoever finds the port has
    the machine, its accelerators and its cloud role.
    Fix: let it listen on 127.0.0.1, or turn its authentication on, with a firewall before the port.
    """
    truth = process.unauthenticated & process.runs_code & ~process.runs(*JUDGED_ALONE)
    return fail_if(truth, "it runs anybody's code and listens on the network")


@check(
    id="host-server-open",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "ATLAS:AML.T0049", "NIST-800-53:AC-3", "OWASP-API:API2"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def host_server_open(process: Process) -> Verdict:
    """Anybody who reaches the machine uses this server.

    Why: without a login models are copied query by query, and experiments, vectors and artefacts are read or
    overwritten by whoever finds the port.
    Fix: let it listen on 127.0.0.1 behind a proxy that asks who is there, or turn its authentication on.
    """
    truth = process.unauthenticated & ~process.runs_code & ~process.runs(*JUDGED_ALONE)
    return fail_if(truth, "it asks nobody who he is and listens on the network")


@check(
    id="unit-runs-as-root",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6"),
    about_ml=True,
)
def unit_runs_as_root(unit: Unit) -> Verdict:
    """A unit runs a machine-learning server as root.

    Why: model servers load pickles and run custom code: one bad model file owns the machine.
    Fix: set `User=` to a user of its own, or `DynamicUser=yes`.
    """
    return fail_if(unit.starts_ml_server & unit.runs_as_root, "no other user is set")


@check(
    id="unit-unconfined",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:AC-6", "NIST-800-53:CM-7"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def unit_unconfined(unit: Unit) -> Verdict:
    """A unit gives a machine-learning server everything its user may do.

    Why: code from a model file or a request writes start-up scripts, reads other programs' temporary files and gains
    rights through set-uid programs.
    Fix: set `NoNewPrivileges=yes`, `ProtectSystem=strict` with `ReadWritePaths=` for what it writes, and
    `PrivateTmp=yes`.
    """
    return fail_if(unit.starts_ml_server & ~unit.confined, "nothing is taken away from what it may do")


@check(
    id="unit-credential-in-environment",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    confidence=Confidence.MEDIUM,
)
def unit_credential_in_environment(unit: Unit) -> Verdict:
    """A credential is written into a unit.

    Why: every user of the machine reads it (`systemctl show`), and so does whoever reads this repository: the key of a
    model hub, a tracker or a database.
    Fix: use `LoadCredential=`, or an `EnvironmentFile=` that only root reads; replace the one that was written here.
    """
    return fail_if(unit.written_credentials, "a credential is written out")


@check(
    id="notebook-server-plain-http",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "OWASP-API:API8"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def notebook_server_plain_http(process: Process) -> Verdict:
    """A notebook server listens on the network without TLS.

    Why: whoever is on the way reads its token and every cell, and sends code of his own with them.
    Fix: set `certfile` and `keyfile` (`ssl_cert` and `ssl_key` of JupyterHub), or let it listen on 127.0.0.1 behind a
    proxy that speaks TLS.
    """
    certificates = [
        process.option(
            "--certfile", "--ServerApp.certfile", "--NotebookApp.certfile", "--ssl-cert", "--JupyterHub.ssl_cert"
        ),
        process.setting("ServerApp.certfile", "NotebookApp.certfile", "JupyterHub.ssl_cert"),
    ]
    # JupyterHub listens everywhere by itself, and mostly stands behind a proxy: only what is told to is judged.
    told = process.setting("JupyterHub.ip", "JupyterHub.bind_url").given()
    plain = (process.runs("jupyter") | (process.runs("jupyterhub") & told)) & all_of(
        c.is_absent() for c in certificates
    )
    return fail_if(plain & written(process.on_network, process), "it listens on the network without a certificate")


@check(
    id="jupyterhub-admin-access",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "OWASP-API:API5"),
    about_ml=True,
)
def jupyterhub_admin_access(process: Process) -> Verdict:
    """Administrators of JupyterHub open everybody's notebooks.

    Why: one administrator's session is enough to work as any data scientist, with that person's keys and data.
    Fix: remove `admin_access`; give single administrators the scope they need by a role.
    """
    said = process.option("--JupyterHub.admin_access"), process.setting("JupyterHub.admin_access")
    given = process.runs("jupyterhub") & written(any_of(v.matches("(?i)^true$") for v in said), process)
    return fail_if(given, "administrators may act as any user")
