"""Users of NATS by tokens: an operator, its accounts and their users, as `nsc` would make them (https://github.com/nats-io/jwt).

Made here of the format's own description: Debian has no `nsc`.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KINDS = {"operator": 14, "account": 0, "user": 20}
SEED = 18
UNLIMITED = -1


class Key(NamedTuple):
    """A key of NATS."""

    kind: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        return said(bytes([KINDS[self.kind] << 3]) + self.private.public_key().public_bytes_raw())

    @property
    def seed(self) -> str:
        kind = KINDS[self.kind] << 3
        return said(bytes([SEED << 3 | kind >> 5, (kind & 31) << 3]) + self.private.private_bytes_raw())


def new(kind: str) -> Key:
    return Key(kind, Ed25519PrivateKey.generate())


def said(data: bytes) -> str:
    """With a CRC-16 behind it, in base32."""
    whole = data + binascii.crc_hqx(data, 0).to_bytes(2, "little")
    return base64.b32encode(whole).decode().rstrip("=")


def token(signer: Key, subject: Key, **claims: Any) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    told = {
        "jti": "T", "iat": 1, "iss": signer.public, "name": subject.kind, "sub": subject.public,
        "nats": {"type": subject.kind, "version": 2, **claims},
    }  # fmt: skip
    text = ".".join(part(json.dumps(x).encode()) for x in ({"typ": "JWT", "alg": "ed25519-nkey"}, told))
    return f"{text}.{part(signer.private.sign(text.encode()))}"


class Operator(NamedTuple):
    """An operator with one account, and one for the server's own sake."""

    key: Key
    account: Key

    @property
    def settings(self) -> str:
        """What the server is told."""
        limits = dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), UNLIMITED)
        stored = dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), UNLIMITED)
        system = new("account")
        return f"""
operator: {token(self.key, self.key, system_account=system.public)}
system_account: {system.public}
resolver: MEMORY
resolver_preload: {{
  {system.public}: {token(self.key, system, limits=limits)}
  {self.account.public}: {token(self.key, self.account, limits={**limits, **stored, "wildcards": True})}
}}
"""

    def credentials(self, publish: list[str], subscribe: list[str]) -> str:
        """The credentials file of a user that may do so much."""
        user = new("user")
        limits = {"subs": UNLIMITED, "data": UNLIMITED, "payload": UNLIMITED}
        made = token(self.account, user, pub={"allow": publish}, sub={"allow": subscribe}, **limits)
        return f"""\
-----BEGIN NATS USER JWT-----
{made}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
{user.seed}
------END USER NKEY SEED------
"""


def operator() -> Operator:
    return Operator(new("operator"), new("account"))
