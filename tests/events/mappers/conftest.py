"""What an event tells, for snapshots."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from garrison.events.event import Event


@pytest.fixture
def told() -> Callable[[Event], dict[str, object]]:
    """What differs from an event that tells nothing; the line itself aside."""

    def fields_of(event: Event) -> dict[str, object]:
        empty = Event(time_us=0, class_uid=event.class_uid)
        fields = ((name, getattr(event, name)) for name in event.__struct_fields__ if name != "raw")
        kept = {n: v for n, v in fields if v != getattr(empty, n) or n == "class_uid"}
        if len(event.uid) == 32:
            del kept["uid"]
        return kept

    return fields_of
