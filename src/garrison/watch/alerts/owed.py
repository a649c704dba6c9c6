"""What the ledger is to be told of alerts: written down with the change itself, and told as soon as the ledger can be reached.

A silence counts only when its entry is there; all else holds at once. A process that ends in between leaves what is owed to the next one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from garrison.errors import UsageError
from garrison.ledger.entry import as_actor, without_addresses
from garrison.ledger.kinds import Kinds
from garrison.ledger.opening import open_ledger
from garrison.watch.alerts.store import Alerts, now_us

_STATUS: Final = "alert.status"
_MOST_TEXT: Final = 4000  # as the kinds of entries have it
_MOST_NAME: Final = 250


def ledger_of(alerts: Alerts) -> Path | None:
    """The folder of the ledger that changes go into."""
    ((said,),) = alerts.database.rows("SELECT ledger FROM alerts")
    return Path(said) if said else None


def bind(alerts: Alerts, folder: Path) -> None:
    """From now on every change goes into a ledger. Raises UsageError where it is another one already."""
    bound, wanted = ledger_of(alerts), folder.resolve()
    if bound == wanted:
        return
    if bound is not None:
        hint = "name that one, or none: it is known to the file of alerts"
        raise UsageError(f"the changes of these alerts are in the ledger {bound}", hint=hint)
    with alerts.database.change():
        alerts.database.do("UPDATE alerts SET ledger = ?", (str(wanted),))


def name_of(alerts: Alerts, number: int) -> str:
    """What an alert is called in the ledger, where there may be those of several watches."""
    return f"{alerts.id}/{number}"


def actor_of(alerts: Alerts, actor: str) -> str:
    """How somebody stands in the ledger."""
    return as_actor(actor, people_of(alerts))


def people_of(alerts: Alerts) -> bytes:
    """The key of the pseudonyms."""
    ((people,),) = alerts.database.rows("SELECT people FROM alerts")
    return bytes(people)


def owe_status(alerts: Alerts, number: int, action: str, actor: str, reason: str = "", **details: str) -> None:
    """Within a change: what somebody did about an alert."""
    fields: dict[str, Any] = {"action": action, "object": {"type": "alert", "name": name_of(alerts, number)}}
    owe(
        alerts,
        _STATUS,
        actor,
        fields | ({"reason": reason} if reason else {}) | ({"details": details} if details else {}),
    )


def owe(alerts: Alerts, kind: str, actor: str, fields: dict[str, Any], *, silence: int | None = None) -> None:
    """Within a change. Raises LedgerError for what can be no entry: the change does not happen then."""
    folder = ledger_of(alerts)
    if folder is None:
        return
    entry = {**_without_addresses(fields, people_of(alerts)), "actor": actor_of(alerts, actor)}
    Kinds(folder)[kind].encode(entry)
    statement = "INSERT INTO owed (kind, silence, fields) VALUES (?, ?, ?)"
    alerts.database.do(statement, (kind, silence, msgspec.json.encode(entry)))


def pay(alerts: Alerts, *, location: str | None = None, wait_s: float = 10) -> int:
    """Tell the ledger; how many entries. Raises LedgerError, and then the rest is still owed."""
    folder = ledger_of(alerts)
    if folder is None or not _owed(alerts):
        return 0
    with open_ledger(folder, location, wait_s=wait_s) as ledger:
        owed = _owed(alerts)  # another process may just have told it
        for number, kind, silence, fields in owed:
            ledger.append(kind, **msgspec.json.decode(fields))
            with alerts.database.change():
                alerts.database.do("DELETE FROM owed WHERE number = ?", (number,))
                if silence is not None:
                    alerts.hush(now_us())
    return len(owed)


def _without_addresses(fields: dict[str, Any], people: bytes) -> dict[str, Any]:
    """What is said in an entry, as it may be: principals of logs are e-mail addresses more often than not."""
    made: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            made[name] = _without_addresses(value, people)
        elif isinstance(value, str):
            made[name] = without_addresses(value, people)[: _MOST_TEXT if name == "reason" else _MOST_NAME]
        else:
            made[name] = value
    return made


def _owed(alerts: Alerts) -> list[tuple[int, str, int | None, bytes]]:
    return alerts.database.rows("SELECT number, kind, silence, fields FROM owed ORDER BY number")
