"""Credentials files of NATS users: a token, and the seed that signs what the server asks.

The form is told at https://docs.nats.io/using-nats/developer/connecting/creds. Read here, as nats-py looks for its lines without end in a
file that has none, and needs a second library for Ed25519.
"""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from garrison.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_TOKEN: Final = re.compile(rb"-{3,}BEGIN NATS USER JWT-{3,}\s+(\S+)\s+-{3,}END NATS USER JWT-{3,}")
_SEED: Final = re.compile(rb"-{3,}BEGIN USER NKEY SEED-{3,}\s+(\S+)\s+-{3,}END USER NKEY SEED-{3,}")
_OF_USER: Final = bytes([18 << 3 | 20 << 3 >> 5, (20 << 3 & 31) << 3])  # what the seed of a user begins with, as `SU`
_PREFIX_BYTES, _SUM_BYTES, _SEED_BYTES = 2, 2, 32


def connecting(path: Path) -> dict[str, Any]:
    """The options of nats-py that let a user in. Raises OSError, and ConfigError for what is no credentials file."""
    data = path.read_bytes()
    token, seed = _TOKEN.search(data), _SEED.search(data)
    try:
        if token is None or seed is None:
            raise ValueError("it holds no user JWT" if token is None else "it holds no user seed")  # noqa: TRY301
        key = _key(seed[1])
    except ValueError as error:
        hint = "name a credentials file of a user, as nsc generate creds writes it"
        raise ConfigError(f"{error}", path=str(path), hint=hint) from error
    return {
        "user_jwt_cb": lambda: bytearray(token[1]),
        "signature_cb": lambda nonce: base64.b64encode(key.sign(nonce.encode())),
        "token": lambda: "",  # nats-py asks the other two only where it has one
    }


def _key(seed: bytes) -> Ed25519PrivateKey:
    """The key of a seed: base32 of its kind, 32 bytes and their CRC-16 (https://github.com/nats-io/nkeys). Raises ValueError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        data = base64.b32decode(seed + b"=" * (-len(seed) % 8))
    except binascii.Error as error:
        raise ValueError("its seed is not in base32") from error
    whole, found = data[:-_SUM_BYTES], data[-_SUM_BYTES:]
    if len(whole) != _PREFIX_BYTES + _SEED_BYTES or binascii.crc_hqx(whole, 0).to_bytes(2, "little") != found:
        raise ValueError("its seed is damaged")
    if whole[:_PREFIX_BYTES] != _OF_USER:
        raise ValueError("its seed is not that of a user")
    return Ed25519PrivateKey.from_private_bytes(whole[_PREFIX_BYTES:])
