"""A store with events in it, and a judge over it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from garrison.events.event import Event
from garrison.events.mappers import mapped, mapper
from garrison.watch.alerts.store import Alerts
from garrison.watch.judge.memory import Memory
from garrison.watch.spool import Spool
from garrison.watch.store.client import Node, connected, start
from garrison.watch.store.guard import Role
from garrison.watch.store.rows import COLUMNS, batch
from garrison.watch.store.write import keep

NOW_US = 1_795_514_400_000_000

Put = Callable[[Sequence[Event]], None]


def refused(number: int, *, client: str = "eve", at_us: int = NOW_US, action: str = "infer") -> Event:
    """A request that the gateway refused."""
    said = {
        "time": dt.datetime.fromtimestamp(at_us / 1_000_000, dt.UTC).isoformat().replace("+00:00", "Z"),
        "request_id": f"r{number}-{client}", "client": client, "role": "service", "model": "fraud", "action": action,
        "protocol": "open-inference", "reason": "permission", "method": "POST", "path": "/v2/models/fraud/infer", "status": 403,
        "request_bytes": 2, "response_bytes": 64, "duration_ms": 1, "ip": "10.0.0.9", "decision": "deny",
    }  # fmt: skip
    found = mapped(mapper("garrison-gateway"), msgspec.json.encode(said))
    found.log_name = "gateway"
    return found


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[Alerts]:
    with Alerts.open(tmp_path / "alerts.db") as found:
        yield found


@pytest.fixture
def memory(alerts: Alerts) -> Memory:
    return Memory(alerts)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = start(tmp_path / "store")
    yield node
    node.stop()


@pytest.fixture
def put(tmp_path: Path, node: Node) -> Iterator[Put]:
    """Store events, as one batch."""
    with Spool.open(tmp_path / "spool", COLUMNS) as spool, connected(node.folder, Role.WRITER) as client:

        def put(events: Sequence[Event]) -> None:
            spool.append(batch(events))
            keep(client, spool, None)

        yield put


@pytest.fixture
def clock() -> Callable[[], int]:
    """The time, in microseconds."""
    return lambda: time.time_ns() // 1000
