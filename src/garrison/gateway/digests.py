"""The digest of what was asked, for the audit feed: a keyed hash, so that nobody who reads the feed can try out what it was.

With a key of this gateway's own, which its state folder keeps and nobody else needs: who has the request, and the key, can
tell that it is the one of a line. Inside Envoy it is SipHash-2-4 with 128 bits (Aumasson and Bernstein 2012), a tenth of the cost of
SHA-256 there; the guard of a queue writes HMAC-SHA-256 (RFC 2104). Each digest begins with the name of its kind.
"""

from __future__ import annotations

import hmac
import os
import secrets
import struct
from pathlib import Path
from typing import Final

from garrison.errors import ConfigError
from garrison.gateway.run.publish import replace

KEY: Final = "digest.key"  # in the state folder
PREFIX: Final = "siphash-2-4-128:"
_HMAC: Final = "hmac-sha256:"
_BYTES: Final = 32
_WORD: Final = (1 << 64) - 1


def make_key(state: Path) -> None:
    """Make the key, where there is none yet. Raises ConfigError where it cannot be kept."""
    path = state / KEY
    try:
        if not os.path.lexists(path):
            replace(path, secrets.token_hex(_BYTES).encode())
    except OSError as error:
        hint = "let [gateway] state be a folder that can be written"
        raise ConfigError(f"cannot be kept: {error.strerror}", path=str(path), hint=hint) from error


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
    """As the guard of a queue has it."""
    return f"{_HMAC}{hmac.digest(key, body, 'sha256').hex()}"


def is_of(digest: str, key: bytes, body: bytes) -> bool:
    """Whether a digest of the audit feed, of either kind, is that of a body."""
    found = f"{PREFIX}{siphash(words(key), body)}" if digest.startswith(PREFIX) else digest_of(key, body)
    return hmac.compare_digest(found, digest)


def words(key: bytes) -> tuple[int, int]:
    """The key that SipHash takes, of two numbers with the lowest byte first: the first half of the gateway's."""
    return struct.unpack_from("<2Q", key)


def siphash(key: tuple[int, int], body: bytes) -> str:
    """SipHash-2-4 with 128 bits, in hexadecimal (https://github.com/veorq/SipHash)."""
    first, second = key
    state = (
        first ^ 0x736F6D6570736575,
        second ^ 0x646F72616E646F6D ^ 0xEE,
        first ^ 0x6C7967656E657261,
        second ^ 0x7465646279746573,
    )
    padded = body + bytes(-(len(body) + 1) % 8) + bytes([len(body) % 256])
    for (word,) in struct.iter_unpack("<Q", padded):
        a, b, c, d = _rounds(2, (state[0], state[1], state[2], state[3] ^ word))
        state = (a ^ word, b, c, d)
    state = _rounds(4, (state[0], state[1], state[2] ^ 0xEE, state[3]))
    low = state[0] ^ state[1] ^ state[2] ^ state[3]
    state = _rounds(4, (state[0], state[1] ^ 0xDD, state[2], state[3]))
    return struct.pack("<2Q", low, state[0] ^ state[1] ^ state[2] ^ state[3]).hex()


def _rounds(count: int, state: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a, b, c, d = state
    for _ in range(count):
        a, c = (a + b) & _WORD, (c + d) & _WORD
        b, d = _left(b, 13) ^ a, _left(d, 16) ^ c
        a, c = (_left(a, 32) + d) & _WORD, (c + b) & _WORD
        b, d = _left(b, 17) ^ c, _left(d, 21) ^ a
        c = _left(c, 32)
    return a, b, c, d


def _left(word: int, by: int) -> int:
    return (word << by | word >> 64 - by) & _WORD


_HINT: Final = "put it back from a copy, or remove it: a new one is made, and digests of before can no longer be told"
