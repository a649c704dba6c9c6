"""A model as it is used: sketches and outcomes come in, and what is worth telling comes out.

A window is looked at when it is full, or a day old and large enough; odd inputs by 200 rows; a client of whom 50 rows more have come.
What goes on is told once, and again when it has ended and begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec

from garrison.events.event import Severity
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.models import extraction, oddity
from garrison.watch.models.change import Adwin, Change, PageHinkley
from garrison.watch.models.drift import MIN_ROWS, Drift, Subject, drift
from garrison.watch.models.learnt import Learnt
from garrison.watch.models.sketch import Sketch
from garrison.watch.models.window import Window, add, empty

MAX_CLIENTS = 10_000
_DAY_US = 86_400_000_000
_ODD_ROWS = 200
_CLIENT_ROWS = 50  # between two looks at a client
_STRONG = 0.25  # of the population stability index
_LEAST_US = 3_600_000_000  # over which a rate of rows an hour is told
_NAMED = 3
_OF_ANSWERS = (Subject.PREDICTIONS, Subject.SURPRISE)


class Watched(msgspec.Struct, frozen=True, eq=False):
    """A model that is watched: what is ordinary for it, and the rows of a window."""

    name: str
    learnt: Learnt
    window_rows: int


class Asking(msgspec.Struct):
    """A client of a model, when it was last looked at, and whether it was told of."""

    client: extraction.Client = msgspec.field(default_factory=extraction.Client)
    looked_at: int = 0
    told: bool = False


class Followed(msgspec.Struct):
    """What is known of a model's use. `forgotten` counts clients that had to make room."""

    window: Window
    odd: list[Sketch] = []
    odd_since_us: int = 0
    clients: dict[str, Asking] = {}  # the one heard of last comes last
    forgotten: int = 0
    drifting: dict[str, int] = {}  # since when, by what drifts
    adwin: Adwin = msgspec.field(default_factory=Adwin)
    page_hinkley: PageHinkley = msgspec.field(default_factory=PageHinkley)


def begin(model: Watched) -> Followed:
    """Nothing was seen yet."""
    return Followed(empty(model.learnt.reference))


def observe(followed: Followed, model: Watched, sketches: Sequence[Sketch], time_us: int, client: str) -> list[Signal]:
    """Rows that a client asked about; that of nobody known is empty."""
    add(followed.window, sketches, model.learnt.reference, time_us)
    found = []
    if client:
        asking = _asking(followed, client)
        extraction.observe(asking.client, sketches, model.learnt.reference, time_us)
        if asking.client.rows - asking.looked_at >= _CLIENT_ROWS:
            found += _copying(asking, model, client, _usual_rate(followed))
    followed.odd_since_us = followed.odd_since_us or time_us
    followed.odd += sketches
    if len(followed.odd) >= _ODD_ROWS:
        found += _odd(followed, model, time_us)
        followed.odd, followed.odd_since_us = [], 0
    if followed.window.rows >= model.window_rows:
        found += _drift(followed, model)
    return found


def pause(followed: Followed, model: Watched, now_us: int) -> list[Signal]:
    """Look at a window that does not fill, once it is a day old."""
    window = followed.window
    old = window.rows >= MIN_ROWS and now_us - window.since_us >= _DAY_US
    return _drift(followed, model) if old else []


def outcome(followed: Followed, model: str, *, wrong: bool, time_us: int) -> list[Signal]:
    """Whether an answer turned out to be wrong: the truth, which comes later."""
    changes = {
        "adwin": followed.adwin.add(float(wrong), time_us),
        "page-hinkley": followed.page_hinkley.add(float(wrong), time_us),
    }
    return [
        _changed(model, test, change) for test, change in changes.items() if change and change.after > change.before
    ]


def _changed(model: str, test: str, change: Change) -> Signal:
    return Signal(
        detector=Detector.DRIFT,
        name=f"concept drift ({test})",
        title=f"{model} is wrong more often",
        severity=Severity.MEDIUM,
        since_us=change.since_us,
        time_us=change.at_us,
        asset=model,
        asset_type="model",
        text=f"expected: {change.before:.1%} of answers wrong, as before; seen: {change.after:.1%}",
        tags=("atlas.aml.t0031",),
    )


def _drift(followed: Followed, model: Watched) -> list[Signal]:
    """Look at a window, and begin another."""
    reference = model.learnt.reference
    window, followed.window = followed.window, empty(reference)
    drifts = {_name(one): one for one in drift(reference, model.learnt.window, window).drifts}
    fresh = [one for name, one in drifts.items() if name not in followed.drifting]
    followed.drifting = {name: followed.drifting.get(name, window.since_us) for name in drifts}
    found = []
    for what in ("inputs", "predictions"):
        several = [one for one in fresh if (one.subject in _OF_ANSWERS) == (what == "predictions")]
        if several:
            found.append(_drifted(model.name, what, several, window))
    return found


def _name(one: Drift) -> str:
    return f"{one.subject} {one.name}".strip()


def _drifted(model: str, what: str, drifts: Sequence[Drift], window: Window) -> Signal:
    """One signal for all that drifted at once: the strongest first, each with what changed most in it."""
    strongest = sorted(drifts, key=_index, reverse=True)
    words = [_words(one) for one in strongest[:_NAMED]]
    more = [f"and {len(drifts) - _NAMED} more"] if len(drifts) > _NAMED else []
    return Signal(
        detector=Detector.DRIFT,
        name=f"drift of {what}",
        title=f"The {what} of {model} have drifted",
        severity=Severity.MEDIUM if _index(strongest[0]) >= _STRONG else Severity.LOW,
        since_us=window.since_us,
        time_us=window.until_us,
        asset=model,
        asset_type="model",
        text=f"{window.rows:,} rows against what was learnt: " + "; ".join([*words, *more]),
        events=window.rows,
        tags=("atlas.aml.t0043",) if what == "inputs" else (),
    )


def _index(one: Drift) -> float:
    return one.gaps["psi"].value if "psi" in one.gaps else 0.0


def _words(one: Drift) -> str:
    bins = ", ".join(f"{b.holds}: expected {b.expected:.0%}, seen {b.seen:.0%}" for b in one.bins)
    gaps = ", ".join(f"{name} {gap.value:.3g}" for name, gap in one.gaps.items())
    return f"{_name(one)} ({gaps})" + (f" - {bins}" if bins else "")


def _odd(followed: Followed, model: Watched, time_us: int) -> list[Signal]:
    return [
        Signal(
            detector=Detector.DRIFT,
            name=f"odd inputs ({one.what})",
            title=f"{model.name} is asked about inputs that are {one.what}",
            severity=Severity.MEDIUM,
            since_us=followed.odd_since_us,
            time_us=time_us,
            asset=model.name,
            asset_type="model",
            text=f"expected: {one.expected:.1%} of inputs; seen: {one.seen:.1%} of {one.rows}",
            events=one.rows,
            tags=("atlas.aml.t0043",),
        )
        for one in oddity.excess(followed.odd, model.learnt.reference)
    ]


def _asking(followed: Followed, client: str) -> Asking:
    asking = followed.clients.pop(client, None) or Asking()
    followed.clients[client] = asking
    if len(followed.clients) > MAX_CLIENTS:
        del followed.clients[next(iter(followed.clients))]
        followed.forgotten += 1
    return asking


def _copying(asking: Asking, model: Watched, client: str, usual_rate: float) -> list[Signal]:
    asking.looked_at = asking.client.rows
    verdict = extraction.judge(asking.client, model.learnt.reference, usual_rate=usual_rate)
    was, asking.told = asking.told, verdict.copies
    if not verdict.copies or was:
        return []
    measures = "; ".join(
        f"{e.measure}: expected at most {e.usual:.3g}, seen {e.seen:.3g} ({e.points:.0%} of what it takes)"
        for e in verdict.evidence
    )
    return [
        Signal(
            detector=Detector.EXTRACTION,
            name="model extraction",
            title=f"{client} asks {model.name} as one who copies it",
            severity=Severity.HIGH,
            since_us=verdict.since_us,
            time_us=asking.client.last_us,
            principal=client,
            asset=model.name,
            asset_type="model",
            text=f"{verdict.rows:,} rows, {verdict.distinct:,.0f} of them distinct: {measures}",
            events=verdict.rows,
            tags=("atlas.aml.t0024.002",),
        )
    ]


def _usual_rate(followed: Followed) -> float:
    """Rows an hour of the median client; 0 where too few are known."""
    rates = [
        asking.client.rows / ((asking.client.last_us - asking.client.since_us) / _LEAST_US)
        for asking in followed.clients.values()
        if asking.client.last_us - asking.client.since_us >= _LEAST_US
    ]
    return median(rates) if len(rates) >= _NAMED else 0.0
