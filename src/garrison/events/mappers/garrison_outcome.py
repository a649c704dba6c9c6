"""What came of an inference, told once it is known (docs/model-watch.md): the truth that a model learns later."""

from __future__ import annotations

import datetime as dt

import msgspec

from garrison.events.event import Call, Class, Event, Status
from garrison.events.times import micros

NAME = "garrison-outcome"
LABEL = "Garrison outcome"


class _Record(msgspec.Struct):
    time: dt.datetime
    model: str
    wrong: bool
    request_id: str = ""  # as the gateway's audit feed has it
    client: str = ""
    comment: str = ""


_record = msgspec.json.Decoder(_Record).decode


def event(line: bytes) -> Event:
    """One outcome."""
    told = _record(line)
    return Event(
        time_us=micros(told.time),
        class_uid=Class.API,
        activity_id=Call.OTHER,
        status_id=Status.FAILURE if told.wrong else Status.SUCCESS,
        status_detail=told.comment,
        uid=told.request_id,
        product=LABEL,
        actor_user=told.client,
        api_operation="outcome",
        request_uid=told.request_id,
        resource=told.model,
        resource_type="model" if told.model else "",
        model=told.model,
        raw=line,
    )
