"""The audit webhook: lists of events, as an API server sends them."""

from __future__ import annotations

import json

from tests.watch.receive.conftest import Kept, serving
from tests.watch.receive.inputs.test_http import curl

from garrison.watch.receive.inputs import kubernetes

AUDIT = {
    "level": "Metadata",
    "auditID": "a1",
    "stage": "ResponseComplete",
    "requestURI": "/api/v1/namespaces/ml/secrets",
    "verb": "list",
    "user": {"username": "ann"},
    "sourceIPs": ["10.0.0.9"],
    "objectRef": {"resource": "secrets", "namespace": "ml", "apiVersion": "v1"},
    "responseStatus": {"metadata": {}, "code": 200},
    "requestReceivedTimestamp": "2026-11-24T10:11:12.000001Z",
    "stageTimestamp": "2026-11-24T10:11:12.000501Z",
}


def listed(*items: object) -> bytes:
    return json.dumps(
        {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": items}, separators=(",", ":")
    ).encode()


def test_a_list_of_events(kept: Kept) -> None:
    with serving(kubernetes, kept.around, path="/audit") as port:
        items = [{**AUDIT, "auditID": f"a{n}"} for n in range(1500)]
        assert curl(port, listed(*items), path="/audit?timeout=30s") == (200, {"events": 1500, "quarantined": 0})
        assert curl(port, listed({"no": "event"}), path="/audit") == (200, {"events": 0, "quarantined": 1})
        assert curl(port, b'{"kind":"EventList","items":7}', path="/audit")[0] == 400
    events = kept.events()
    assert [event.uid.rpartition("/")[0] for event in events] == [f"a{n}/ResponseComplete" for n in range(1500)]
    assert (events[0].api_operation, events[0].namespace) == ("list secrets", "ml")
