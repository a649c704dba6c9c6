"""Data stores: databases, caches, search indexes, streams, file systems."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if, safe, unsafe
from garrison.estate.assets.data import Cache, Database, FileSystem, SearchIndex, SearchNetwork, Stream
from garrison.estate.truth import Truth

# Domains of OpenSearch, whose users and logs are their owner's to set up.
_DOMAINS = frozenset({
    "aws_opensearch_domain", "aws_elasticsearch_domain", "AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain",
})  # fmt: skip


@check(
    id="database-public",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0036", "NIST-800-53:SC-7", "AWS-FSBP:RDS.2", "AWS-FSBP:Redshift.1", "CIS-AWS-6.0:3.2.3",
          "CIS-GCP-4.0:6.5"),
    mend=unsafe(public_address=False),
)  # fmt: skip
def database_public(database: Database) -> Verdict:
    """The database has an address on the internet that lets everybody knock.

    Why: a guessed or leaked password is then all it takes to read the features and labels that models learn from, or to
    change them.
    Fix: take the public address away, or let in only the addresses that need it.
    """
    return fail_if(database.public_address & database.any_address, "it can be reached from any address")


@check(
    id="dataset-open",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0036", "NIST-800-53:AC-3", "CIS-GCP-4.0:7.1"),
)
def dataset_open(database: Database) -> Verdict:
    """Everybody has been given access to the data set.

    Why: allUsers is the internet, and allAuthenticatedUsers anybody with a Google account: features and labels can be
    copied without leaving a name you know.
    Fix: give access to groups and service accounts of your own.
    """
    return fail_if(database.open_to_anyone, "a binding gives it to everybody")


@check(
    id="database-password-in-code",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
)
def database_password_in_code(database: Database) -> Verdict:
    """The administrator's password of the database is written in the code.

    Why: who can read the repository, or the state it is deployed from, owns the feature store.
    Fix: let the provider manage the password, or take it from a secret store at deploy time; then change it.
    """
    return fail_if(database.password_in_code, "its administrator's password is written in the code")


@check(
    id="database-unencrypted",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-28", "AWS-FSBP:RDS.3", "AWS-FSBP:RDS.27", "AWS-FSBP:DocumentDB.1", "AWS-FSBP:Neptune.1",
          "CIS-AWS-6.0:3.2.1"),
)  # fmt: skip
def database_unencrypted(database: Database) -> Verdict:
    """The storage of the database is not encrypted.

    Why: snapshots, backups and replicas of the features and labels are not either; one shared snapshot gives all away.
    Fix: turn storage encryption on (an existing database has to be restored from an encrypted copy).
    """
    return fail_if(~database.encrypted, "its storage is not encrypted")


@check(
    id="database-plain-connections",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8", "CIS-GCP-4.0:6.4"),
)
def database_plain_connections(database: Database) -> Verdict:
    """The database takes connections without TLS.

    Why: passwords, features and labels cross the network readable, and can be changed on their way into training.
    Fix: require TLS for all connections.
    """
    return fail_if(~database.refuses_plain, "connections without TLS are taken")


@check(
    id="database-not-recoverable",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:CP-9", "AWS-FSBP:DynamoDB.2", "AWS-FSBP:RDS.11", "CIS-GCP-4.0:6.7"),
)
def database_not_recoverable(database: Database) -> Verdict:
    """The database cannot be put back to an earlier time.

    Why: after poisoned or deleted features there is nothing clean to go back to, and no way to tell what was changed.
    Fix: keep automated backups, or turn point-in-time recovery on.
    """
    return fail_if(~database.recoverable, "no backups are kept")


@check(
    id="cache-open",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0036", "NIST-800-53:IA-2", "AWS-FSBP:ElastiCache.6"),
)
def cache_open(cache: Cache) -> Verdict:
    """The cache asks nobody for credentials.

    Why: any pod, notebook or job in the network can read and rewrite the features, prompts and predictions kept there,
    and so steer what a model answers.
    Fix: set a password or use IAM authentication.
    """
    return fail_if(~cache.authenticates, "everybody who reaches it is let in")


@check(
    id="cache-plain-connections",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8", "AWS-FSBP:ElastiCache.5"),
)
def cache_plain_connections(cache: Cache) -> Verdict:
    """The cache takes connections without TLS.

    Why: the cache's password, features and predictions cross the network readable and changeable.
    Fix: turn encryption in transit on.
    """
    return fail_if(~cache.encrypts_transit, "connections without TLS are taken")


@check(
    id="cache-unencrypted",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-28", "AWS-FSBP:ElastiCache.4"),
)
def cache_unencrypted(cache: Cache) -> Verdict:
    """What the cache writes to disk is not encrypted.

    Why: its snapshots hold features and predictions, often of persons, and are copied about as files.
    Fix: turn encryption at rest on.
    """
    return fail_if(~cache.encrypted, "what it writes to disk is not encrypted")


@check(
    id="search-open",
    severity=Severity.CRITICAL,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0085.000", "ATLAS:AML.T0071", "NIST-800-53:AC-3", "AWS-FSBP:OpenSearch.2", "OWASP-LLM:LLM08"),
    about_ml=True,
)
def search_open(index: SearchIndex) -> Verdict:
    """Anybody on the internet can query and change the search index.

    Why: the index is what a model retrieves from: whoever reads it has the documents behind it, whoever writes to it
    decides what the model is told.
    Fix: put it in a VPC, name the roles in its policy, and turn fine-grained access control on.
    """
    return fail_if(index.public, "everybody can reach it and its policy lets everybody in")


@check(
    id="search-on-internet",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "AWS-FSBP:OpenSearch.2", "OWASP-LLM:LLM08"),
    about_ml=True,
)
def search_on_internet(index: SearchIndex) -> Verdict:
    """The endpoint of the search index is on the internet.

    Why: a leaked key or role then reads the embeddings and documents of a model from anywhere; from embeddings much of
    the text can be rebuilt.
    Fix: reach it by a private endpoint or inside a VPC only.
    """
    return fail_if(~index.private_only, "its endpoint has a public address")


@check(
    id="search-network-open",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "OWASP-LLM:LLM08"),
    about_ml=True,
)
def search_network_open(network: SearchNetwork) -> Verdict:
    """Collections of vectors and documents can be reached from the internet.

    Why: a leaked role or an over-wide data access policy then opens what a model retrieves from to the world; knowledge
    bases of Bedrock do not need it.
    Fix: set AllowFromPublic to false; let in VPC endpoints and the services that need it (bedrock.amazonaws.com).
    """
    return fail_if(network.from_anywhere, "its network policy lets requests in from the internet")


@check(
    id="search-shared-keys",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-2", "ATLAS:AML.T0055", "OWASP-LLM:LLM08"),
    about_ml=True,
)
def search_shared_keys(index: SearchIndex) -> Verdict:
    """The search index takes keys that belong to nobody.

    Why: the admin key rewrites what a model retrieves, the query key reads all of it; both end up in notebooks and apps
    and leave no name in the log.
    Fix: turn local authentication off and use roles.
    """
    return fail_if(index.shared_keys, "keys without an owner open it")


@check(
    id="search-unencrypted",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-28", "AWS-FSBP:OpenSearch.1", "AWS-FSBP:ES.1"),
    about_ml=True,
)
def search_unencrypted(index: SearchIndex) -> Verdict:
    """The search index is not encrypted on disk.

    Why: its snapshots carry the documents and embeddings of a model readable to whoever gets a copy.
    Fix: turn encryption at rest on.
    """
    return fail_if(~index.encrypted, "it is not encrypted on disk")


@check(
    id="search-plain-connections",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8", "AWS-FSBP:OpenSearch.3", "AWS-FSBP:OpenSearch.8", "AWS-FSBP:ES.3"),
    about_ml=True,
)
def search_plain_connections(index: SearchIndex) -> Verdict:
    """Documents travel to the search index, or between its nodes, without TLS.

    Why: what a model is told can be read and changed on its way.
    Fix: enforce HTTPS and turn node-to-node encryption on.
    """
    return fail_if(~index.refuses_plain | ~index.encrypts_between_nodes, "traffic without TLS is possible")


@check(
    id="stream-open",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0020", "NIST-800-53:AC-3", "AWS-FSBP:SNS.4"),
)
def stream_open(stream: Stream) -> Verdict:
    """Everybody may read from the queue, topic or stream, or write to it.

    Why: forged events become features and labels, and start pipelines; read ones are the raw data of a model.
    Fix: name the principals in its policy, or tie it to a source with aws:SourceArn or aws:SourceAccount.
    """
    return fail_if(stream.open_to_anyone, "it lets everybody in")


@check(
    id="stream-unauthenticated",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0020", "NIST-800-53:IA-2"),
)
def stream_unauthenticated(stream: Stream) -> Verdict:
    """The brokers take clients that do not say who they are.

    Why: whoever reaches them reads the events models learn from and score, and can forge them.
    Fix: authenticate clients by IAM, SASL/SCRAM or certificates, and turn unauthenticated access off.
    """
    return fail_if(stream.unauthenticated, "clients need no credentials")


@check(
    id="stream-unencrypted",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-28", "AWS-FSBP:Kinesis.1", "AWS-FSBP:SQS.1"),
    mend=safe(encrypted=True),
)
def stream_unencrypted(stream: Stream) -> Verdict:
    """What waits in the stream or queue is not encrypted.

    Why: events that become training data and predictions on their way out often name persons; here they lie readable.
    Fix: turn server-side encryption on.
    """
    return fail_if(~stream.encrypted, "what waits in it is not encrypted")


@check(
    id="stream-plain-connections",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8", "AWS-FSBP:MSK.1"),
)
def stream_plain_connections(stream: Stream) -> Verdict:
    """The brokers take connections without TLS.

    Why: events on their way to features and training can be read and changed.
    Fix: allow TLS only between clients and brokers.
    """
    return fail_if(~stream.refuses_plain, "connections without TLS are taken")


@check(
    id="filesystem-unencrypted",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-28", "AWS-FSBP:EFS.1", "CIS-AWS-6.0:3.3.1"),
)
def filesystem_unencrypted(filesystem: FileSystem) -> Verdict:
    """The file system is not encrypted.

    Why: training jobs and notebooks keep data sets, checkpoints and home directories there; backups of it are readable.
    Fix: create it encrypted (it cannot be turned on later).
    """
    return fail_if(~filesystem.encrypted, "it is not encrypted")


@check(
    id="search-unlogged",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "AWS-FSBP:OpenSearch.5", "OWASP-LLM:LLM08"),
    about_ml=True,
    native=("audit_log",),
)
def search_unlogged(index: SearchIndex) -> Verdict:
    """Nobody records who asks the search index, and who changes it.

    Why: documents that were planted for a model to retrieve, or read in bulk, leave no trace.
    Fix: turn fine-grained access control on, and publish audit logs.
    """
    said = index.native("audit_log").any(lambda kind: kind.one_of(("AUDIT_LOGS", True, "true")))
    return fail_if(Truth(index.type in _DOMAINS) & ~said, "it publishes no audit log")


@check(
    id="search-old-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8", "AWS-FSBP:OpenSearch.8"),
    about_ml=True,
    native=("tls_policy",),
)
def search_old_tls(index: SearchIndex) -> Verdict:
    """The search index takes TLS 1.0.

    Why: documents, queries and passwords are sent over a protocol that was given up in 2021 (RFC 8996).
    Fix: set the TLS policy to Policy-Min-TLS-1-2-2019-07 or later.
    """
    return fail_if(index.native("tls_policy").equals("Policy-Min-TLS-1-0-2019-07"), "its policy has TLS 1.0 in it")


@check(
    id="search-without-users",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-3", "AWS-FSBP:OpenSearch.7", "OWASP-LLM:LLM08"),
    about_ml=True,
    native=("audit_log",),
)
def search_without_users(index: SearchIndex) -> Verdict:
    """The search index gives whoever is let in all documents.

    Why: one policy decides over the whole domain: an application that retrieves one collection for a model reads and
    rewrites all others.
    Fix: turn fine-grained access control on, and map roles to the indices they need.
    """
    return fail_if(Truth(index.type in _DOMAINS) & ~index.authenticates, "fine-grained access control is off")
