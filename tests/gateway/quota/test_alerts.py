"""An alert about a client of a gateway that runs: it is held to less, and its keys are revoked, by the process that tells."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gateway.quota.conftest import Running
from tests.watch.alerts.signals import signal

from garrison.watch.alerts.signal import Detector
from garrison.watch.alerts.store import Alerts, now_us
from garrison.watch.responses import queue
from garrison.watch.responses.kinds import revoke_key, tighten_limit
from garrison.watch.responses.response import State
from garrison.watch.tell import Telling, tell

pytestmark = pytest.mark.slow


def test_an_alert_slows_a_client_down_and_then_shuts_it_out(run: Callable[..., Running], tmp_path: Path) -> None:
    gateway, path, stop = run(""), tmp_path / "alerts.db", threading.Event()
    slow = tighten_limit.Settings(
        name="slow", approve="never", gateway=str(gateway.file), per_second=0.1, detectors=(Detector.EXTRACTION,)
    )
    revoke = revoke_key.Settings(
        name="revoke", store=str(gateway.folder / "s/keys.db"), detectors=(Detector.EXTRACTION,)
    )
    telling = Telling(responses=(slow, revoke))
    thread = threading.Thread(target=tell, args=(telling, path, None, stop), kwargs={"beside": Path})
    assert [gateway.infer(client=client).status for client in ("ada", "ada", "bob")] == [200, 200, 200]
    with Alerts.open(path) as alerts:
        thread.start()
        try:
            alerts.record([signal("joint test", "ada", "iris", at=now_us(), detector=Detector.EXTRACTION)], {})
            gateway.until(lambda: gateway.infer().status == 429, 10)
            assert gateway.infer(client="bob").status == 200
            waiting = [r for r in queue.requests(alerts) if r.response == "revoke"]
            assert [r.state for r in waiting] == [State.WAITING]
            queue.approve(alerts, waiting[0].number, actor="ann", reason="it copies the model")
            gateway.until(lambda: gateway.infer().status == 401, 10)
            assert gateway.infer(client="bob").status == 200
            gateway.until(lambda: {r.state for r in queue.requests(alerts)} == {State.DONE}, 10)
        finally:
            stop.set()
            thread.join()
