"""A file of the quarantine: the key of its lines, sealed for the recipient, and the lines.

    segment:  magic (8 bytes), length (4) and the sealed key (age, X25519), then frames
    frame:    length of its head (4), length of its body (4), CRC-32 of both (4), head (JSON, to be read without a key), body

The body is AES-256-GCM over the line and the whole reason, with the number of the frame as its nonce, as each segment has a key of its
own; the head is authenticated with it. A frame that is torn was not acknowledged.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import Final

import msgspec

MAGIC: Final = b"garrqua1"
KEY_BYTES: Final = 32
_LENGTHS: Final = Struct(">III")
_LENGTH: Final = Struct(">I")
_NONCE_BYTES: Final = 12
_MOST_BYTES: Final = 256 << 20


class Head(msgspec.Struct, frozen=True):
    """What is told without a key. `why` says of what the line is none, and nothing that stood in it."""

    time_us: int
    input: str
    form: str
    why: str
    size_bytes: int


class Body(msgspec.Struct, frozen=True, array_like=True):
    """What only the recipient reads."""

    line: bytes
    reason: str


class Frame(msgspec.Struct, frozen=True):
    """One line, sealed."""

    number: int
    head: Head
    raw_head: bytes
    body: bytes


def begin(sealed_key: bytes) -> bytes:
    """How a segment begins."""
    return MAGIC + _LENGTH.pack(len(sealed_key)) + sealed_key


def seal(key: bytes, number: int, head: Head, body: Body) -> bytes:
    """A frame."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    said = msgspec.json.encode(head)
    sealed = AESGCM(key).encrypt(_nonce(number), msgspec.msgpack.encode(body), said)
    return _LENGTHS.pack(len(said), len(sealed), zlib.crc32(sealed, zlib.crc32(said))) + said + sealed


def unseal(key: bytes, frame: Frame) -> Body:
    """What a frame holds. Raises ValueError where it was changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return msgspec.msgpack.decode(AESGCM(key).decrypt(_nonce(frame.number), frame.body, frame.raw_head), type=Body)
    except (InvalidTag, msgspec.MsgspecError) as error:
        raise ValueError("it has been changed since it was written") from error


def sealed_key(data: bytes) -> bytes:
    """The sealed key of a segment. Raises ValueError for what is none."""
    at = len(MAGIC) + _LENGTH.size
    if not data.startswith(MAGIC) or len(data) < at:
        raise ValueError("this is no file of the quarantine")
    return data[at : at + _LENGTH.unpack_from(data, len(MAGIC))[0]]


def frames(data: bytes) -> Iterator[Frame]:
    """The frames of a segment, up to one that is torn. Raises ValueError for what is no segment."""
    at = len(MAGIC) + _LENGTH.size + len(sealed_key(data))
    number = 0
    while at + _LENGTHS.size <= len(data):
        head_bytes, body_bytes, crc = _LENGTHS.unpack_from(data, at)
        start = at + _LENGTHS.size
        end = start + head_bytes + body_bytes
        if end - start > _MOST_BYTES or end > len(data):
            return
        said, body = data[start : start + head_bytes], data[start + head_bytes : end]
        if zlib.crc32(body, zlib.crc32(said)) != crc:
            return
        yield Frame(number, msgspec.json.decode(said, type=Head), said, body)
        number, at = number + 1, end


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE_BYTES, "big")
