"""Changes of keys as entries of the ledger; people stand in it under pseudonyms, whose key is in the store of keys."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from garrison.gateway.keys.store import Record
from garrison.ledger.entry import pseudonym
from garrison.ledger.log import Ledger
from garrison.ledger.opening import open_ledger

_ACTOR: Final = re.compile(r"(?:service|client|key|role):[!-~]{1,200}|person:hmac-sha256:[0-9a-f]{64}")


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


def as_actor(name: str, people: bytes) -> str:
    """How somebody stands in the ledger: `service:ci` and the like as they are, anybody else as a person."""
    return name if _ACTOR.fullmatch(name) else f"person:{pseudonym(people, name)}"
