"""Rules and correlations over what was stored. They are read again when their files change; each change is an entry of the ledger."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from garrison.errors import LedgerError
from garrison.events.event import Event, Severity
from garrison.events.mappers import Mapper, mapper, names
from garrison.watch.alerts.signal import Detector as Kind
from garrison.watch.alerts.signal import Signal
from garrison.watch.judge import rulebook
from garrison.watch.judge.detector import AHEAD_US, asset_of, principal_of
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.rulebook import Known, Rulebook
from garrison.watch.judge.settings import Rules as Settings
from garrison.watch.rules.correlate import Correlator, Hit, Told
from garrison.watch.rules.judge import Judge, columns, record_of
from garrison.watch.rules.rule import About, Broken, Correlation
from garrison.watch.rules.rule import Kind as Counts

_GROUPS: Final = "rules/group/"
_KNOWN: Final = "rules/known"
_BROKEN: Final = "rules/broken"
_LOOK_S: Final = 2.0  # between two looks at files
_MAX_GROUPS: Final = 20_000  # of a correlation
_MAX_UIDS: Final = 20
_MAX_CHARS: Final = 500

_encode = msgspec.msgpack.Encoder().encode
_told = msgspec.msgpack.Decoder(Told).decode
_known = msgspec.msgpack.Decoder(dict[str, Known]).decode
_broken = msgspec.msgpack.Decoder(list[str]).decode


class RuleDetector:
    """What rules say of events. `say` tells the person who runs the watch."""

    name = "rules"

    def __init__(self, settings: Settings, paths: Sequence[Path], memory: Memory, say: Callable[[str], None]) -> None:
        """What is not there is broken: the other rules are judged by."""
        self._settings, self._paths, self._memory, self._say = settings, tuple(paths), memory, say
        self._changed: dict[str, bytes | None] = {}
        self._looked_at = 0.0
        self._is_said = self._is_recorded = True
        self._unsaid: list[Broken] = []
        self._correlator = Correlator([])
        self._stamps = rulebook.stamps(self._paths)
        self._take(rulebook.read(settings, self._paths))

    def _take(self, book: Rulebook) -> None:
        """Judge by these rules from now on, with the groups that are remembered. Whatever is raised, nothing has changed."""
        judge = Judge(book.rules.rules)
        correlator = Correlator(book.rules.correlations, max_groups=_MAX_GROUPS)
        self._memory.note(self.remember())
        let_go = correlator.restore([_told(data) for data in self._memory.under(_GROUPS).values()])
        said = self._memory.of(_BROKEN)
        told = set(_broken(said)) if said else set[str]()
        unsaid = [one for one in book.rules.broken if _where(one) not in told]
        self.book, self._judge, self._correlator, self._counted = book, judge, correlator, book.rules.counted
        self._changed |= {_name(name, key): None for name, key in let_go}
        self._unsaid, self._is_said, self._is_recorded = unsaid, False, False

    def observe(self, event: Event, now_us: int) -> Iterator[Signal]:
        """What rules say of one event."""
        form = _form(event.product)
        record = columns(event) if form is None else record_of(form, event.raw, event)
        for rule in self._judge.judge("" if form is None else form.NAME, record, event):
            if self._tells(rule.about):
                yield _matched(rule.about, event, now_us)
            for hit in self._correlator.observe(rule, record, time_us=event.time_us, uid=event.uid, now_us=now_us):
                if self._tells(hit.correlation.about):
                    yield _fulfilled(hit, event, now_us)

    def _tells(self, about: About) -> bool:
        """What is only there to be counted tells nothing by itself."""
        return about.level >= self._settings.least and self._counted.isdisjoint((about.id, about.name))

    def tick(self, now_us: int) -> Iterator[Signal]:
        """Read the rules again where their files have changed; tell of those that are broken; have changes in the ledger."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            yield from self._look(now_us)
        if not self._is_said:
            self._is_said = True
            yield from self._tell_broken(now_us)
        if not self._is_recorded and self._memory.has_ledger:
            self._is_recorded = True
            yield from self._record(now_us)

    def _look(self, now_us: int) -> Iterator[Signal]:
        stamps = rulebook.stamps(self._paths)
        if stamps == self._stamps:
            return
        changed = sorted({file for file, *_ in set(stamps) ^ set(self._stamps)})
        self._stamps = stamps
        try:
            rulebook.hold(self._paths)
            self._take(rulebook.read(self._settings, self._paths))
        except Exception as error:  # noqa: BLE001 - a folder that was taken away; told, and judged by what was read before
            why = f"{error}; changed: {', '.join(changed)}"
            self._say(f"rules cannot be read again: {why}")
            yield _trouble("rules cannot be read", "Rules cannot be read again", self.name, why, now_us)

    def _tell_broken(self, now_us: int) -> Iterator[Signal]:
        """Each once. What was told is remembered together with what is said."""
        for one in self._unsaid:
            self._say(f"a rule cannot be used: {_where(one)}")
            yield _trouble("broken rule", "A rule cannot be used", one.path, _where(one), now_us)
        self._changed[_BROKEN] = _encode(sorted({_where(one) for one in self.book.rules.broken}))

    def _record(self, now_us: int) -> Iterator[Signal]:
        """Owe the ledger what has changed since it heard of rules last."""
        known = self._memory.of(_KNOWN)
        for change in rulebook.changes(_known(known) if known else {}, self.book.known):
            try:
                self._memory.owe(rulebook.KIND, change.entry())
            except LedgerError as error:
                yield _trouble("rule changes", "A change of a rule can be no entry", change.rule, str(error), now_us)
        self._changed[_KNOWN] = _encode(self.book.known)

    def remember(self) -> dict[str, bytes | None]:
        """Groups of correlations, rules that are broken, rules as the ledger knows them."""
        changed, self._changed = self._changed, {}
        for told in self._correlator.changes():
            changed[_name(told[0], told[1])] = _encode(told) if told[2] else None
        return changed


def _name(correlation: str, key: Iterable[str]) -> str:
    return (
        _GROUPS
        + hashlib.blake2b("\0".join((correlation, *key)).encode("utf8", "surrogatepass"), digest_size=16).hexdigest()
    )


def _where(one: Broken) -> str:
    return f"{one.where}  {one.message}"


def _trouble(name: str, title: str, asset: str, text: str, now_us: int) -> Signal:
    return Signal(
        detector=Kind.WATCH, name=name, title=title, severity=Severity.MEDIUM, since_us=now_us, time_us=now_us,
        asset=asset, asset_type="rule", text=text[:_MAX_CHARS],
    )  # fmt: skip


def _matched(about: About, event: Event, now_us: int) -> Signal:
    asset, kind = asset_of(event)
    at_us = min(event.time_us, now_us + AHEAD_US)
    return Signal(
        detector=Kind.RULE,
        name=about.id,
        title=about.title,
        severity=Severity(int(about.level)),
        since_us=at_us,
        time_us=at_us,
        principal=principal_of(event),
        asset=asset,
        asset_type=kind,
        src_ip=event.src_ip,
        text=_said(event),
        tags=about.tags,
        uids=(event.uid,),
    )


def _fulfilled(hit: Hit, event: Event, now_us: int) -> Signal:
    correlation = hit.correlation
    group = ", ".join(f"{name} {value}" for name, value in zip(correlation.group_by, hit.group, strict=True))
    uids = tuple(dict.fromkeys(seen.uid for seen in hit.sightings))
    times = [seen.time_us for seen in hit.sightings]
    signal = _matched(correlation.about, event, now_us)
    return msgspec.structs.replace(
        signal,
        detector=Kind.CORRELATION,
        since_us=min(times),
        time_us=max(times),
        text=f"{_condition(correlation)}{' for ' + group if group else ''}; the last: {signal.text}",
        events=len(uids),
        uids=uids[-_MAX_UIDS:],
    )


def _condition(correlation: Correlation) -> str:
    what = {
        Counts.EVENT_COUNT: "events",
        Counts.VALUE_COUNT: f"values of {', '.join(correlation.fields)}",
        Counts.TEMPORAL: "kinds of events",
        Counts.TEMPORAL_ORDERED: "kinds of events in order",
    }[correlation.kind]
    seconds = correlation.timespan_us // 1_000_000
    span = f"{seconds // 60} minutes" if seconds > 60 and not seconds % 60 else f"{seconds} seconds"  # noqa: PLR2004 - of a minute
    return f"{correlation.count or len(correlation.rules)} or more {what} within {span}"


def _said(event: Event) -> str:
    done = event.api_operation or event.cmd_line or event.message or event.url_path
    parts = [done, event.status_detail, f"from {event.src_ip}" if event.src_ip else ""]
    return ", ".join(part for part in parts if part)[:_MAX_CHARS]


@cache
def _forms() -> dict[str, Mapper]:
    return {mapper(name).LABEL: mapper(name) for name in names()}


def _form(product: str) -> Mapper | None:
    """The format of logs of which a product's events are."""
    return _forms().get(product)
