"""Moments, as logs write them, in microseconds since 1970 (UTC)."""

from __future__ import annotations

import datetime as dt

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}


def at(time_us: int) -> dt.datetime:
    """The moment, as far as a calendar reaches: what a stranger says may be any number."""
    try:
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=time_us)
    except OverflowError:
        return dt.datetime.max.replace(tzinfo=dt.UTC) if time_us > 0 else dt.datetime.min.replace(tzinfo=dt.UTC)


def micros(moment: dt.datetime) -> int:
    """A moment; one without a zone is taken as UTC."""
    whole = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return round(whole.timestamp() * 1_000_000)


def iso(said: str) -> int:
    """`2026-11-24T10:11:12.123456+0000` and its like. Raises ValueError."""
    return micros(dt.datetime.fromisoformat(said))


def common(said: str) -> int:
    """`24/Nov/2026:10:11:12 +0000`, of the Common Log Format. Raises ValueError."""
    day, month, rest = said.split("/", 2)
    if month not in _MONTHS:
        raise ValueError(f"{said[:40]!r} is no time")
    return iso(f"{rest[:4]}-{_MONTHS[month]:02}-{day.zfill(2)}T{rest[5:].replace(' ', '')}")


def without_year(said: str, now: dt.datetime) -> int:
    """`Nov 24 10:11:12`, of RFC 3164: the year is the one that puts it next to `now`. Raises ValueError."""
    month, day, clock = said.split()
    if month not in _MONTHS:
        raise ValueError(f"{said[:40]!r} is no time")
    hour, minute, second = (int(part) for part in clock.split(":"))
    found = [
        dt.datetime(year, _MONTHS[month], int(day), hour, minute, second, tzinfo=dt.UTC)
        for year in (now.year - 1, now.year, now.year + 1)
        if not (month == "Feb" and day == "29" and year % 4)
    ]
    return micros(min(found, key=lambda moment: abs(moment - now)))
