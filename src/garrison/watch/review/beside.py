"""What stands beside the store and belongs into a review: incidents, the quarantine, and what was changed, by the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from garrison.ledger import Ledger
from garrison.ledger.entry import parse
from garrison.watch.alerts.alert import Status
from garrison.watch.alerts.risk import risk
from garrison.watch.alerts.store import Alerts
from garrison.watch.quarantine.reading import sums
from garrison.watch.review.review import Change, Incident, Unread

_KINDS = (
    "rule.change", "retention.change", "silence.change", "role.change", "role.grant", "policy.change",
    "key.issue", "key.rotate", "key.revoke", "secret.rotate", "access.emergency",
)  # fmt: skip


def incidents(path: Path) -> tuple[Incident, ...]:
    """Those that nobody has closed, the riskiest first. Raises EventsError."""
    with Alerts.open(path, make=False) as alerts:
        found = [(risk(each, ()).score, each) for each in alerts.incidents(statuses=(Status.OPEN, Status.ACKNOWLEDGED))]
    told = []
    for score, several in sorted(found, key=lambda pair: -pair[0]):
        worst = max(several, key=lambda alert: (alert.severity, -alert.number))
        told.append(
            Incident(
                number=worst.incident,
                risk=score,
                severity=worst.severity.name.lower(),
                title=worst.title,
                alerts=len(several),
                principal=worst.principal,
                asset=worst.asset,
                assignee=worst.assignee,
            )
        )
    return tuple(told)


def quarantine(folder: Path, since_us: int) -> tuple[Unread, ...]:
    """What is kept there and came in the time that is reviewed, or went on in it."""
    return tuple(Unread(s.input, s.form, s.why, s.lines) for s in sums(folder) if s.until_us >= since_us)


def changes(ledger: Ledger, since_us: int, until_us: int) -> tuple[Change, ...]:
    """What of the ledger a reviewer has to know of. Raises LedgerError."""
    return tuple(_changes(ledger.entries(), since_us, until_us))


def _changes(entries: Iterable[bytes], since_us: int, until_us: int) -> Iterable[Change]:
    for index, data in enumerate(entries):
        said = parse(data)
        at_us = round(said.time.timestamp() * 1_000_000)
        if said.kind in _KINDS and since_us <= at_us < until_us:
            thing = f"{said.object.type} {said.object.name}" if said.object else ""
            yield Change(index, at_us, f"{said.kind}: {said.action}", said.actor, thing, said.reason)
