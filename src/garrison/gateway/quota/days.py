"""Days of a time zone (the IANA database; RFC 9557 has its names)."""

from __future__ import annotations

import datetime as dt
import zoneinfo


def day_of(time: dt.datetime, zone: str) -> dt.date:
    """The day in which a moment lies."""
    return time.astimezone(zoneinfo.ZoneInfo(zone)).date()


def end_of(day: dt.date, zone: str) -> dt.datetime:
    """The moment in which a day ends, however long it is: 23 or 25 hours where clocks are changed."""
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zoneinfo.ZoneInfo(zone))
    return midnight.astimezone(dt.UTC)
