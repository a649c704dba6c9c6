"""The digest of what was asked, for the audit feed: a keyed hash, so that nobody who reads the feed can try out what it was.

HMAC-SHA-256 (RFC 2104) with a key of this gateway's own, which its state folder keeps and nobody else needs: who has the
request, and the key, can tell that it is the one of a line.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path
from typing import Final

from garrison.errors import ConfigError
from garrison.gateway.run.publish import replace

KEY: Final = "digest.key"  # in the state folder
PREFIX: Final = "hmac-sha256:"
_BYTES: Final = 32
_BLOCK: Final = 64  # of SHA-256


def make_key(state: Path) -> None:
    """Make the key, where there is none yet. Raises OSError."""
    if not (state / KEY).exists():
        replace(state / KEY, secrets.token_hex(_BYTES).encode())


def read_key(state: Path) -> bytes:
    """The key; empty where there is none yet. Raises ConfigError for one that is damaged."""
    path = state / KEY
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return b""
    except (OSError, ValueError) as error:
        raise ConfigError("is not a key", path=str(path), hint=_HINT) from error
    if len(key) != _BYTES:
        raise ConfigError(f"has {len(key)} bytes, not {_BYTES}", path=str(path), hint=_HINT)
    return key


def digest_of(key: bytes, body: bytes) -> str:
    """As the feed has it."""
    return f"{PREFIX}{hmac.digest(key, body, 'sha256').hex()}"


def pads(key: bytes) -> tuple[bytes, bytes]:
    """What the inner and the outer hash begin with (RFC 2104, section 2)."""
    filled = key.ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in filled), bytes(b ^ 0x5C for b in filled)


_HINT: Final = "put it back from a copy, or remove it: a new one is made, and digests of before can no longer be told"
