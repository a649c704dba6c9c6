"""What subjects did in hours that are over, counted by the store: so that weeks are learnt from in minutes.

It says in SQL what `detector.subjects_of` and `Hour.observe` say of one event; a test holds them against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.events.event import Status
from garrison.events.mappers.garrison_gateway import LABEL as GATEWAY
from garrison.events.mappers.garrison_outcome import LABEL as OUTCOME
from garrison.watch.baselines.baseline import Kind
from garrison.watch.baselines.hour import FAILED_FROM, HOUR_US, MAX_VALUES, Hour, Measure
from garrison.watch.baselines.novelty import Field
from garrison.watch.judge.detector import EVERYWHERE, MAX_NAME, NOBODY, UNKNOWN_USER, Subject
from garrison.watch.store.schema import TABLE
from garrison.watch.store.search import read

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_USER: Final = (
    "if(actor_user = '' OR actor_user IN {nobody:Array(String)} OR status_detail = {unknown:String}, '',"
    f" if(host = '' OR class_uid IN ({', '.join(f'{kind:d}' for kind in EVERYWHERE)}), actor_user, concat(actor_user, '@', host)))"
)
_WHO: Final = (
    f"arrayJoin(arrayFilter(one -> one.2 != '', [(if(product = {{gateway:String}}, '{Kind.CLIENT}', '{Kind.PRINCIPAL}'), {_USER}),"
    f" ('{Kind.MODEL}', CAST(model AS String)), ('{Kind.HOST}', CAST(host AS String))]))"
)
_AT: Final = f"intDiv(toUnixTimestamp64Micro(time_us), {HOUR_US})"
_HOURS: Final = f"""
SELECT {_AT} AS hour, {_WHO} AS who, count(), countIf(status_id = {Status.FAILURE:d} OR status_code >= {FAILED_FROM}),
  countIf(status_id != {Status.FAILURE:d}), avg(bytes_in), avg(bytes_out), countIf(duration_us > 0),
  quantileIf(0.5)(duration_us, duration_us > 0), quantileIf(0.95)(duration_us, duration_us > 0),
  uniqIf(model, model != ''), uniqIf(resource, resource != ''),
  groupUniqArrayIf({MAX_VALUES})(src_ip, src_ip != ''), groupUniqArrayIf({MAX_VALUES})(process, process != '')
FROM {TABLE}
WHERE product != {{outcome:String}} AND time_us >= fromUnixTimestamp64Micro({{first:Int64}}, 'UTC') AND time_us < fromUnixTimestamp64Micro({{end:Int64}}, 'UTC')
GROUP BY hour, who
"""  # noqa: S608 - our own words
_FIRST: Final = f"SELECT min({_AT}) FROM {TABLE} WHERE time_us >= fromUnixTimestamp64Micro({{first:Int64}}, 'UTC')"  # noqa: S608


Uses = Callable[["Client", int, int], Iterable[tuple[str, Measure, int, float]]]
"""What hosts used of a resource, between two times (microseconds): host, resource, the hour, and how much. Raises EventsError."""


class Summed(Hour, kw_only=True):
    """An hour whose measures were counted already. `succeeded` is how much of it did not fail."""

    measures: dict[Measure, float] = msgspec.field(default_factory=dict)
    succeeded: int = 0

    def measured(self) -> dict[Measure, float]:
        """See `Hour`."""
        return self.measures


class _Row(msgspec.Struct, array_like=True):
    hour: int
    who: tuple[str, str]
    requests: int
    errors: int
    succeeded: int
    bytes_in: float
    bytes_out: float
    timed: int
    middle_us: float | None
    slow_us: float | None
    models: int
    resources: int
    peers: list[str]
    programs: list[str]


_rows = msgspec.json.Decoder(_Row).decode_lines


def first_hour(client: Client, since_hour: int) -> int | None:
    """The first hour since then in which something happened. Raises EventsError."""
    said = b"".join(read(client, f"{_FIRST} HAVING count() > 0", {"first": since_hour * HOUR_US}, "TSV"))
    return int(said) if said else None


def hours_of(
    client: Client, first: int, end: int, country: Callable[[str], str], uses: Uses | None = None
) -> dict[int, dict[Subject, Hour]]:
    """What each subject did in the hours from `first` on, up to `end`. Raises EventsError."""
    asked = {
        "first": first * HOUR_US, "end": end * HOUR_US, "gateway": GATEWAY, "outcome": OUTCOME, "nobody": list(NOBODY), "unknown": UNKNOWN_USER,
    }  # fmt: skip
    found: dict[int, dict[Subject, Hour]] = {hour: {} for hour in range(first, end)}
    for host, measure, hour, value in uses(client, first * HOUR_US, end * HOUR_US) if uses else ():
        subject = Kind.HOST, host[:MAX_NAME]
        found[hour].setdefault(subject, Hour(start=hour)).sample(measure, value)
    for row in _rows(b"".join(read(client, _HOURS, asked, "JSONCompactEachRow"))):
        kind, name = row.who
        subject, summed = (Kind(kind), name[:MAX_NAME]), _summed(row, country)
        used = found[row.hour].get(subject)
        if used is not None:
            summed.measures |= {measure: gauge.sum / gauge.count for measure, gauge in used.gauges.items()}
        found[row.hour][subject] = summed
    return found


def _summed(row: _Row, country: Callable[[str], str]) -> Summed:
    measures = {
        Measure.REQUESTS: float(row.requests),
        Measure.MODELS: float(row.models),
        Measure.RESOURCES: float(row.resources),
        Measure.ERRORS: row.errors / row.requests,
        Measure.BYTES_IN: row.bytes_in,
        Measure.BYTES_OUT: row.bytes_out,
    }
    if row.timed:
        measures |= {Measure.LATENCY: row.middle_us or 0.0, Measure.SLOWEST: row.slow_us or 0.0}
    at = row.hour * HOUR_US
    countries = {country(peer) for peer in row.peers} - {""}
    values = {
        field: dict.fromkeys(seen, at)
        for field, seen in ((Field.PEER, row.peers), (Field.COUNTRY, countries), (Field.PROGRAM, row.programs))
        if seen
    }
    return Summed(
        start=row.hour,
        requests=row.requests,
        errors=row.errors,
        values=values,
        measures=measures,
        succeeded=row.succeeded,
    )
