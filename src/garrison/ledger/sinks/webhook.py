"""A webhook: the checkpoint is posted as it is, a note that the ledger signed, so that the receiver can verify it by itself.

With a secret the request is signed too, as of Standard Webhooks 1.0 (https://www.standardwebhooks.com): `webhook-id`,
`webhook-timestamp`, and in `webhook-signature` the HMAC-SHA-256 over both and the body.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from pathlib import Path
from typing import Annotated

import msgspec

from garrison.errors import LedgerError, UnreachedError
from garrison.ledger.checkpoint import SignedCheckpoint
from garrison.ledger.keys.file import read_secret
from garrison.ledger.note import decode64, encode64
from garrison.ledger.web import send

_PREFIX = "whsec_"
_LEAST_SECRET_BYTES = 24
_TAKEN = range(200, 300)


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="kind", tag="webhook"):
    """`kind = "webhook"`."""

    name: str
    url: str  # https, or http on this machine
    secret_file: str | None = None  # mode 0600; whsec_ and 24 bytes or more in base64
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=60)] = 10

    def publish(self, signed: SignedCheckpoint) -> str:
        body = bytes(signed)
        headers = {
            "Content-Type": "text/plain; charset=utf-8",
            "webhook-id": f"ckpt_{hashlib.sha256(body).hexdigest()[:32]}",
        }
        if self.secret_file is not None:
            headers |= signature(headers["webhook-id"], body, webhook_secret(Path(self.secret_file)))
        answer = send("POST", self.url, body, headers, timeout_s=self.timeout_s)
        if answer.status not in _TAKEN:
            raise UnreachedError(
                f"{self.url} answers {answer.status}", hint="it is tried again: garrison ledger checkpoint"
            )
        return self.url


def signature(message_id: str, body: bytes, secret: bytes) -> dict[str, str]:
    """The headers that sign a message."""
    now = str(int(time.time()))
    digest = hmac.digest(secret, f"{message_id}.{now}.".encode() + body, "sha256")
    return {"webhook-timestamp": now, "webhook-signature": f"v1,{encode64(digest)}"}


def webhook_secret(path: Path) -> bytes:
    """The secret in a file that only its owner can read. Raises LedgerError."""
    return parse_secret(read_secret(path).decode("ascii", "replace").strip(), str(path))


def parse_secret(text: str, path: str) -> bytes:
    """`whsec_` and base64, as bytes. Raises LedgerError, in which the secret does not stand."""
    found = decode64(text.removeprefix(_PREFIX))
    if not text.startswith(_PREFIX) or found is None or len(found) < _LEAST_SECRET_BYTES:
        hint = f"write {_PREFIX} and {_LEAST_SECRET_BYTES} random bytes or more in base64"
        raise LedgerError("this is no secret of a webhook", hint=hint, path=path)
    return found
