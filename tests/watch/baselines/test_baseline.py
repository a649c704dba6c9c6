"""A subject's hours: what is told, since when, and what is not. False alarms over many subjects are measured by bench/baselines.py."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from garrison.events.event import Class, Event, Status
from garrison.watch.baselines.baseline import Baseline, Kind, Report, close, merged
from garrison.watch.baselines.hour import HOUR_US, Hour, Measure, merge
from garrison.watch.baselines.keep import dumped, loaded
from garrison.watch.baselines.novelty import MAX_KNOWN, Field, New, Novelty
from garrison.watch.baselines.season import WEEK, hour_of_week

from .test_season import FIRST


def event(hour: int, number: int = 0, **more: Any) -> Event:
    about = {
        "src_ip": "10.0.0.1",
        "model": "fraud",
        "resource": "r",
        "duration_us": 20_000 + number % 7,
        "bytes_in": 900,
        "bytes_out": 80,
    }
    return Event(time_us=hour * HOUR_US + number, class_uid=Class.API, **{**about, **more})


def hour_of(start: int, count: int, **more: Any) -> Hour:
    made = Hour(start=start)
    for number in range(count):
        made.observe(event(start, number, **more))
    return made


def counts(hour: int) -> int:
    return int(np.random.default_rng(hour).poisson(60 if 8 <= hour % 24 < 18 else 15))


@pytest.fixture(scope="module")
def learnt() -> bytes:
    """Four weeks of a client, kept."""
    baseline = Baseline(Kind.CLIENT, "c")
    for hour in range(FIRST, FIRST + 4 * WEEK):
        close(baseline, hour_of(hour, counts(hour)))
    return dumped(baseline)


NOW = FIRST + 4 * WEEK + 10  # Monday, 10:00


@pytest.fixture
def baseline(learnt: bytes) -> Baseline:
    found = loaded(learnt, Baseline)
    for hour in range(FIRST + 4 * WEEK, NOW):
        assert close(found, hour_of(hour, counts(hour))) == Report()
    return found


def test_the_first_hours_are_cold() -> None:
    baseline = Baseline(Kind.MODEL, "m")
    report = close(baseline, hour_of(FIRST, 40))
    assert set(report.cold) >= {Measure.REQUESTS, Measure.ERRORS, Measure.LATENCY}
    assert report.deviations == ()
    assert report.new == ()


@pytest.mark.parametrize(
    ("measure", "count", "more"),
    [
        (Measure.REQUESTS, 400, {}),
        (Measure.LATENCY, 60, {"duration_us": 200_000}),
        (Measure.SLOWEST, 60, {"duration_us": 200_000}),
        (Measure.BYTES_IN, 60, {"bytes_in": 90_000}),
        (Measure.BYTES_OUT, 60, {"bytes_out": 90_000}),
        (Measure.ERRORS, 60, {"status_id": Status.FAILURE}),
        (Measure.ERRORS, 60, {"status_code": 503}),
    ],
)
def test_what_is_off_is_told_with_what_was_expected(
    baseline: Baseline, measure: Measure, count: int, more: dict[str, Any]
) -> None:
    hour = hour_of(NOW, count, **more)
    found = {d.measure: d for d in close(baseline, hour).deviations}
    assert measure in found
    told = found[measure]
    assert told.expected.low <= told.expected.middle <= told.expected.high < told.seen
    assert told.seen == hour.measured()[measure]
    assert told.since_us == NOW * HOUR_US


def test_many_models_and_resources(baseline: Baseline) -> None:
    hour = Hour(start=NOW)
    for number in range(60):
        hour.observe(event(NOW, number, model=f"m{number}", resource=f"r{number}"))
    assert {d.measure for d in close(baseline, hour).deviations} >= {Measure.MODELS, Measure.RESOURCES}


def test_silence_is_told_once_and_since_when(baseline: Baseline) -> None:
    reports = [close(baseline, Hour(start=NOW + number)) for number in range(5)]
    ((number, told),) = [(n, d) for n, r in enumerate(reports) for d in r.deviations if d.measure is Measure.REQUESTS]
    assert number <= 2
    assert told.since_us == NOW * HOUR_US
    assert told.seen == 0


def test_a_little_off_counts_where_it_lasts(baseline: Baseline) -> None:
    reports = [close(baseline, hour_of(NOW + number, 115)) for number in range(4)]
    assert reports[0].deviations == ()
    told = [d for r in reports for d in r.deviations if d.measure is Measure.REQUESTS]
    assert [d.since_us for d in told] == [NOW * HOUR_US]


def test_a_new_peer_country_and_program(baseline: Baseline) -> None:
    for field, more, country in (
        (Field.PEER, {"src_ip": "203.0.113.9"}, ""),
        (Field.COUNTRY, {}, "NZ"),
        (Field.PROGRAM, {"process": "curl"}, ""),
    ):
        hour = hour_of(NOW, 59)
        hour.observe(event(NOW, 59, **more), country=country)
        again = loaded(dumped(baseline), Baseline)
        again.novelties.setdefault(field, Novelty(first_hour=FIRST, hours=500))
        (new,) = close(again, hour).new
        assert (new.field, new.since_us) == (field, NOW * HOUR_US + 59)
        assert new.expected < 0.01
        hour.start = NOW + 1
        assert close(again, hour).new == ()


def test_new_peers_of_a_client_that_often_has_some_are_not_told() -> None:
    baseline = Baseline(Kind.MODEL, "m")
    told: list[New] = []
    for hour in range(FIRST, FIRST + 4 * WEEK):
        told += close(baseline, hour_of(hour, 3, src_ip=f"10.1.{hour % 5_000}")).new
    assert told == []
    flood = Hour(start=FIRST + 4 * WEEK)
    for number in range(100):
        flood.observe(event(flood.start, number, src_ip=f"198.51.100.{number}"))
    assert len(close(baseline, flood).new) == 100


def test_resources_of_a_host() -> None:
    baseline = Baseline(Kind.HOST, "gpu-1")
    random = np.random.default_rng(7)
    told = []
    for hour in range(FIRST, FIRST + 4 * WEEK + 1):
        made = Hour(start=hour)
        busy = 0.95 if hour == FIRST + 4 * WEEK else 0.2
        for _ in range(12):
            made.sample(Measure.GPU, busy + random.normal(0, 0.03))
            made.sample(Measure.NETWORK, 1e6 * random.lognormal(0, 0.1))
        told += [d.measure for d in close(baseline, made).deviations]
    assert told == [Measure.GPU]


def test_hours_between_that_nobody_closed_were_silent(baseline: Baseline) -> None:
    other = loaded(dumped(baseline), Baseline)
    for hour in range(NOW, NOW + 5):
        close(other, Hour(start=hour))
    close(other, hour_of(NOW + 5, 60))
    close(baseline, hour_of(NOW + 5, 60))
    assert baseline.seasons[Measure.REQUESTS].middle == pytest.approx(other.seasons[Measure.REQUESTS].middle, rel=1e-4)


def test_a_long_absence_takes_no_time() -> None:
    baseline = Baseline(Kind.CLIENT, "c")
    close(baseline, hour_of(FIRST, 3))
    close(baseline, hour_of(FIRST + 10**9, 3))
    assert baseline.seasons[Measure.REQUESTS].seen[-1] <= 4 * WEEK + 2


def test_an_hour_is_closed_once(baseline: Baseline) -> None:
    close(baseline, hour_of(NOW, 60))
    with pytest.raises(ValueError, match="closed already"):
        close(baseline, hour_of(NOW, 60))


def test_goes_on_after_a_restart(baseline: Baseline) -> None:
    again = loaded(dumped(baseline), Baseline)
    (one,), (two,) = (close(state, hour_of(NOW, 400)).deviations for state in (again, baseline))
    assert (one.measure, one.since_us, one.seen) == (two.measure, two.since_us, two.seen)
    assert one.expected.off == pytest.approx(two.expected.off, rel=1e-4)
    with pytest.raises(msgspec.MsgspecError):
        loaded(b"\x91", Baseline)


def test_hours_of_two_nodes_add_up() -> None:
    one, two, whole = Hour(start=FIRST), Hour(start=FIRST), Hour(start=FIRST)
    for number in range(2_000):
        said = event(FIRST, number, src_ip=f"10.0.{number % 9}.1", resource=f"r{number % 700}", duration_us=1 + number)
        (one if number % 3 else two).observe(said)
        whole.observe(said)
    merge(one, loaded(dumped(two), Hour))
    assert one.measured() == pytest.approx(whole.measured(), rel=0.05)
    assert one.values == whole.values
    assert one.measured()[Measure.RESOURCES] == pytest.approx(700, rel=0.05)
    assert one.measured()[Measure.LATENCY] == pytest.approx(1_000, rel=0.05)
    with pytest.raises(ValueError, match="do not add up"):
        merge(one, Hour(start=FIRST + 1))


def test_values_are_bounded() -> None:
    hour = Hour(start=FIRST)
    for number in range(2_000):
        hour.observe(event(FIRST, number, src_ip=f"ip{number}"))
    assert len(hour.values[Field.PEER]) + hour.values_left_out == 2_000
    baseline = Baseline(Kind.CLIENT, "c")
    for start in range(FIRST, FIRST + 10):
        many = Hour(start=start)
        for number in range(500):
            many.observe(event(start, number, src_ip=f"{start}-{number}"))
        close(baseline, many)
    known = baseline.novelties[Field.PEER]
    assert (len(known.seen), known.forgotten) == (MAX_KNOWN, 5_000 - MAX_KNOWN)


def test_baselines_of_two_nodes_are_one(learnt: bytes) -> None:
    one, other = loaded(learnt, Baseline), Baseline(Kind.CLIENT, "c")
    close(other, hour_of(FIRST + 4 * WEEK, 20, src_ip="10.0.0.2"))
    both = merged(one, other)
    assert both.last_hour == FIRST + 4 * WEEK
    assert len(both.novelties[Field.PEER].seen) == 2
    assert both.seasons[Measure.REQUESTS].seen[hour_of_week(FIRST)] == 5
    assert close(both, hour_of(FIRST + 4 * WEEK + 1, 15)).deviations == ()
