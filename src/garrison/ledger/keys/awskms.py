"""Keys in AWS KMS, by the extra `aws`: `awskms:///alias/ledger`, `awskms:///<key id>`, `awskms:///arn:aws:kms:...`.

A key of the spec ECC_NIST_EDWARDS25519 signs in KMS (algorithm ED25519_SHA_512, raw messages of up to 4,096 bytes) and never leaves
it. A symmetric key seals the file of a key that signs here; the encryption context binds it to the name of the ledger. Credentials
and region come from where boto3 takes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from garrison.errors import LedgerError, UnreachedError
from garrison.ledger.note import Algorithm, Signer, VerifierKey, checked_name

_PREFIX = "awskms:///"
_SPEC, _ALGORITHM = "ECC_NIST_EDWARDS25519", "ED25519_SHA_512"
_MOST_BYTES = 4096
_CONTEXT = "garrison-ledger"
# What AWS answers where the request itself is wrong; all else may be better next time.
_LASTING = frozenset({"NotFoundException", "AccessDeniedException", "DisabledException", "InvalidCiphertextException", "IncorrectKeyException"})  # fmt: skip
_T = TypeVar("_T")


class KmsSigner(msgspec.Struct, frozen=True):
    """A key that signs in KMS."""

    uri: str
    key: VerifierKey
    client: Any

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def vkey(self) -> str:
        return str(self.key)

    def sign(self, text: bytes) -> bytes:
        if len(text) > _MOST_BYTES:
            raise LedgerError(
                f"KMS signs at most {_MOST_BYTES:,} bytes", hint="leave extension lines out", path=self.uri
            )
        asked = {"KeyId": _key_id(self.uri), "Message": text, "MessageType": "RAW", "SigningAlgorithm": _ALGORITHM}
        return bytes(_asked(self.uri, lambda: self.client.sign(**asked))["Signature"])


def load(uri: str, name: str) -> Signer:
    """A key of KMS that signs as this name."""
    client = _client(uri)
    answer = _asked(uri, lambda: client.get_public_key(KeyId=_key_id(uri)))
    if answer.get("KeySpec") != _SPEC:
        hint = f"a key that signs is of the spec {_SPEC}; others seal a key's file: --seal-to {uri}"
        raise LedgerError(f"this key of KMS is of the spec {answer.get('KeySpec')}", hint=hint, path=uri)
    public = _raw(answer["PublicKey"], uri)
    return KmsSigner(uri, VerifierKey(checked_name(name), Algorithm.ED25519, public), client)


def seal(uri: str, secret: bytes, name: str) -> bytes:
    client = _client(uri)
    answer = _asked(
        uri, lambda: client.encrypt(KeyId=_key_id(uri), Plaintext=secret, EncryptionContext={_CONTEXT: name})
    )
    return bytes(answer["CiphertextBlob"])


def unseal(uri: str, sealed: bytes, name: str) -> bytes:
    client = _client(uri)
    answer = _asked(
        uri, lambda: client.decrypt(KeyId=_key_id(uri), CiphertextBlob=sealed, EncryptionContext={_CONTEXT: name})
    )
    return bytes(answer["Plaintext"])


def _raw(der: bytes, uri: str) -> bytes:
    """The 32 bytes of a public key in SubjectPublicKeyInfo (RFC 8410)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    key = load_der_public_key(der)
    if not isinstance(key, Ed25519PublicKey):
        raise LedgerError("this key of KMS is not Ed25519", hint=f"name one of the spec {_SPEC}", path=uri)
    return key.public_bytes_raw()


def _key_id(uri: str) -> str:
    key_id = uri.removeprefix(_PREFIX)
    if not uri.startswith(_PREFIX) or not key_id:
        raise LedgerError(
            "this names no key of KMS", hint=f"write {_PREFIX}alias/NAME, {_PREFIX}KEY-ID or {_PREFIX}ARN", path=uri
        )
    return key_id


def _client(uri: str) -> Any:
    try:
        import boto3
        import botocore.config
        import botocore.exceptions
    except ImportError as error:
        raise LedgerError("keys in AWS KMS are used by boto3", hint="pip install 'garrison[aws]'", path=uri) from error
    parts = _key_id(uri).split(":")
    region = parts[3] if parts[0] == "arn" and len(parts) > 3 else None  # noqa: PLR2004 - arn:partition:service:region
    config = botocore.config.Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 3, "mode": "standard"})
    try:
        return boto3.client("kms", region_name=region, config=config)
    except botocore.exceptions.NoRegionError as error:
        raise LedgerError(
            "no AWS region is given", hint="set AWS_DEFAULT_REGION, or name the key by its ARN", path=uri
        ) from error


def _asked(uri: str, ask: Callable[[], _T]) -> _T:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return ask()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        kind = LedgerError if code in _LASTING else UnreachedError
        raise kind(
            f"KMS answers {code}", hint="see that the key is there and enabled, and its policy", path=uri
        ) from error
    except BotoCoreError as error:
        raise UnreachedError(
            f"KMS is not reached: {error}", hint="see credentials, region and network", path=uri
        ) from error
