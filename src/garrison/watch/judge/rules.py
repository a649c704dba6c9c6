"""Rules and correlations over what was stored. They are read again when their files change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from garrison.events.event import Event, Severity
from garrison.events.mappers import Mapper, mapper, names
from garrison.watch.alerts.signal import Detector as Kind
from garrison.watch.alerts.signal import Signal
from garrison.watch.judge.detector import asset_of, principal_of
from garrison.watch.judge.settings import Rules as Settings
from garrison.watch.rules.correlate import Correlator, Hit
from garrison.watch.rules.judge import Judge, columns, record_of
from garrison.watch.rules.read import pack, read_rules
from garrison.watch.rules.rule import About, Broken, Correlation, Level, Rules

_GROUPS = "rules/groups"


class RuleDetector:
    """What rules say of events."""

    name = "rules"

    def __init__(self, settings: Settings, paths: Iterable[Path], kept: Mapping[str, bytes]) -> None:
        self._settings, self._paths = settings, tuple(paths)
        self._stamp: object = None
        self._groups = kept.get(_GROUPS)
        self._changed = False
        self.broken: list[Broken] = []
        self._load()

    def _load(self) -> None:
        self._stamp = _stamps(self._paths)
        found = chosen(self._settings, self._paths)
        self.broken = found.broken
        self.rules = found
        self._judge, self._correlator = Judge(found.rules), Correlator(found.correlations)
        if self._groups:
            self._correlator.load(self._groups)
        self._counted = {name for c in found.correlations if not c.generate for name in c.rules}
        self._least = Level[self._settings.level.upper()]

    def observe(self, event: Event, now_us: int) -> Iterator[Signal]:
        """What rules say of one event."""
        form = _form(event.product)
        record = columns(event) if form is None else record_of(form, event.raw, event)
        for rule in self._judge.judge("" if form is None else form.NAME, record, event):
            if self._tells(rule.about):
                yield _matched(rule.about, event)
            for hit in self._correlator.observe(rule, record, time_us=event.time_us, uid=event.uid, now_us=now_us):
                self._changed = True
                if self._tells(hit.correlation.about):
                    yield _fulfilled(hit, event)
            self._changed = self._changed or bool(self.rules.correlations)

    def _tells(self, about: About) -> bool:
        """What is only there to be counted tells nothing by itself."""
        return about.level >= self._least and self._counted.isdisjoint((about.id, about.name))

    def tick(self, now_us: int) -> Iterator[Signal]:
        """Read the rules again where they have changed; tell of those that are broken."""
        now = _stamps(self._paths)
        if now != self._stamp:
            self._groups = self._correlator.dump()
            self._load()
            for one in self.broken:
                yield Signal(
                    detector=Kind.WATCH, name="broken rule", title="A rule cannot be used", severity=Severity.MEDIUM,
                    since_us=now_us, time_us=now_us, asset=one.path, asset_type="rule", text=f"{one.path}:{one.line}  {one.message}",
                )  # fmt: skip

    def remember(self) -> dict[str, bytes | None]:
        """The groups of correlations."""
        if not self._changed:
            return {}
        self._changed = False
        return {_GROUPS: self._correlator.dump()}


def chosen(settings: Settings, paths: Iterable[Path]) -> Rules:
    """The rules that are not disabled. Raises UsageError for a path that is not there."""
    found = read_rules([*([pack()] if settings.pack else []), *paths])
    left_out = set(settings.disabled)

    def is_in(about: About) -> bool:
        return left_out.isdisjoint((about.id, about.name))

    return Rules(
        [rule for rule in found.rules if is_in(rule.about)],
        [one for one in found.correlations if is_in(one.about)],
        found.broken,
    )


def _matched(about: About, event: Event) -> Signal:
    asset, kind = asset_of(event)
    return Signal(
        detector=Kind.RULE,
        name=about.id,
        title=about.title,
        severity=Severity(int(about.level)),
        since_us=event.time_us,
        time_us=event.time_us,
        principal=principal_of(event),
        asset=asset,
        asset_type=kind,
        src_ip=event.src_ip,
        text=_said(event),
        tags=about.tags,
        uids=(event.uid,),
    )


def _fulfilled(hit: Hit, event: Event) -> Signal:
    correlation = hit.correlation
    group = ", ".join(f"{n} {v}" for n, v in zip(correlation.group_by, hit.group, strict=True))
    uids = tuple(dict.fromkeys(seen.uid for seen in hit.sightings))
    times = [seen.time_us for seen in hit.sightings]
    signal = _matched(correlation.about, event)
    return msgspec.structs.replace(
        signal,
        detector=Kind.CORRELATION,
        since_us=min(times),
        time_us=max(times),
        text=f"{_condition(correlation)}{' for ' + group if group else ''}; the last: {signal.text}",
        events=len(uids),
        uids=uids[-20:],
    )


def _condition(correlation: Correlation) -> str:
    minutes = correlation.timespan_us // 60_000_000
    what = {"event_count": "events", "value_count": f"values of {', '.join(correlation.fields)}"}.get(
        correlation.kind, "kinds of events" if correlation.kind == "temporal" else "kinds of events in order"
    )
    count = correlation.count or len(correlation.rules)
    return f"{count} or more {what} within {minutes} minutes"


def _said(event: Event) -> str:
    done = event.api_operation or event.cmd_line or event.message or event.url_path
    parts = [done, event.status_detail, f"from {event.src_ip}" if event.src_ip else ""]
    return ", ".join(part for part in parts if part)[:500]


@cache
def _form(product: str) -> Mapper | None:
    """The format of logs of which a product's events are."""
    return next((mapper(name) for name in names() if product == mapper(name).LABEL), None)


def _stamps(paths: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    found = []
    for path in paths:
        for file in sorted(path.rglob("*.y*ml")) if path.is_dir() else (path,):
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((str(file), stat.st_mtime_ns, stat.st_size))
    return tuple(found)
