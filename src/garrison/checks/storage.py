"""Where data and models lie."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.storage import Bucket


@check(
    id="bucket-public",
    severity=Severity.CRITICAL,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0035", "NIST-800-53:AC-3", "AWS-FSBP:S3.2", "CIS-AWS-6.0:2.1.4"),
)
def bucket_public(bucket: Bucket) -> Verdict:
    """Anybody on the internet can read the bucket.

    Why: training data, features and model files are copied by whoever finds the name; what was learnt from can then be
    studied, and models rebuilt or evaded at leisure.
    Fix: grant access to named roles only, and turn on all four public access blocks.
    """
    return fail_if(bucket.public_read, "anybody can read its objects")
