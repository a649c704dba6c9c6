"""The text of an API key: `grs_`, 10 characters that name it, 43 that are secret, 6 of a checksum.

The prefix and the checksum (CRC-32 in base 62 of what stands between) let scanners of secrets find a key that leaked and tell it
from what only looks like one; GitHub's tokens have the same form (https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/).

43 characters of 62 are 256 bits, drawn at random. One SHA-256 is enough to keep them by: slow and salted hashes are there for
secrets that can be guessed, and of 2^256 none can (NIST SP 800-63B, section 5.1.2.2, which asks for salt and stretching only
below 112 bits).
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from typing import Final

PREFIX: Final = "grs_"
_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID, _SECRET, _CHECK = 10, 43, 6
_SHAPE = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{_ID + _SECRET}}})([0-9A-Za-z]{{{_CHECK}}})", re.ASCII)


def make_key() -> str:
    """A new key."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_ID + _SECRET))
    return f"{PREFIX}{body}{_checksum(body)}"


def is_key(text: str) -> bool:
    """Whether a text is a key that was made here, or by a very lucky guess."""
    found = _SHAPE.fullmatch(text)
    return found is not None and _checksum(found[1]) == found[2]


def id_of(key: str) -> str:
    """What a key is called where it must not be shown: its prefix and its first characters."""
    return key[: len(PREFIX) + _ID]


def digest_of(key: str) -> str:
    """What is kept of a key: SHA-256 of its text, in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(body: str) -> str:
    number, said = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        said = _ALPHABET[digit] + said
    return said
