"""Changes of keys as entries of the ledger; people stand in it under pseudonyms, whose key is in the store of keys."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from garrison.gateway.keys.store import Key, Record, Store
from garrison.ledger.entry import as_actor, parse
from garrison.ledger.log import Ledger
from garrison.ledger.opening import open_ledger


@contextlib.contextmanager
def recording(folder: Path | None, *, people: bytes, actor: str, sign_with: str | None = None) -> Iterator[Record]:
    """What appends to the ledger, which is opened when the first entry is written. Raises LedgerError."""
    with contextlib.ExitStack() as stack:
        opened: list[Ledger] = []

        def record(kind: str, fields: dict[str, Any]) -> int:
            if folder is None:
                raise AssertionError("an entry without a ledger")
            if not opened:
                opened.append(stack.enter_context(open_ledger(folder, sign_with)))
            details = fields.get("details", {})
            if "owner" in details:
                fields = {**fields, "details": {**details, "owner": as_actor(details["owner"], people)}}
            return opened[0].append(kind, actor=as_actor(actor, people), **fields)

        yield record


def forged(store: Store, ledger: Ledger, now: dt.datetime) -> list[tuple[Key, str]]:
    """The keys that are let in though the ledger does not tell that they were issued, or not as they are; and what is wrong.

    Revocations are looked at too: a key that the ledger says is revoked must not be let in. Raises LedgerError.
    """
    revoked = {
        entry.object.name for entry in map(parse, ledger.entries()) if entry.kind == "key.revoke" and entry.object
    }
    found = []
    for key in store.keys():
        if key.state(now) in ("active", "rotated"):
            wrong = "it was revoked" if key.id in revoked else _wrong(key, ledger, store.people)
            found += [(key, wrong)] if wrong else []
    return found


def _wrong(key: Key, ledger: Ledger, people: bytes) -> str:
    """What the entry of a key does not say; empty if it says all."""
    size = ledger.checkpoint().checkpoint.size
    if key.entry is None or not 0 <= key.entry < size:
        return "it has no entry"
    entry = parse(ledger.entry(key.entry))
    if entry.kind != "key.issue" or entry.object is None or entry.object.name != key.id:
        return f"entry {key.entry} is about something else"
    said = {
        "digest": (entry.object.digest, f"sha256:{key.digest}"),
        "client": (entry.details.get("client"), key.client),
        "role": (entry.details.get("role"), key.role),
        "owner": (entry.details.get("owner"), as_actor(key.owner, people)),
    }
    wrong = [name for name, (told, kept) in said.items() if told != kept]
    if dt.datetime.fromisoformat(entry.details.get("expires", "0001-01-01T00:00:00Z")) < key.expires:
        wrong.append("expiry")
    return f"its {', '.join(wrong)} is another in entry {key.entry}" if wrong else ""
