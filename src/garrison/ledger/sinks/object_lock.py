"""An object store that keeps what is written for a fixed time: S3 with Object Lock, by the extra `aws`.

In mode COMPLIANCE nobody can delete a version before its time, in mode GOVERNANCE only who has the right to bypass it
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html). The bucket must have been made with Object Lock.
Credentials come from where boto3 takes them; they need s3:PutObject and s3:PutObjectRetention, and nothing else.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec

from garrison.errors import LedgerError, UnreachedError
from garrison.ledger.checkpoint import SignedCheckpoint
from garrison.ledger.sinks import folder_of

_LASTING = frozenset({"NoSuchBucket", "AccessDenied", "InvalidRequest", "InvalidArgument", "InvalidBucketName"})


class ObjectLock(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="kind", tag="object-lock"
):
    """`kind = "object-lock"`."""

    name: str
    bucket: str
    days: Annotated[int, msgspec.Meta(ge=1, le=36_500)]  # how long a checkpoint is kept at least
    mode: Literal["COMPLIANCE", "GOVERNANCE"] = "COMPLIANCE"
    prefix: str = ""
    region: str | None = None
    endpoint: str | None = None  # of another store that speaks S3
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=60)] = 10

    def publish(self, signed: SignedCheckpoint) -> str:
        """One object a checkpoint; where it is published twice, the object has two versions, both locked."""
        client, errors = self._client()
        checkpoint = signed.checkpoint
        key = f"{self.prefix}{folder_of(checkpoint.origin)}/{checkpoint.size:012d}-{checkpoint.root.hex()[:16]}"
        try:
            made = client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=bytes(signed),
                ContentType="text/plain; charset=utf-8",
                ChecksumAlgorithm="SHA256",
                ObjectLockMode=self.mode,
                ObjectLockRetainUntilDate=dt.datetime.now(dt.UTC) + dt.timedelta(days=self.days),
            )
        except errors.ClientError as error:
            said = error.response.get("Error", {})
            kind = LedgerError if said.get("Code") in _LASTING else UnreachedError
            raise kind(
                f"s3://{self.bucket} answers {said.get('Code')}: {said.get('Message')}",
                hint="the bucket needs Object Lock, and the credentials s3:PutObject and s3:PutObjectRetention",
            ) from error
        except errors.BotoCoreError as error:
            raise UnreachedError(
                f"s3://{self.bucket} is not reached: {error}", hint="see credentials, region and network"
            ) from error
        return f"s3://{self.bucket}/{key}?versionId={made.get('VersionId', '')}"

    def _client(self) -> tuple[Any, Any]:
        try:
            import boto3
            import botocore.config
            import botocore.exceptions
        except ImportError as error:
            raise LedgerError("object stores are written by boto3", hint="pip install 'garrison[aws]'") from error
        config = botocore.config.Config(
            connect_timeout=self.timeout_s,
            read_timeout=self.timeout_s,
            retries={"max_attempts": 1, "mode": "standard"},  # what fails waits in the outbox
        )
        try:
            client = boto3.client("s3", region_name=self.region, endpoint_url=self.endpoint, config=config)
        except (botocore.exceptions.BotoCoreError, ValueError) as error:  # ValueError: the endpoint is no address
            raise LedgerError(f"S3 cannot be used: {error}", hint="see region and endpoint in ledger.toml") from error
        return client, botocore.exceptions
