"""Where data and models lie."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if, safe
from garrison.estate.assets.storage import Bucket
from garrison.estate.estate import Relations
from garrison.estate.facts import Content
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth
from garrison.estate.values import State, Value

_ML_CONTENTS = (Content.TRAINING_DATA, Content.FEATURES, Content.MODELS, Content.PREDICTIONS)


def _holds_ml(bucket: Bucket, near: Relations) -> Truth:
    """Whether data of models lies in it; the evidence says why that is believed."""
    told = [h for h in near.facts.holds if h.content in _ML_CONTENTS]
    evidence = tuple(Value(State.KNOWN, None, bucket.place, f"it holds {h.content}: {h.reason}") for h in told[:1])
    return Truth(near.facts.contains(*_ML_CONTENTS), evidence)


@check(
    id="bucket-public",
    severity=Severity.CRITICAL,
    pillar=Pillar.CLOUD,
    maps=(
        "ATLAS:AML.T0035", "NIST-800-53:AC-3", "AWS-FSBP:S3.2", "CIS-AWS-6.0:3.1.4", "CIS-GCP-4.0:5.1",
        "CIS-Azure-5.0:9.3.8", "OWASP-ML:ML05",
    ),
)  # fmt: skip
def bucket_public(bucket: Bucket, near: Relations) -> Verdict:
    """Anybody on the internet can read the bucket.

    Why: training data, features and model files are copied by whoever finds the name; what was learnt from can then be
    studied, and models rebuilt or evaded at leisure.
    Fix: grant access to named roles only, and block public access.
    """
    closed = near.any_by(Relation.CONTAINS, Bucket, lambda a: ~a.native("allows_public_containers").equals(True))
    return fail_if(bucket.public_read & ~Truth(closed.yes, closed.because), "anybody can read its objects")


@check(
    id="bucket-public-write",
    severity=Severity.CRITICAL,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0020", "ATLAS:AML.T0018", "NIST-800-53:AC-3", "AWS-FSBP:S3.3", "OWASP-ML:ML10"),
)
def bucket_public_write(bucket: Bucket) -> Verdict:
    """Anybody on the internet can change what is in the bucket.

    Why: whoever can write poisons the training data or swaps a model file for one that runs code when it is loaded
    (pickle, PyTorch), inside the training or serving account.
    Fix: take the right to write from the public; grant it to the roles of the pipeline only.
    """
    return fail_if(bucket.public_write, "anybody can write or delete its objects")


@check(
    id="bucket-ruled-by-others",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0020", "NIST-800-53:AC-3", "NIST-800-53:AC-6", "AWS-FSBP:S3.6"),
    confidence=Confidence.MEDIUM,
)
def bucket_ruled_by_others(bucket: Bucket) -> Verdict:
    """Another account can change who may use the bucket.

    Why: whoever gets into that account, a labelling vendor's or a partner's, opens training data and models to
    everybody, or shuts you out of them. Where the number is your own account's, the bucket is only as safe as each of
    the identities it names.
    Fix: let the other account read or write the objects it needs; keep s3:PutBucketPolicy, s3:PutBucketAcl,
    s3:PutObjectAcl and s3:PutEncryptionConfiguration to yourself.
    """
    return fail_if(bucket.ruled_by_others, "its policy lets an account change the rules")


@check(
    id="bucket-block-off",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:AC-3", "AWS-FSBP:S3.8", "CIS-AWS-6.0:3.1.4"),
)
def bucket_block_off(bucket: Bucket) -> Verdict:
    """Part of the public access block of the bucket is switched off.

    Why: one careless ACL or policy, often made for a demo of a model, then puts the data on the internet; the block is
    what would have stopped it.
    Fix: set all four settings of the public access block to true.
    """
    complete = (
        bucket.blocks_public_acls & bucket.ignores_public_acls & bucket.refuses_public_policy
        & bucket.blocks_public_policy
    )  # fmt: skip
    return fail_if(bucket.block_said & ~complete, "not all four settings of its public access block are on")


@check(
    id="bucket-block-missing",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:AC-3", "AWS-FSBP:S3.8", "CIS-AWS-6.0:3.1.4"),
)
def bucket_block_missing(bucket: Bucket) -> Verdict:
    """Nothing in the code blocks public access to the bucket.

    Why: buckets made since April 2023 are blocked by themselves, but nothing keeps it so: who switches the block off
    for a moment leaves no trace in the code, and the next apply does not put it back.
    Fix: say the public access block in the code, with all its settings on.
    """
    return fail_if(~bucket.block_said, "no public access block is said")


@check(
    id="bucket-plain-http",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8", "AWS-FSBP:S3.5", "CIS-AWS-6.0:3.1.1", "CIS-Azure-5.0:9.3.4"),
)
def bucket_plain_http(bucket: Bucket) -> Verdict:
    """The bucket answers requests without TLS.

    Why: who sits on the way between a training job and its data reads it, and can hand the job other data or another
    model file.
    Fix: deny every request for which aws:SecureTransport is false; on Azure require secure transfer.
    """
    return fail_if(~bucket.tls_only, "requests without TLS are answered")


@check(
    id="bucket-unversioned",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0020", "ATLAS:AML.M0025", "NIST-800-53:CP-9", "AWS-FSBP:S3.14", "CIS-Azure-5.0:9.2.3"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
    mend=safe(versioned=True),
)
def bucket_unversioned(bucket: Bucket, near: Relations) -> Verdict:
    """Training data or models lie in a bucket that keeps no versions.

    Why: after poisoning, a swapped model file or a deletion nobody can tell what was trained on, nor go back to it.
    Fix: turn versioning on.
    """
    return fail_if(~bucket.versioned & _holds_ml(bucket, near), "it holds data of models and keeps no versions")


@check(
    id="bucket-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28", "AWS-FSBP:S3.17"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def bucket_own_key(bucket: Bucket, near: Relations) -> Verdict:
    """Training data or models are encrypted with a key that everybody with access to the bucket may use.

    Why: with the provider's key, the right to read the bucket is all it takes; with a key of your own a second,
    separately kept right is needed, its use is logged, and access can be cut off at once.
    Fix: encrypt with a key of your own and let only the pipeline's roles use it.
    """
    return fail_if(bucket.encryption_key.is_absent() & _holds_ml(bucket, near), "no key of your own encrypts it")


@check(
    id="bucket-unlogged",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-2", "AWS-FSBP:S3.9", "CIS-AWS-6.0:4.9"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def bucket_unlogged(bucket: Bucket, near: Relations) -> Verdict:
    """Nobody records who reads training data or models from the bucket.

    Why: after a theft of data or a model nobody can say what was taken, and by whom.
    Fix: turn access logging on, or record data events of the bucket in a trail.
    """
    return fail_if(~bucket.logged & _holds_ml(bucket, near), "reads and writes of its objects are not logged")


@check(
    id="bucket-acls-in-use",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-3", "AWS-FSBP:S3.12", "CIS-GCP-4.0:5.2"),
)
def bucket_acls_in_use(bucket: Bucket) -> Verdict:
    """Single objects of the bucket can be opened by ACLs of their own.

    Why: IAM then does not tell who can read a data set or a model: each object may say otherwise, and nobody looks.
    Fix: use uniform bucket-level access; on S3 set object ownership to BucketOwnerEnforced.
    """
    return fail_if(~bucket.acls_disabled, "ACLs of objects have effect")


@check(
    id="storage-anonymous-allowed",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:AC-3", "CIS-Azure-5.0:9.3.8"),
    confidence=Confidence.MEDIUM,
    native=("allows_public_containers",),
)
def storage_anonymous_allowed(bucket: Bucket) -> Verdict:
    """Containers of the storage account may be opened to everybody.

    Why: one container set to public, with the data or models of a demo, is then on the internet; the account should not
    let that happen.
    Fix: set allow_nested_items_to_be_public to false.
    """
    return fail_if(bucket.native("allows_public_containers").equals(True), "its containers may be made public")


@check(
    id="storage-shared-key",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-2", "CIS-Azure-5.0:9.3.1.3", "ATLAS:AML.T0055"),
    native=("shared_key",),
)
def storage_shared_key(bucket: Bucket) -> Verdict:
    """The storage account takes its shared key.

    Why: the key opens all data and models in the account, is bound to nobody and ends up in notebooks and job settings;
    an Azure ML workspace can reach its data with identities instead.
    Fix: set shared_access_key_enabled to false and use managed identities.
    """
    return fail_if(bucket.native("shared_key").equals(True), "its shared key opens everything")


@check(
    id="storage-open-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "CIS-Azure-5.0:9.3.2.2", "CIS-Azure-5.0:9.3.2.3"),
    native=("public_network", "network_default"),
)
def storage_open_network(bucket: Bucket) -> Verdict:
    """The storage account answers to every network.

    Why: a leaked key or token then works from anywhere on the internet, not only where models are trained and served.
    Fix: deny by default in the network rules, or turn public network access off and use private endpoints.
    """
    reachable = bucket.native("public_network").equals(True) & bucket.native("network_default").equals("Allow")
    return fail_if(reachable, "every network can reach it")


@check(
    id="storage-no-soft-delete",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=(
        "NIST-800-53:CP-9",
        "CIS-Azure-5.0:9.2.1",
    ),
    native=("soft_delete",),
)
def storage_no_soft_delete(bucket: Bucket) -> Verdict:
    """What is deleted from the storage account is gone at once.

    Why: a job's mistake, or a stolen token, ends a data set or every version of a model for good.
    Fix: keep deleted blobs for seven days at least: blob_properties, delete_retention_policy.
    """
    return fail_if(bucket.native("soft_delete").equals(False), "deleted blobs are not kept")


@check(
    id="storage-cross-tenant",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=(
        "ATLAS:AML.T0025",
        "NIST-800-53:AC-4",
        "CIS-Azure-5.0:9.3.7",
    ),
    native=("cross_tenant",),
)
def storage_cross_tenant(bucket: Bucket) -> Verdict:
    """Blobs may be replicated into another organisation's account.

    Why: whoever may change the account sets up a rule that copies every new data set and model to a tenant of his own.
    Fix: set cross_tenant_replication_enabled to false.
    """
    return fail_if(bucket.native("cross_tenant").one_of((True, "true")), "cross-tenant replication is allowed")
