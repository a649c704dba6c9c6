"""Baselines on generated traffic: `python bench/baselines.py`. A line per figure: false alarms, what is found, and how soon.

Subjects have a day and a week of their own, noise that is wider than counting (negative binomial), latencies with heavy tails,
good and bad days; some have hours with three times as much; holidays never. The first weeks are for learning; what is told after them without a cause is a false alarm.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable

import msgspec
import numpy as np

from garrison.events.event import Class, Event, Status
from garrison.watch.baselines.baseline import Baseline, Kind, Report, close
from garrison.watch.baselines.hour import HOUR_US, Hour
from garrison.watch.baselines.keep import dumped
from garrison.watch.baselines.season import WEEK, hour_of_week
from measure import line

FIRST = 490_000  # hours since 1970
LEARN, TEST = 4 * WEEK, 4 * WEEK
DAY = 24
_BUSY = 30  # requests of a busy hour
_MOST = 5_000  # events of an hour

Change = Callable[["Traffic", int], "Traffic"]


class Traffic(msgspec.Struct, frozen=True):
    """What one subject does on average in a busy hour."""

    requests: float
    night: float  # share of a busy hour
    weekend: float
    spread: float  # dispersion: variance is mean + spread * mean squared
    errors: float = 0.01
    latency_us: float = 20_000
    size: float = 1_000
    models: int = 3
    peers: int = 4
    peer_is_new: float = 0.0  # chance in an hour
    batches: float = 0.0  # chance of an hour with three times as many
    daily: float = 0.0  # deviation of the logarithm from day to day


def subjects(count: int, seed: int) -> list[Traffic]:
    """From a few requests an hour to many, steady and erratic."""
    random = np.random.default_rng(seed)
    return [
        Traffic(
            requests=float(np.exp(random.uniform(np.log(2), np.log(300)))),
            night=random.uniform(0.05, 1),
            weekend=random.uniform(0.1, 1),
            spread=random.uniform(0, 0.15),
            errors=random.uniform(0, 0.05),
            models=int(random.integers(1, 8)),
            peers=int(random.integers(1, 20)),
            peer_is_new=float(random.choice([0, 0, 0, 0.05])),
            batches=float(random.choice([0, 0, 0.02])),
            daily=random.uniform(0, 0.2),
        )
        for _ in range(count)
    ]


def hour_of(traffic: Traffic, hour: int, random: np.random.Generator) -> Hour:
    """An hour of it."""
    of_week = hour_of_week(hour)
    day = traffic.night + (1 - traffic.night) * max(0.0, np.sin((of_week % 24 - 6) / 24 * 2 * np.pi))
    mean = traffic.requests * day * (traffic.weekend if of_week >= 120 else 1)
    rate = mean if not traffic.spread else random.gamma(1 / traffic.spread, mean * traffic.spread)
    rate *= 3 if random.random() < traffic.batches else 1
    rate *= np.random.default_rng([hour // 24, int(traffic.requests * 1e6)]).lognormal(0, traffic.daily)
    count = min(int(random.poisson(rate)), _MOST)
    found = Hour(start=hour)
    slow = random.lognormal(0, 0.05)
    for number in range(count):
        found.observe(_event(traffic, hour, number, slow, random))
    return found


def _event(traffic: Traffic, hour: int, number: int, slow: float, random: np.random.Generator) -> Event:
    failed = random.random() < traffic.errors
    new = number == 0 and random.random() < traffic.peer_is_new
    return Event(
        time_us=hour * HOUR_US + number,
        class_uid=Class.API,
        status_id=Status.FAILURE if failed else Status.SUCCESS,
        src_ip=f"new{hour}" if new else f"10.0.0.{int(random.integers(traffic.peers))}",
        model=f"m{min(int(random.exponential(traffic.models / 3)), traffic.models)}",
        resource=f"r{int(random.integers(30))}",
        duration_us=int(traffic.latency_us * slow * random.lognormal(0, 0.6)),
        bytes_in=int(traffic.size * random.lognormal(0, 0.5)),
        bytes_out=200,
    )


def watched(
    traffic: Traffic, seed: int, change: Change | None = None, weeks: int = TEST // WEEK
) -> list[tuple[int, Report]]:
    """Reports after the learning weeks; `change` acts from the middle of the second week after them on."""
    random = np.random.default_rng(seed)
    baseline = Baseline(Kind.CLIENT, "c")
    found = []
    for hour in range(FIRST, FIRST + LEARN + weeks * WEEK):
        after = hour - FIRST - LEARN - WEEK - 58
        now = traffic if change is None or after < 0 else change(traffic, after)
        report = close(baseline, hour_of(now, hour, random))
        if hour >= FIRST + LEARN:
            found.append((after, report))
    return found


def _scaled(**factors: float) -> Change:
    def changed(traffic: Traffic, after: int) -> Traffic:
        if after >= 6:
            return traffic
        return msgspec.structs.replace(traffic, **{name: getattr(traffic, name) * by for name, by in factors.items()})

    return changed


def _errors(traffic: Traffic, after: int) -> Traffic:
    return msgspec.structs.replace(traffic, errors=0.3) if after < 6 else traffic


def _silence(traffic: Traffic, after: int) -> Traffic:
    return msgspec.structs.replace(traffic, requests=1e-9) if after < 24 else traffic


def _peer(traffic: Traffic, after: int) -> Traffic:
    return msgspec.structs.replace(traffic, peer_is_new=1.0) if after < 6 else traffic


CHANGES: dict[str, Change] = {
    "5 times the requests, 6 h": _scaled(requests=5),
    "10 times the bytes a request, 6 h": _scaled(size=10),
    "3 times the latency, 6 h": _scaled(latency_us=3),
    "30 % errors, 6 h": _errors,
    "silence, 24 h": _silence,
    "a new peer": _peer,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subjects", type=int, default=12)
    said = parser.parse_args()
    begun = time.process_time()
    quiet = [watched(traffic, 1_000 + n) for n, traffic in enumerate(subjects(said.subjects, 1))]
    told: Counter[str] = Counter()
    for reports in quiet:
        for _, report in reports:
            told.update(str(d.measure) for d in report.deviations)
            told.update(f"climb of {c.measure}" for c in report.climbs)
            told.update(f"new {n.field}" for n in report.new)
    weeks = said.subjects * TEST / WEEK
    line("baselines: false alarms a subject and week", sum(told.values()) / weeks, None, "")
    for what, count in told.most_common():
        line(f"  of which {what}", count / weeks, None, "")
    busy = [traffic for traffic in subjects(4 * said.subjects, 2) if traffic.requests >= _BUSY][: said.subjects]
    few = [traffic for traffic in subjects(4 * said.subjects, 2) if traffic.requests < _BUSY][: said.subjects]
    for name, change in CHANGES.items():
        _found(f"{name}, {_BUSY} requests an hour or more", change, busy)
        _found(f"{name}, fewer", change, few)
    print(f"({time.process_time() - begun:.0f} CPU-s, most of it to make the events)")
    _costs()


def _found(name: str, change: Change, among: list[Traffic]) -> None:
    hits = [
        next(
            (
                after
                for after, report in watched(traffic, 2_000 + n, change, weeks=2)
                if 0 <= after < DAY and (report.deviations or report.new)
            ),
            None,
        )
        for n, traffic in enumerate(among)
    ]
    delays = [hit for hit in hits if hit is not None]
    line(f"baselines: {name}: found", 100 * len(delays) / len(hits), None, "%")
    if delays:
        line("  median hours until then", float(np.median(delays)) + 1, None, "h")


def _costs() -> None:
    random = np.random.default_rng(3)
    traffic = subjects(1, 3)[0]
    baseline, hour = Baseline(Kind.CLIENT, "c"), Hour(start=FIRST)
    events = [_event(traffic, FIRST, n, 1.0, random) for n in range(20_000)]
    begun = time.process_time()
    for event in events:
        hour.observe(event)
    line("baselines: an event counted", (time.process_time() - begun) * 1e6 / len(events), None, "us")
    hours = [hour_of(traffic, FIRST + n, random) for n in range(WEEK)]
    begun = time.process_time()
    for one in hours:
        close(baseline, one)
    line("baselines: an hour judged and learnt", (time.process_time() - begun) * 1e6 / len(hours), None, "us")
    line("baselines: a subject kept", len(dumped(baseline)) / 1024, None, "KiB")


if __name__ == "__main__":
    main()
