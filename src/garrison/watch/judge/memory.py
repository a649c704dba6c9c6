"""What detectors remember: on the disk as of the last change, and what is to go there with the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from garrison.ledger.kinds import Kinds
from garrison.watch.alerts import owed
from garrison.watch.alerts.signal import Signal
from garrison.watch.alerts.store import Alerts

_ACTOR: Final = "service:garrison-watch"


class Memory:
    """Kept beside the alerts, so that what is said and what is remembered change together. Names begin with the detector's."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._noted: dict[str, bytes | None] = {}
        self._entries: list[tuple[str, dict[str, Any]]] = []

    @property
    def has_ledger(self) -> bool:
        """Whether a ledger is to hear of changes."""
        return owed.ledger_of(self._alerts) is not None

    @property
    def noted_bytes(self) -> int:
        """How much is to go to the disk."""
        return sum(len(value) for value in self._noted.values() if value)

    def of(self, name: str) -> bytes | None:
        """What is remembered under a name."""
        return self._noted[name] if name in self._noted else self._alerts.kept(name)

    def under(self, prefix: str) -> dict[str, bytes]:
        """All that is remembered under names that begin so."""
        found: dict[str, bytes | None] = {**self._alerts.kept_under(prefix)}
        found |= {name: value for name, value in self._noted.items() if name.startswith(prefix)}
        return {name: value for name, value in found.items() if value is not None}

    def note(self, changes: Mapping[str, bytes | None]) -> None:
        """Remember this from now on, and on the disk with the next `write`; None: nothing under that name any more."""
        self._noted |= changes

    def owe(self, kind: str, fields: dict[str, Any]) -> None:
        """An entry of the ledger, owed from the next `write` on. Raises LedgerError for what can be none."""
        folder = owed.ledger_of(self._alerts)
        if folder is not None:
            Kinds(folder)[kind].encode({**fields, "actor": owed.actor_of(self._alerts, _ACTOR)})
            self._entries.append((kind, fields))

    def write(self, signals: Sequence[Signal]) -> None:
        """Alerts of signals, and all that was noted, in one transaction. Raises BusyError: nothing is lost, call it again."""
        with self._alerts.database.change():
            for kind, fields in self._entries:
                owed.owe(self._alerts, kind, _ACTOR, fields)
            self._alerts.record(signals, self._noted)
        self._noted, self._entries = {}, []
