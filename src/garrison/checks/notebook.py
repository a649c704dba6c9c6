"""Where people write and run code next to the data."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.ml_platform import Workspace
from garrison.estate.assets.notebook import Notebook, StartScript
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation

_OFF = ("false", False)  # metadata are texts


@check(
    id="notebook-direct-internet",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7", "AWS-FSBP:SageMaker.1"),
    about_ml=True,
)
def notebook_direct_internet(notebook: Notebook) -> Verdict:
    """Notebook reaches the internet without passing the customer's network.

    Why: code run in the notebook can send training data anywhere, past every network control.
    Fix: put it in a subnet and turn direct internet access off.
    """
    return fail_if(notebook.direct_internet, "direct internet access is on")


@check(
    id="notebook-public-address",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7"),
    about_ml=True,
)
def notebook_public_address(notebook: Notebook) -> Verdict:
    """A notebook has an address on the internet.

    Why: one firewall rule too wide, and strangers talk to Jupyter, which runs whatever code they send, next to the
    training data; and code in it sends data out without passing a gateway that would see it.
    Fix: give it no public address; people reach it by the provider's proxy or a private network.
    """
    return fail_if(notebook.public_address, "it has a public address")


@check(
    id="notebook-default-account",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6"),
    about_ml=True,
)
def notebook_default_account(notebook: Notebook) -> Verdict:
    """A notebook runs as the project's default service account.

    Why: that account usually may edit the whole project, so every cell, and every package it imports, can overwrite
    models, read other teams' data and start machines.
    Fix: make a service account that may read this notebook's data only, and run the notebook as that.
    """
    return fail_if(notebook.default_identity, "it runs as the default service account")


@check(
    id="notebook-root-access",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0112", "NIST-800-53:AC-6", "AWS-FSBP:SageMaker.3"),
    about_ml=True,
)
def notebook_root_access(notebook: Notebook) -> Verdict:
    """Users of a notebook are root on it.

    Why: a package with malware that somebody installs becomes root as well: it can take away what watches the machine
    and stay for whoever opens the notebook next.
    Fix: turn root access off; install what is needed by a start script or in the image.
    """
    return fail_if(notebook.root_access, "its users are root")


@check(
    id="notebook-metadata-v1",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:AC-6", "NIST-800-53:CM-6"),
    about_ml=True,
)
def notebook_metadata_v1(notebook: Notebook) -> Verdict:
    """A notebook's metadata service hands out credentials without a session token.

    Why: a widget, a proxy extension or a page that makes the notebook fetch one address gets the keys of its role, and
    with them the training data.
    Fix: ask for version 2 of the instance metadata service.
    """
    return fail_if(notebook.open_metadata, "version 1 of the metadata service answers")


@check(
    id="notebook-outside-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7", "AWS-FSBP:SageMaker.2"),
    about_ml=True,
)
def notebook_outside_network(notebook: Notebook, near: Relations) -> Verdict:
    """A notebook is in no network of the customer's.

    Why: no firewall, endpoint policy or flow log stands between its code and the rest of the world, so data that leaves
    is neither stopped nor seen.
    Fix: name a subnet for it.
    """
    held = near.any_by(Relation.CONTAINS, Workspace, lambda w: w.contained)
    return fail_if(~notebook.in_cluster & notebook.subnet.is_absent() & ~held, "it is in no subnet")


@check(
    id="notebook-ssh-login",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:IA-2", "NIST-800-53:AC-17"),
    about_ml=True,
)
def notebook_ssh_login(notebook: Notebook) -> Verdict:
    """People log in to a notebook by SSH.

    Why: an SSH key passes the identity provider, its second factor and its log; whoever finds a copy of it works on the
    notebook as its owner for as long as the notebook lives.
    Fix: leave SSH off and use the workspace's terminal.
    """
    return fail_if(notebook.ssh_open, "SSH is on")


@check(
    id="notebook-platform-retired",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SI-2"),
    about_ml=True,
)
def notebook_platform_retired(notebook: Notebook) -> Verdict:
    """A notebook's system gets no more patches.

    Why: holes in its JupyterLab and its libraries stay open, and notebooks are where strangers' code and files land.
    Fix: name a platform that is still kept, such as notebook-al2023-v1, and make the instance anew.
    """
    return fail_if(notebook.platform_retired, "its platform is no longer patched")


@check(
    id="notebook-secure-boot-off",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0112", "NIST-800-53:SI-7"),
    about_ml=True,
)
def notebook_secure_boot_off(notebook: Notebook) -> Verdict:
    """A notebook starts whatever kernel is on its disk.

    Why: malware that became root once can change the system below the notebook and outlive a clean-up of its files.
    Fix: turn secure boot on; unsigned GPU drivers need signing, or a provider's image that has them.
    """
    return fail_if(~notebook.secure_boot, "secure boot is off")


@check(
    id="notebook-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def notebook_own_key(notebook: Notebook) -> Verdict:
    """A notebook's disk is encrypted with the provider's key only.

    Why: copies of training data that people make on it cannot be made unreadable by taking a key away, and no log says
    who had them decrypted.
    Fix: name a key of your own for its disk.
    """
    return fail_if(~notebook.in_cluster & notebook.encryption_key.is_absent(), "it names no key")


@check(
    id="notebook-script-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def notebook_script_secret(script: StartScript) -> Verdict:
    """A credential is written into the script that notebooks run as they start.

    Why: whoever can describe the configuration or open one of the notebooks reads it: the key of a model hub, a tracker
    or a database.
    Fix: fetch the secret from a secret store with the notebook's role; replace the one that was written here.
    """
    return fail_if(script.has_credential, "a start script has a key or password in it")


@check(
    id="notebook-script-download",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
    about_ml=True,
)
def notebook_script_download(script: StartScript) -> Verdict:
    """Notebooks run a script from the internet as they start, unseen.

    Why: whoever controls that address, or the way to it, is root on every notebook that starts, with its role and data.
    Fix: put it into the image, or download a fixed version and compare its checksum before running it.
    """
    return fail_if(script.runs_download, "a start script pipes a download into a shell")


@check(
    id="notebook-not-upgraded",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:SI-2", "OWASP-ML:ML06"),
    about_ml=True,
    native=("upgrade_schedule",),
)
def notebook_not_upgraded(notebook: Notebook) -> Verdict:
    """A notebook's system and frameworks are never upgraded.

    Why: notebooks live for years; holes in Jupyter and in the frameworks stay open next to the training data.
    Fix: set notebook-upgrade-schedule in its metadata, for instance `00 19 * * MON`.
    """
    return fail_if(notebook.native("upgrade_schedule").equals(""), "nothing upgrades it")


@check(
    id="notebook-downloads-allowed",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0025", "NIST-800-53:AC-4"),
    about_ml=True,
    native=("downloads_off",),
)
def notebook_downloads_allowed(notebook: Notebook) -> Verdict:
    """People download files from a notebook to their own machines.

    Why: training data and weights leave by the browser, where no network control and no log of the cloud sees them.
    Fix: set notebook-disable-downloads to true in its metadata.
    """
    return fail_if(notebook.native("downloads_off").one_of(_OFF), "files can be downloaded from its pages")


@check(
    id="notebook-terminal-allowed",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "NIST-800-53:CM-7"),
    about_ml=True,
    native=("terminal_off",),
)
def notebook_terminal_allowed(notebook: Notebook) -> Verdict:
    """People open a shell in a notebook's machine.

    Why: what is typed there is in no notebook that anybody reviews, and reaches the machine's identity as code does.
    Fix: set notebook-disable-terminal to true in its metadata, where nobody needs the terminal.
    """
    return fail_if(notebook.native("terminal_off").one_of(_OFF), "its pages offer a terminal")
