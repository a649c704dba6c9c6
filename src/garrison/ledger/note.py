"""Signed notes: a text, and under it a line per key that signed it (C2SP signed-note, https://c2sp.org/signed-note@v1.0.0).

    example.com/ledger
    2
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/ledger Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=

Stricter than the specification in one thing: base64 must be the one way to write its bytes, so that no bit of a note can
change unseen. The limits of size and of signatures are those of Go's golang.org/x/mod/sumdb/note.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, Self

import msgspec

from garrison.errors import LedgerError, TamperedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_BYTES = 1_000_000
MAX_SIGNATURES = 100
_DASH = "— "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")  # and what is no UTF-8
_NAME = re.compile(r"[^\s+]+")
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_KEY_BYTES = 32
_PRIVATE = "PRIVATE+KEY+"


class Algorithm(enum.IntEnum):
    """The signature types that are spoken here; more are assigned by the specification."""

    ED25519 = 1
    COSIGNATURE = 4


class Verifier(Protocol):
    """What knows a signature of one key, under one name, when it sees it."""

    @property
    def name(self) -> str: ...

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed."""
        ...

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether the key signed this text; `signature` comes without the key's id."""
        ...


class Signer(Protocol):
    """A key that signs; where it lies (a file, a key service) is its own affair."""

    @property
    def name(self) -> str: ...

    @property
    def vkey(self) -> str:
        """The public key as others configure it: `name+id+base64(type and key)`."""
        ...

    def sign(self, text: bytes) -> bytes:
        """The signature, without the key's id. Raises LedgerError where the key cannot be used now."""
        ...


class VerifierKey(msgspec.Struct, frozen=True):
    """A public key with its name and the way it signs: a vkey, taken apart."""

    name: str
    algorithm: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        kind = bytes([self.algorithm])
        return hashlib.sha256(self.name.encode() + b"\n" + kind + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode64(bytes([self.algorithm]) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a vkey. Raises LedgerError."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        key = decode64(encoded)
        hint = "it looks like example.com/ledger+1a2b3c4d+AT8x..., all in one line"
        if not is_name(name) or not _KEY_ID.fullmatch(key_id) or not key:
            raise LedgerError(f"this is no verifier key: {_shortened(vkey)}", hint=hint)
        found = cls(name, key[0], key[1:])
        if found.key_id.hex() != key_id:
            raise LedgerError(f"the verifier key of {name} does not match its id {key_id}", hint="copy it once more")
        return found


class Ed25519Verifier(msgspec.Struct, frozen=True):
    """Signatures over the text itself (type 1)."""

    key: VerifierKey

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Raises LedgerError for a key that is none, or of another type."""
        return cls(expect(VerifierKey.parse(vkey), Algorithm.ED25519))

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def key_id(self) -> bytes:
        return self.key.key_id

    def verify(self, text: bytes, signature: bytes) -> bool:
        return verify_ed25519(self.key.public, text, signature)


class Ed25519Signer(msgspec.Struct, frozen=True):
    """A key in memory. Its own words, `PRIVATE+KEY+...`, are those that Go's note package reads and writes."""

    name: str
    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.vkey})"

    @property
    def vkey(self) -> str:
        return str(self._key)

    @property
    def _key(self) -> VerifierKey:
        return VerifierKey(self.name, Algorithm.ED25519, self.private.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        return self.private.sign(text)

    @property
    def secret(self) -> str:
        """The private key as text, for its file only."""
        kept = encode64(bytes([Algorithm.ED25519]) + self.private.private_bytes_raw())
        return f"{_PRIVATE}{self.name}+{self._key.key_id.hex()}+{kept}"

    @classmethod
    def generate(cls, name: str) -> Self:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(checked_name(name), Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, secret: str) -> Self:
        """Read `PRIVATE+KEY+...`. Raises LedgerError, whose words hold nothing of the key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        name, _, rest = secret.removeprefix(_PRIVATE).partition("+")
        key_id, _, encoded = rest.partition("+")
        kept = decode64(encoded)
        if not secret.startswith(_PRIVATE) or not is_name(name) or kept is None or len(kept) != _KEY_BYTES + 1:
            raise LedgerError("this is no private key of a ledger", hint="it begins with PRIVATE+KEY+")
        if kept[0] != Algorithm.ED25519:
            raise LedgerError(f"the private key of {name} is of type {kept[0]}", hint="Ed25519 keys, type 1, are read")
        found = cls(name, Ed25519PrivateKey.from_private_bytes(kept[1:]))
        if found._key.key_id.hex() != key_id:
            raise LedgerError(f"the private key of {name} does not match its id {key_id}", hint="restore its file")
        return found


class Signature(msgspec.Struct, frozen=True):
    """One line under a note."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {encode64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """A line without its newline; None where it is malformed."""
        if not line.startswith(_DASH):
            return None
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        made = decode64(encoded)
        if not is_name(name) or made is None or len(made) <= 4:  # noqa: PLR2004 - the id alone is no signature
            return None
        return cls(name, made[:4], made[4:])

    @property
    def by(self) -> str:
        """Which key it says it is of."""
        return f"{self.name}+{self.key_id.hex()}"


class Note(msgspec.Struct, frozen=True):
    """A text, and who is known to have signed it."""

    text: str  # ends in a newline
    verified: tuple[Signature, ...] = ()
    others: tuple[Signature, ...] = ()  # of keys that were not known: kept, and worth nothing

    def __bytes__(self) -> bytes:
        return f"{self.text}\n{''.join(str(s) for s in (*self.verified, *self.others))}".encode()

    def signed_by(self, verifier: Verifier) -> Signature | None:
        """The verified signature of this key, if there is one."""
        who = (verifier.name, verifier.key_id)
        return next((s for s in self.verified if (s.name, s.key_id) == who), None)


def sign_note(text: str, signers: Iterable[Signer]) -> bytes:
    """A note signed by each of these. Raises LedgerError for a text that cannot be one."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise LedgerError("a note ends in a newline and has no other control characters", hint="escape them")
    signatures = []
    for signer in signers:
        key = VerifierKey.parse(signer.vkey)
        signatures.append(Signature(key.name, key.key_id, signer.sign(text.encode())))
    return bytes(Note(text, tuple(signatures)))


def parse_note(data: bytes) -> Note:
    """Take a note apart, whoever signed it: nothing is verified. Raises TamperedError where it is malformed."""
    if len(data) > MAX_BYTES:
        raise _malformed(f"it is larger than {MAX_BYTES:,} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is not UTF-8") from error
    if found := _CONTROL.search(whole):
        raise _malformed(f"it has a control character, U+{ord(found[0]):04X}")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise _malformed("no signature lines end it")
    split = lines[:-1].split("\n")
    if len(split) > MAX_SIGNATURES:
        raise _malformed(f"it has more than {MAX_SIGNATURES} signatures")
    signatures = []
    for number, line in enumerate(split, start=1):
        signature = Signature.parse(line)
        if signature is None:
            raise _malformed(f"its signature line {number} is not one")
        signatures.append(signature)
    return Note(f"{text}\n", others=tuple(dict.fromkeys(signatures)))


def open_note(data: bytes, verifiers: Iterable[Verifier]) -> Note:
    """Take a note apart, and verify the signatures of known keys.

    At least one of them must have signed, and a signature in the name and id of a known key that is not its own makes the
    whole note invalid; those of unknown keys are kept and count for nothing. Of several signatures of one known key the
    first counts, as in Go's package. Raises TamperedError.
    """
    note = parse_note(data)
    known = {(v.name, v.key_id): v for v in verifiers}
    text = note.text.encode()
    verified: dict[tuple[str, bytes], Signature] = {}
    others: list[Signature] = []
    for signature in note.others:
        who = signature.name, signature.key_id
        verifier = known.get(who)
        if verifier is None:
            others.append(signature)
        elif who not in verified:
            if not verifier.verify(text, signature.signature):
                hint = "the text or the signature was changed after it was signed"
                raise TamperedError(f"the signature of {signature.by} is not valid", hint=hint)
            verified[who] = signature
    if not verified:
        asked = ", ".join(f"{name}+{key_id.hex()}" for name, key_id in known) or "nobody"
        found = ", ".join(s.by for s in others[:3])
        raise TamperedError(f"no known key signed it: asked for {asked}", hint=f"it is signed by {found}")
    return Note(note.text, tuple(verified.values()), tuple(others))


def expect(key: VerifierKey, algorithm: Algorithm) -> VerifierKey:
    """The key, where it is an Ed25519 key that signs in this way. Raises LedgerError."""
    if key.algorithm != algorithm or len(key.public) != _KEY_BYTES:
        others = {Algorithm.ED25519: "a ledger's key", Algorithm.COSIGNATURE: "a witness's key"}
        hint = f"{others[algorithm]} is of type {algorithm.value}, with 32 bytes"
        raise LedgerError(f"the key {key.name}+{key.key_id.hex()} is of type {key.algorithm}", hint=hint)
    return key


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032, section 5.1.7."""
    from cryptography.exceptions import InvalidSignature

    try:
        _loaded(public).verify(signature, message)
    except (InvalidSignature, ValueError):  # ValueError: no point of the curve
        return False
    return True


def _loaded(public: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(public)


def is_name(name: str) -> bool:
    """Whether a key can be called so: not empty, and no spaces, plus signs or control characters."""
    return _NAME.fullmatch(name) is not None and not _CONTROL.search(name)


def checked_name(name: str) -> str:
    """The name, where a key can be called so. Raises LedgerError."""
    if not is_name(name):
        hint = "write it as an address without a scheme: example.com/ledger"
        raise LedgerError(f"{_shortened(name)!r} cannot be the name of a ledger or a key", hint=hint)
    return name


def encode64(data: bytes) -> str:
    """RFC 4648, section 4."""
    return base64.b64encode(data).decode()


def decode64(text: str) -> bytes | None:
    """None where it is not base64, or not the one way to write these bytes."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if encode64(data) == text else None


def _malformed(why: str) -> TamperedError:
    return TamperedError(f"this is no signed note: {why}", hint="take it once more from where it was published")


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
