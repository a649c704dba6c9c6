"""What data scientists work in, and what runs and remembers their work."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.compute import is_default_account
from garrison.estate.assets.ml_platform import (
    CodeRepository,
    ExperimentTracker,
    FeatureStore,
    MlJob,
    TrainingCluster,
    Workforce,
    Workspace,
)
from garrison.estate.assets.notebook import Notebook
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import NO, Truth, all_of


@check(
    id="workspace-direct-internet",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7", "CIS-Azure-5.0:2.1.1"),
    about_ml=True,
)
def workspace_direct_internet(workspace: Workspace, near: Relations) -> Verdict:
    """Code in a workspace reaches the internet past the customer's network.

    Why: every notebook and job in it can send training data and models anywhere, and no firewall or flow log of yours
    sees it.
    Fix: bind the workspace, or each of its machines, to your own network, or to a managed one that lets only approved
    addresses through.
    """
    subnets = [n.subnet for n in near.to(Relation.CONTAINS, Notebook)]
    subnets += [c.subnet for c in near.to(Relation.CONTAINS, TrainingCluster)]
    placed = all_of(subnet.given() for subnet in subnets) if subnets else NO
    return fail_if(~workspace.contained & ~placed, "its code reaches the internet past your network")


@check(
    id="workspace-public-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0012", "NIST-800-53:SC-7", "CIS-Azure-5.0:2.1.10"),
    about_ml=True,
)
def workspace_public_network(workspace: Workspace) -> Verdict:
    """A workspace answers on the public internet.

    Why: a stolen password or token is all it takes to open notebooks, models and the data behind them from anywhere.
    Fix: turn public network access off and enter by a private endpoint.
    """
    return fail_if(workspace.public_network, "it answers from every network")


@check(
    id="workspace-public-nodes",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "CIS-Azure-5.0:2.1.9"),
    about_ml=True,
)
def workspace_public_nodes(workspace: Workspace) -> Verdict:
    """Machines that a workspace starts have addresses on the internet.

    Why: training machines with the data mounted stand one firewall rule away from strangers, and send data out directly.
    Fix: let the workspace start machines without public addresses.
    """
    return fail_if(workspace.public_nodes, "its machines get public addresses")


@check(
    id="workspace-person-unnamed",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-10", "NIST-800-53:IA-2"),
    about_ml=True,
)
def workspace_person_unnamed(workspace: Workspace) -> Verdict:
    """The audit log names a workspace's shared role, not the person.

    Why: when training data is copied or a model replaced, the log says that somebody in the team did it.
    Fix: let the name of the user profile be the source identity of the execution role.
    """
    return fail_if(~workspace.names_person, "the audit log does not say who acted")


@check(
    id="workspace-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28", "CIS-Azure-5.0:2.1.8"),
    about_ml=True,
)
def workspace_own_key(workspace: Workspace) -> Verdict:
    """A workspace's storage is encrypted with the provider's key only.

    Why: notebooks and the copies of data in people's home folders cannot be made unreadable by taking a key away, and
    no log says who had them decrypted.
    Fix: name a key of your own when the workspace is made; it cannot be changed later.
    """
    return fail_if(workspace.encryption_key.is_absent(), "it names no key")


@check(
    id="workspace-telemetry",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0000", "NIST-800-53:SC-28"),
    about_ml=True,
)
def workspace_telemetry(workspace: Workspace) -> Verdict:
    """A workspace is not declared to hold sensitive data.

    Why: its provider collects more diagnostics, which can carry pieces of scripts and data, and temporary disks of its
    training machines stay unencrypted.
    Fix: declare high business impact when the workspace is made; it cannot be changed later.
    """
    return fail_if(~workspace.sensitive, "high business impact is off")


@check(
    id="training-cluster-ssh-open",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "NIST-800-53:AC-17"),
    about_ml=True,
)
def training_cluster_ssh_open(cluster: TrainingCluster) -> Verdict:
    """Training machines answer SSH on the internet.

    Why: one guessed password or leaked key opens machines that have the training data mounted.
    Fix: close the public SSH port.
    """
    return fail_if(cluster.public_address & cluster.ssh_open, "its machines answer SSH on a public address")


@check(
    id="training-cluster-public-address",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7"),
    about_ml=True,
)
def training_cluster_public_address(cluster: TrainingCluster) -> Verdict:
    """Training machines have addresses on the internet.

    Why: code in a training job sends data out directly, and a rule too wide lets strangers in.
    Fix: give its nodes no public addresses, and a subnet or managed network instead.
    """
    return fail_if(cluster.public_address, "its machines have public addresses")


@check(
    id="training-cluster-default-account",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6", "CIS-GCP-4.0:4.1"),
    about_ml=True,
)
def training_cluster_default_account(cluster: TrainingCluster) -> Verdict:
    """Machines of a cluster run as the project's default service account.

    Why: that account is an editor of the whole project unless somebody changed it: every job reads all data and changes
    every model.
    Fix: give it a service account of its own with the roles its jobs need.
    """
    return fail_if(is_default_account(cluster.role), "it runs as the default service account")


@check(
    id="training-cluster-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def training_cluster_own_key(cluster: TrainingCluster) -> Verdict:
    """What a cluster keeps of its jobs is encrypted with the provider's key only.

    Why: copies of training data on its disks cannot be made unreadable by taking a key away, and no log says who had
    them decrypted.
    Fix: name a key of your own when it is made.
    """
    return fail_if(cluster.encryption_key.is_absent(), "it names no key")


@check(
    id="training-cluster-any-user",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-2", "NIST-800-53:AC-3"),
    about_ml=True,
    native=("kerberos",),
)
def training_cluster_any_user(cluster: TrainingCluster) -> Verdict:
    """A Hadoop cluster believes whatever user a client says it is.

    Why: whoever reaches its ports submits jobs that run with the cluster's identity, and reads what others work on.
    Fix: turn Kerberos on, or map users to service accounts (secure multi-tenancy).
    """
    return fail_if(cluster.native("kerberos").one_of((False, "false")), "it asks nobody who he is")


@check(
    id="training-cluster-old-image",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:SI-2", "OWASP-ML:ML06"),
    about_ml=True,
    native=("image",),
)
def training_cluster_old_image(cluster: TrainingCluster) -> Verdict:
    """A cluster's image gets no more fixes.

    Why: images before 2.1 carry Log4j and other libraries with published holes that jobs and their callers reach.
    Fix: name a version that Dataproc still supports.
    """
    return fail_if(cluster.native("image").matches(r"^(1\.\d|2\.0)\b"), "its image is no longer supported")


@check(
    id="job-traffic-unencrypted",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-8"),
    about_ml=True,
)
def job_traffic_unencrypted(job: MlJob) -> Verdict:
    """Machines of one job talk to each other in plain text.

    Why: training data and gradients, from which data can be rebuilt, pass between the machines readable by whoever
    listens on the network.
    Fix: encrypt the traffic between containers.
    """
    return fail_if(job.plain_between_machines, "several machines exchange data without encryption")


@check(
    id="job-open-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7"),
    about_ml=True,
)
def job_open_network(job: MlJob) -> Verdict:
    """A job's containers reach the internet past the customer's network.

    Why: a package in the image that has been tampered with sends the data it processes away, unseen.
    Fix: isolate its containers from the network, or run it in your own subnets.
    """
    return fail_if(job.reaches_internet, "its containers are neither isolated nor in your network")


@check(
    id="job-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def job_own_key(job: MlJob) -> Verdict:
    """What a job writes is encrypted with the provider's key only.

    Why: results and copies of data cannot be made unreadable by taking a key away, and no log says who had them
    decrypted.
    Fix: name a key of your own for its output.
    """
    return fail_if(job.output_key.is_absent(), "it names no key for its output")


@check(
    id="feature-store-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def feature_store_own_key(store: FeatureStore) -> Verdict:
    """Features are encrypted with the provider's key only.

    Why: features are often personal data in another form; without a key of your own they cannot be made unreadable, and
    no log says who had them decrypted.
    Fix: name a key of your own for the online and the offline store.
    """
    return fail_if(store.keyless, "a store of it names no key")


@check(
    id="tracker-old-version",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SI-2", "OWASP-ML:ML06"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def tracker_old_version(tracker: ExperimentTracker) -> Verdict:
    """An experiment tracker runs a version that gets no more fixes.

    Why: holes in MLflow have let callers read any file of the server and plant models; those found now are mended in
    version 3 only.
    Fix: move to a version that is still kept.
    """
    return fail_if(tracker.outdated, "its version gets no more fixes")


@check(
    id="code-repository-password",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    about_ml=True,
)
def code_repository_password(repository: CodeRepository) -> Verdict:
    """A password stands in the address of a code repository.

    Why: everybody who can describe the repository or open a notebook that clones it gets to read, and often to change,
    training code.
    Fix: keep the credential in a secret store and name that secret; replace the one that was written here.
    """
    return fail_if(repository.url_has_password, "its address has a password in it")


@check(
    id="code-repository-plain",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SC-8", "OWASP-ML:ML06"),
    about_ml=True,
)
def code_repository_plain(repository: CodeRepository) -> Verdict:
    """Notebooks fetch code without encryption.

    Why: whoever sits on the way can change the code that then runs next to the training data.
    Fix: use https.
    """
    return fail_if(repository.fetched_in_plain, "its address is plain http or git")


@check(
    id="workspace-iam-login",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:IA-2"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
    native=("login",),
)
def workspace_iam_login(workspace: Workspace) -> Verdict:
    """People enter a workspace by links that IAM users make, not by the identity centre.

    Why: the link needs no second factor and works for whoever has it; who left the company keeps the way in, and the
    role behind a profile is shared by all who may make its link.
    Fix: make the domain with AuthMode SSO; where IAM has to stay, limit sagemaker:CreatePresignedDomainUrl to each
    person's own profile and to your networks.
    """
    return fail_if(workspace.native("login").equals("IAM"), "its login mode is IAM")


@check(
    id="workspace-outputs-shared",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0036", "NIST-800-53:SC-28"),
    about_ml=True,
    native=("shares_outputs", "sharing_key"),
)
def workspace_outputs_shared(workspace: Workspace) -> Verdict:
    """Outputs of notebook cells are shared through a bucket without a key of your own.

    Why: they hold rows of training data; everybody who may read the bucket reads them, whatever data they may use.
    Fix: forbid sharing of outputs, or name a key for it that only the team may use.
    """
    shares = workspace.native("shares_outputs").equals("Allowed")
    return fail_if(shares & workspace.native("sharing_key").is_absent(), "outputs are shared, and no key is named")


@check(
    id="training-cluster-outside-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7"),
    about_ml=True,
    native=("own_network",),
)
def training_cluster_outside_network(cluster: TrainingCluster) -> Verdict:
    """Training machines are in no network of yours.

    Why: they reach the internet past every firewall and flow log, with all training data and checkpoints at hand; the
    machines of one job are neighbours of strangers' machines.
    Fix: name subnets and security groups of your own for the cluster.
    """
    aws = Truth(cluster.provider == "aws")
    return fail_if(aws & cluster.native("own_network").is_absent(), "it names no subnets")


@check(
    id="labelling-open-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0020", "ATLAS:AML.T0012", "NIST-800-53:SC-7"),
    about_ml=True,
)
def labelling_open_network(workforce: Workforce) -> Verdict:
    """The page on which people label data answers every network.

    Why: one guessed or phished password shows the raw data from anywhere, and lets a stranger write labels: poisoned
    training data.
    Fix: name the networks of those who label, or a VPC.
    """
    return fail_if(workforce.reachable_by_anyone, "every address reaches it")


@check(
    id="labelling-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    about_ml=True,
)
def labelling_secret(workforce: Workforce) -> Verdict:
    """The secret between the labelling page and the identity provider is written in the code.

    Why: its holder speaks to the identity provider as that page, and logs in as those who label.
    Fix: take it from a secret store at deploy time; then change it.
    """
    return fail_if(workforce.secret_in_code, "its client secret is written in the code")


@check(
    id="training-cluster-local-login",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-2",),
    about_ml=True,
    native=("local_login",),
)
def training_cluster_local_login(cluster: TrainingCluster) -> Verdict:
    """People log in to training machines with accounts of the machine.

    Why: they are bound to no identity: nobody can tell who copied data from the machine, or take the access away.
    Fix: set local_auth_enabled to false.
    """
    return fail_if(cluster.native("local_login").one_of((True, "true")), "local users log in by SSH")
