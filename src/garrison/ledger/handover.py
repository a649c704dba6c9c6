"""From one key of a ledger to the next: an entry whose note the old key signed, so that who trusts that one learns of the new.

The note is no checkpoint, whose second line would be a number:

    garrison ledger hand-over
    example.com/ledger
    example.com/ledger+1a2b3c4d+AT8x...

    — example.com/ledger Az3grl...
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from garrison.errors import LedgerError
from garrison.ledger.entry import parse
from garrison.ledger.note import Ed25519Verifier, Signer, Verifier, open_note, sign_note

HAND_OVER = "ledger.hand-over"
_TITLE = "garrison ledger hand-over"
_MARK = b'"kind":"ledger.hand-over"'


def hand_over_note(origin: str, vkey: str, old: Signer) -> bytes:
    """The note that the old key signs. Raises LedgerError."""
    return sign_note(f"{_TITLE}\n{origin}\n{vkey}\n", [old])


def is_hand_over(entry: bytes) -> bool:
    """Whether an entry may be one, told without reading it."""
    return _MARK in entry


def successors(origin: str, verifiers: Sequence[Verifier], entries: Iterable[bytes]) -> tuple[Verifier, ...]:
    """The keys that speak for a ledger after these hand-overs, where at first it was these verifiers.

    A hand-over that none of the keys of its time signed changes nothing.
    """
    trusted = tuple(verifiers)
    for entry in entries:
        try:
            note = open_note(str(parse(entry).details.get("note", "")).encode(), trusted)
            title, of, vkey = note.text[:-1].split("\n")
            if (title, of) == (_TITLE, origin):
                trusted = (Ed25519Verifier.parse(vkey),)
        except (LedgerError, ValueError):  # not signed by who may, or no hand-over at all
            continue
    return trusted
