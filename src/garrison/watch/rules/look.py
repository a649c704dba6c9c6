"""Rules over what has happened already: the lines of a log, from the first to the last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from garrison.errors import UnmappedError
from garrison.events.event import Event
from garrison.events.files import Unread
from garrison.events.mappers import Mapper, mapped
from garrison.watch.rules.correlate import Correlator, Hit
from garrison.watch.rules.judge import Judge, record_of
from garrison.watch.rules.rule import About, Rules


class Match(msgspec.Struct):
    """An event that a rule fits, or that fulfils a correlation, which `hit` then tells of."""

    about: About
    event: Event
    hit: Hit | None = None


class Looked(msgspec.Struct):
    """How much was looked at."""

    events: int = 0
    unread: Unread = msgspec.field(default_factory=Unread)


def matches(found: Rules, form: Mapper, lines: Iterable[bytes], looked: Looked) -> Iterator[Match]:
    """What rules that are `live` say of a log. What is only there to be counted tells nothing by itself."""
    judge, correlator = Judge(found.rules), Correlator(found.correlations)
    counted = found.counted
    for number, line in enumerate(lines):
        try:
            event = mapped(form, line, number)
        except UnmappedError as error:
            looked.unread.add(error.message)
            continue
        looked.events += 1
        record = record_of(form, line, event)
        for rule in judge.judge(form.NAME, record, event):
            if counted.isdisjoint((rule.about.id, rule.about.name)):
                yield Match(rule.about, event)
            hits = correlator.observe(rule, record, time_us=event.time_us, uid=event.uid, now_us=event.time_us)
            for hit in hits:
                if counted.isdisjoint((hit.correlation.about.id, hit.correlation.about.name)):
                    yield Match(hit.correlation.about, event, hit)
