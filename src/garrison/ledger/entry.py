"""What an entry is: canonical JSON that says who did what to what, when and why.

    {"action":"deploy","actor":"service:ci","details":{"environment":"production"},"kind":"model.deploy",
     "object":{"digest":"sha256:…","name":"fraud","type":"model"},"reason":"CHG-1234","time":"2026-11-25T09:30:00Z"}

The form is that of RFC 8785 (JCS). Names are ASCII and there are no fractions in it, so that sorting by bytes and writing
integers as they are is all that it asks for. People are named by a keyed hash only (`pseudonym`): who holds the key can find
what somebody did, and once the key is destroyed nobody can tell any more who it was, while the log stays whole.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
from typing import Annotated, Any, Required, TypedDict

import msgspec

from garrison.errors import LedgerError, TamperedError

MAX_BYTES = 65_535  # what a bundle of tlog-tiles can hold
MAX_INTEGER = 2**53 - 1  # RFC 7493, section 2.2: what every reader of JSON can hold
_PEOPLE = "hmac-sha256:"
_PERSONAL = rf"{_PEOPLE}[0-9a-f]{{64}}"
_DIGEST = r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}"
_ACTOR = re.compile(rf"(?:service|client|key|role):[!-~]{{1,200}}|person:{_PERSONAL}")
_ADDRESS = re.compile(rb"[A-Za-z0-9_.+%-]+(?<!\bgit)@[A-Za-z0-9-]+\.[A-Za-z]")
_WHOLE_ADDRESS = re.compile(r"[A-Za-z0-9_.+%-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=250, description="name")]
Text = Annotated[str, msgspec.Meta(max_length=4000, description="text")]
Digest = Annotated[str, msgspec.Meta(pattern=rf"^(?:{_DIGEST})\Z", description="digest")]
Time = Annotated[dt.datetime, msgspec.Meta(tz=True, description="time")]
Integer = Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER, description="integer")]
Personal = Annotated[str, msgspec.Meta(pattern=rf"^{_PERSONAL}\Z", description="personal")]
Actor = Annotated[
    str,
    msgspec.Meta(pattern=rf"^(?:person:{_PERSONAL}|(?:service|client|key|role):[!-~]{{1,200}})\Z", description="actor"),
]


class Object(TypedDict, total=False):
    """What something was done to."""

    type: Required[str]
    name: Required[str]
    digest: str


class Fields(TypedDict, total=False):
    """What is said of an entry when it is appended."""

    actor: Required[str]  # person:hmac-sha256:…, service:…, client:…, key:… or role:…
    action: str
    object: Object
    time: dt.datetime  # now, where it is not given
    reason: str
    approval: str  # entry:17 of this ledger, or the name of a ticket
    previous: str  # digest of the object's state before
    details: dict[str, Any]


class Thing(msgspec.Struct, frozen=True):
    """The object of an entry that is read."""

    type: str
    name: str
    digest: str = ""


class Entry(msgspec.Struct, frozen=True):
    """An entry that is read. Whether its kind is known does not matter here."""

    kind: str
    action: str
    actor: str
    time: dt.datetime
    object: Thing | None = None
    reason: str = ""
    approval: str = ""
    previous: str = ""
    details: dict[str, Any] = {}


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Entry)


def encode(entry: msgspec.Struct) -> bytes:
    """The bytes that are hashed. Raises LedgerError where they are too many, or hold what must not be in a ledger."""
    try:
        data = _encoder.encode(entry)
    except UnicodeEncodeError as error:
        raise LedgerError("the entry has text that is not Unicode", hint="decode it with errors='replace'") from error
    if len(data) > MAX_BYTES:
        hint = "store it elsewhere, and its digest here"
        raise LedgerError(f"the entry has {len(data):,} bytes; {MAX_BYTES:,} are the most", hint=hint)
    if b"@" in data and _ADDRESS.search(data):
        hint = "name people by pseudonym(), as person:hmac-sha256:…: an entry can never be taken back"
        raise LedgerError("the entry has an e-mail address in it", hint=hint)
    return data


def parse(data: bytes) -> Entry:
    """Read an entry. Raises TamperedError."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TamperedError(f"this is no entry: {error}", hint="was it appended by another program?") from error


def pseudonym(key: bytes, name: str) -> str:
    """The keyed hash that stands for somebody: HMAC-SHA-256 (RFC 2104) of the name. The key is kept outside the ledger.

    Raises LedgerError for a key that can be guessed.
    """
    if len(key) < 16:  # noqa: PLR2004 - 128 bits
        raise LedgerError(
            "the key of the pseudonyms is too short", hint="make one of 32 bytes: secrets.token_bytes(32)"
        )
    return _PEOPLE + hmac.digest(key, name.encode(), "sha256").hex()


def without_addresses(text: str, people: bytes) -> str:
    """A text in which e-mail addresses, which no entry may hold, are pseudonyms."""
    return _WHOLE_ADDRESS.sub(lambda found: pseudonym(people, found[0]), text)


def as_actor(name: str, people: bytes) -> str:
    """How somebody stands in the ledger: `service:ci` and the like as they are, anybody else as a person under a pseudonym."""
    return name if _ACTOR.fullmatch(name) else f"person:{pseudonym(people, name)}"
