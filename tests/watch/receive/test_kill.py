"""A receiver that is killed again and again: whatever it acknowledged is in the spool, and each event has one name."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Self

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from tests.watch.receive.conftest import Kept

ROUNDS = 6
RECEIVER = """
import asyncio, logging, sys
from pathlib import Path
import msgspec
from garrison.watch.receive.inputs import http, otlp
from tests.watch.receive.conftest import Kept

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
kept = Kept(Path(sys.argv[1]), names=("lines", "telemetry"))

def settings(input_, name, **said):
    return msgspec.convert({"type": input_.TYPE, "name": name, "address": "127.0.0.1:0", **said}, input_.Settings)

async def main():
    await asyncio.gather(
        http.serve(settings(http, "lines", log="garrison-gateway"), kept.around), otlp.serve(settings(otlp, "telemetry"), kept.around)
    )

asyncio.run(main())
"""


class Receiver:
    """One life of the receiver."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", RECEIVER, str(folder)],
            cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        assert self._process.stdout is not None
        said = [self._process.stdout.readline() for _ in range(2)]
        self.ports = {line.split()[0]: int(line.rpartition(":")[2]) for line in said}

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


class Senders:
    """They send each batch until it is acknowledged, to whichever receiver lives now."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.acknowledged: set[str] = set()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._until, args=(send,)) for send in (self._lines, self._records)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _until(self, send: object) -> None:
        number = 0
        while not self._over.is_set():
            names = [f"{send.__name__}-{number}-{n}" for n in range(150)]  # type: ignore[attr-defined]
            if send(names):  # type: ignore[operator]
                self.acknowledged.update(names)
                number += 1

    def _lines(self, names: list[str]) -> bool:
        lines = "\n".join(
            json.dumps({"time": "2026-11-25T10:11:12Z", "decision": "allow", "request_id": name}) for name in names
        )
        port = self.ports["lines"]
        done = subprocess.run(
            ["curl", "-sS", "-m", "5", "--data-binary", "@-", f"http://127.0.0.1:{port}/"],
            input=lines.encode(), capture_output=True, check=False,
        )  # fmt: skip
        return bool(done.returncode == 0 and json.loads(done.stdout) == {"events": len(names), "quarantined": 0})

    def _records(self, names: list[str]) -> bool:
        exporter = OTLPLogExporter(f"http://127.0.0.1:{self.ports['telemetry']}/v1/logs", timeout=1)
        scope, resource = InstrumentationScope("test"), Resource({"service.name": "scoring"})
        records = [LogRecord(timestamp=1_795_515_072_000_000_000, observed_timestamp=1, body=name) for name in names]
        told = exporter.export([ReadableLogRecord(record, resource, scope) for record in records])
        exporter.shutdown()  # type: ignore[no-untyped-call]
        return told is LogRecordExportResult.SUCCESS


@pytest.mark.slow
def test_kill_loses_nothing_that_was_acknowledged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", "opentelemetry")
    chance, senders = random.Random(1), Senders()
    receiver = Receiver(tmp_path)
    senders.ports = receiver.ports
    with senders:
        for _ in range(ROUNDS):
            time.sleep(chance.uniform(0.05, 0.6))
            receiver.kill()
            receiver = Receiver(tmp_path)
            senders.ports = receiver.ports
        time.sleep(0.5)
    receiver.kill()
    kept = Kept(tmp_path)
    uids: dict[str, set[str]] = defaultdict(set)
    for event in kept.events():
        uids[event.message or event.uid].add(event.uid)
    kept.close()
    assert len(senders.acknowledged) > 150 * ROUNDS
    assert senders.acknowledged <= uids.keys()
    assert all(len(found) == 1 for found in uids.values())
