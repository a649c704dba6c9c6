"""Whatever an event tells, OCSF can read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from garrison.events.event import Call, Class, Event, Severity, Status
from garrison.events.ocsf import to_ocsf

_ACTIVITIES = {
    Class.BASE: (0, 99),
    Class.DETECTION: (1,),
    Class.AUTHENTICATION: (1, 2, 3, 7, 99),
    Class.ACCOUNT: (1, 6, 99),
    Class.NETWORK: (0, 5, 6),
    Class.HTTP: (3, 6, 99),
}
_VALUES: dict[object, st.SearchStrategy[Any]] = {
    "str": st.text(max_size=8),
    "int": st.integers(0, 2**40),
    "bytes": st.binary(max_size=8),
    "bool | None": st.sampled_from([True, False, None]),
    "Severity": st.sampled_from(Severity),
    "Status": st.sampled_from(Status),
}


@st.composite
def events(draw: st.DrawFn) -> Event:
    class_uid = draw(st.sampled_from(Class))
    said: dict[str, Any] = {"time_us": draw(st.integers(0, 2**50)), "class_uid": class_uid}
    said["activity_id"] = draw(st.sampled_from(_ACTIVITIES.get(class_uid, (1, 2, 4, 99))))
    for field in msgspec.structs.fields(Event):
        if field.name not in said and draw(st.booleans()):
            said[field.name] = draw(_VALUES[Event.__annotations__[field.name]])
    return Event(**said)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=events())
def test_every_event_holds_to_the_schema(event: Event, ocsf_faults: Callable[[dict[str, Any]], list[str]]) -> None:
    said = to_ocsf(event)
    assert ocsf_faults(said) == []
    assert msgspec.json.decode(msgspec.json.encode(said)) == said


@pytest.mark.parametrize("class_uid", list(Class))
def test_an_event_of_which_little_is_told(class_uid: Class, ocsf_faults: Callable[[dict[str, Any]], list[str]]) -> None:
    activity = _ACTIVITIES.get(class_uid, (1,))[0]
    assert ocsf_faults(to_ocsf(Event(time_us=0, class_uid=class_uid, activity_id=activity))) == []


def test_an_inference() -> None:
    event = Event(
        time_us=1_795_000_000_000_000,
        class_uid=Class.API,
        activity_id=Call.OTHER,
        status_id=Status.SUCCESS,
        uid="r1",
        product="Garrison gateway",
        actor_user="scoring-job",
        src_ip="10.0.0.7",
        api_operation="infer",
        request_uid="r1",
        model="fraud",
        prompt_tokens=3,
        completion_tokens=4,
    )
    said = to_ocsf(event)
    assert {k: said[k] for k in ("ai_model", "message_context", "actor", "api", "metadata")} == snapshot(
        {
            "ai_model": {"ai_provider": "Garrison gateway", "name": "fraud"},
            "message_context": {"uid": "r1", "prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
            "actor": {"user": {"name": "scoring-job"}},
            "api": {"operation": "infer", "request": {"uid": "r1"}},
            "metadata": {
                "version": "1.8.0",
                "product": {"name": "Garrison gateway"},
                "uid": "r1",
                "profiles": ["ai_operation"],
            },
        }
    )
