"""Where data is prepared for models: jobs, the catalogue they look tables up in, and the clusters they run on."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if, safe, unsafe
from garrison.estate.assets.data_work import (
    CatalogPolicy,
    DataCatalog,
    DataCluster,
    DataClusterGuard,
    DataClusterSettings,
    DataConnection,
    DataJob,
    DataJobSettings,
    DevelopmentEndpoint,
)
from garrison.estate.support import ended


@check(
    id="data-job-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    about_ml=True,
)
def data_job_secret(job: DataJob) -> Verdict:
    """A credential is written into the arguments of a data job.

    Why: arguments are shown in the console, in the catalogue's API and in logs: whoever may look at the job opens the
    database that its training data comes from.
    Fix: keep the credential in a secret store, hand the job the secret's name, and replace the one written here.
    """
    return fail_if(job.arguments_have_credential, "an argument holds a credential")


@check(
    id="data-job-unencrypted",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def data_job_unencrypted(job: DataJob) -> Verdict:
    """Nothing says that what a data job writes is encrypted with a key of your own.

    Why: features, samples in logs and spilled batches lie readable to whoever may read the bucket or the log group.
    Fix: give the job a security configuration that encrypts its output, its log and its bookmarks.
    """
    return fail_if(job.security_settings.is_absent(), "it names no security configuration")


@check(
    id="data-job-settings-plain",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
    mend=unsafe(output_encrypted=True, log_encrypted=True, bookmark_encrypted=True),
)
def data_job_settings_plain(settings: DataJobSettings) -> Verdict:
    """The security configuration of data jobs leaves a part of their data unencrypted.

    Why: every job that names it is believed to be safe, while its output, its log (which often has samples of the
    data in it) or its bookmarks are not.
    Fix: set the modes for S3, CloudWatch and job bookmarks to KMS.
    """
    whole = settings.output_encrypted & settings.log_encrypted & settings.bookmark_encrypted
    return fail_if(~whole, "one of its modes is off")


@check(
    id="data-job-retired",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-2"),
    about_ml=True,
)
def data_job_retired(job: DataJob) -> Verdict:
    """A data job runs an engine that gets no more patches.

    Why: it opens files from outside with parsers and a Python whose holes stay open, next to all training data.
    Fix: move the job to a version of Glue that is supported.
    """
    return fail_if(job.retired, "support of this version has ended")


@check(
    id="data-endpoint-public",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7"),
    about_ml=True,
)
def data_endpoint_public(endpoint: DevelopmentEndpoint) -> Verdict:
    """A machine for trying out data jobs answers SSH on the internet.

    Why: one leaked private key opens a shell with the role that reads the data lake.
    Fix: use interactive sessions, which have no address; or put the endpoint into a subnet.
    """
    return fail_if(endpoint.subnet.is_absent(), "it is in no subnet, so it has a public address")


@check(
    id="catalog-open",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0036", "NIST-800-53:AC-3"),
    about_ml=True,
)
def catalog_open(policy: CatalogPolicy) -> Verdict:
    """Everybody with an account at the provider may use the catalogue of tables.

    Why: it tells strangers which data sets there are and where they lie; with the right to write, a table is pointed
    to their own data, and models are trained on that.
    Fix: name the accounts and roles, or ask for your organisation (aws:PrincipalOrgID).
    """
    return fail_if(policy.open_to_anyone, "its policy lets everybody in")


@check(
    id="catalog-unencrypted",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def catalog_unencrypted(catalog: DataCatalog) -> Verdict:
    """The catalogue of tables is not encrypted with a key of KMS.

    Why: column names, partitions, locations and connection strings of all training data lie there; without a key no
    log says who read them.
    Fix: set the catalogue's encryption mode to SSE-KMS.
    """
    return fail_if(~catalog.encrypted, "its metadata are not encrypted")


@check(
    id="catalog-passwords-plain",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    about_ml=True,
)
def catalog_passwords_plain(catalog: DataCatalog) -> Verdict:
    """The catalogue hands out the passwords of its connections in the clear.

    Why: whoever may call GetConnection, as most roles of data jobs may, has the passwords of every source of training
    data.
    Fix: have connection passwords returned encrypted, with a key that few roles may use.
    """
    return fail_if(~catalog.hides_passwords, "passwords are returned as they are")


@check(
    id="data-connection-plain",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0020", "NIST-800-53:SC-8"),
    about_ml=True,
)
def data_connection_plain(connection: DataConnection) -> Verdict:
    """Data jobs connect to a database without insisting on TLS.

    Why: training data can be read, and changed, on its way into the job.
    Fix: set JDBC_ENFORCE_SSL to true in the connection's properties.
    """
    return fail_if(connection.allows_plain, "JDBC_ENFORCE_SSL is not true")


@check(
    id="data-connection-password",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    about_ml=True,
)
def data_connection_password(connection: DataConnection) -> Verdict:
    """The password of a data connection is written in the code.

    Why: it stays in the repository, in the state of the deployment and in the catalogue: each of them opens the source
    of the training data.
    Fix: name a secret instead (SECRET_ID), and replace the password.
    """
    return fail_if(connection.has_password, "its properties hold a password")


@check(
    id="data-cluster-unprotected",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-28", "NIST-800-53:SC-8"),
    about_ml=True,
)
def data_cluster_unprotected(cluster: DataCluster) -> Verdict:
    """A cluster for data has no security configuration.

    Why: shuffled batches of training data cross the network and lie on disks unencrypted, nobody who submits a job is
    asked who he is, and every process gets the machines' credentials.
    Fix: name a security configuration with encryption at rest and in transit, IMDSv2, and Kerberos or run-time roles.
    """
    return fail_if(cluster.security_settings.is_absent(), "it names no security configuration")


@check(
    id="data-cluster-retired",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-2"),
    about_ml=True,
)
def data_cluster_retired(cluster: DataCluster) -> Verdict:
    """A cluster for data runs a release that gets no more patches.

    Why: holes in Spark, Hadoop and their web pages are looked for across the internet and stay open here.
    Fix: move to a release that is supported.
    """
    return fail_if(ended("emr", cluster.engine_version), "support of this release has ended")


@check(
    id="data-cluster-unlogged",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12",),
    about_ml=True,
)
def data_cluster_unlogged(cluster: DataCluster) -> Verdict:
    """The logs of a cluster for data are gone when it ends.

    Why: which job changed or copied a data set cannot be found afterwards.
    Fix: name a bucket for its logs.
    """
    return fail_if(cluster.log_location.is_absent(), "its logs are kept on its machines only")


@check(
    id="data-cluster-password",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    about_ml=True,
)
def data_cluster_password(cluster: DataCluster) -> Verdict:
    """The password of a cluster's Kerberos realm is written in the code.

    Why: its holder makes tickets for any user, and reads and writes every data set of the cluster.
    Fix: take it from a secret store at deploy time; then change it.
    """
    return fail_if(cluster.password_in_code, "the administrator's password is written in the code")


@check(
    id="data-cluster-plain-disks",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def data_cluster_plain_disks(settings: DataClusterSettings) -> Verdict:
    """Clusters for data leave what they store unencrypted.

    Why: training data spilled to local disks, and what is written to buckets, lie readable.
    Fix: turn encryption at rest on in the security configuration, for S3 and for local disks.
    """
    return fail_if(~settings.encrypts_disks, "encryption at rest is off")


@check(
    id="data-cluster-plain-traffic",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8",),
    about_ml=True,
)
def data_cluster_plain_traffic(settings: DataClusterSettings) -> Verdict:
    """Machines of a cluster for data talk to each other without TLS.

    Why: whoever is in the same network reads and changes the batches that models learn from.
    Fix: turn encryption in transit on in the security configuration, with certificates of your own.
    """
    return fail_if(~settings.encrypts_traffic, "encryption in transit is off")


@check(
    id="data-cluster-metadata-v1",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:AC-3"),
    about_ml=True,
)
def data_cluster_metadata_v1(settings: DataClusterSettings) -> Verdict:
    """Machines of a cluster for data hand out credentials without a session token.

    Why: a job that can be made to fetch an address, as Spark's and Livy's can, gives away the role of the cluster.
    Fix: set MinimumInstanceMetadataServiceVersion to 2 in the security configuration.
    """
    return fail_if(~settings.closes_metadata, "IMDSv1 is taken")


@check(
    id="data-cluster-no-login",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-2", "NIST-800-53:AC-6"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def data_cluster_no_login(settings: DataClusterSettings) -> Verdict:
    """Clusters for data ask nobody who submits a job who he is.

    Why: every user's job has the rights of the machines: who may use one data set reads them all.
    Fix: set Kerberos, the identity centre or run-time roles in the security configuration.
    """
    return fail_if(~settings.asks_for_identity, "it sets no authentication")


@check(
    id="data-cluster-guard-off",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "AWS-FSBP:EMR.2"),
    about_ml=True,
    mend=safe(blocks=True),
)
def data_cluster_guard_off(guard: DataClusterGuard) -> Verdict:
    """Clusters for data may be started open to the internet.

    Why: YARN, Spark and Livy run what they are sent; those on the internet are mining for others within hours.
    Fix: block public security group rules for the account.
    """
    return fail_if(~guard.blocks, "public rules are not blocked")
