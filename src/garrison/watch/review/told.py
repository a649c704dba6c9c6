"""A review as tables: what every form of it says, in the same words and order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec

from garrison.watch.review.review import ABOUT, Listed, Review


class Table(msgspec.Struct, frozen=True):
    """A part of a review; `note` stands where there are no rows."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def title(said: Review) -> str:
    """What it is about."""
    return f"Log review, {time_of(said.since_us)} to {time_of(said.until_us)} UTC"


def summary(said: Review) -> str:
    """The figures of the time, and a day's before it."""
    share = (said.until_us - said.since_us) / max(said.since_us - said.before_us, 1)
    now, before = said.counts, said.before
    usual = f"usual for such a time: {before.events * share:,.0f} events, {before.failed * share:,.0f} failed"
    return f"{now.events:,} events, {now.failed:,} failed, {now.denied:,} denied, {now.graver:,} of medium severity or worse ({usual})"


def tables(said: Review) -> Iterator[Table]:
    """What matters first."""
    if said.incidents is not None:
        rows = tuple(
            (
                str(i.risk),
                i.severity,
                f"#{i.number} {i.title}",
                i.principal,
                i.asset,
                str(i.alerts),
                i.assignee or "nobody",
            )
            for i in said.incidents
        )
        head = ("risk", "severity", "incident", "principal", "asset", "alerts", "sees to it")
        yield Table("Open incidents", head, rows, "none is open")
    silent = tuple((s.source, s.host, f"{s.before:,}", time_of(s.last_us)) for s in said.silent)
    yield Table("Silent sources", ("source", "host", "events before", "last heard"), silent, "all were heard")
    for name, lists, note in (
        ("New", said.new, "nothing is new"),
        ("Refused or failed", said.refused, "nothing failed"),
        ("Rare", said.rare, "nothing is rare"),
        ("Loudest", said.loudest, "nothing was heard"),
    ):
        found = [(column, listed) for column, listed in lists.items() if listed.total]
        if not found:
            yield Table(name, (), (), note)
        for column, listed in found:
            yield _listed(f"{name}: {ABOUT[column]}", listed)
    if said.quarantine is not None:
        unread = tuple((u.input, u.log, u.reason, f"{u.lines:,}") for u in said.quarantine)
        yield Table("Lines that could not be read", ("input", "log", "why", "lines"), unread, "none")
    if said.changes is not None:
        changed = tuple((time_of(c.time_us), c.what, c.object, c.actor, c.reason) for c in said.changes)
        yield Table("Changes, by the ledger", ("time", "what", "of", "by", "why"), changed, "none")


def time_of(at_us: int) -> str:
    """To the minute."""
    return f"{dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=at_us):%Y-%m-%d %H:%M}"


def _listed(name: str, listed: Listed) -> Table:
    head = ("", "events", "before", "failed", "denied", "since")
    rows = tuple(
        (s.name, f"{s.events:,}", f"{s.before:,}", f"{s.failed:,}", f"{s.denied:,}", time_of(s.first_us))
        for s in listed.first
    )
    more = "" if listed.total <= len(rows) else f" (the first {len(rows)} of {listed.total:,})"
    return Table(f"{name}{more}", head, rows)
