"""What receiving costs: `make bench-watch`.

    python bench/watch_receive.py [--events 200000] [--folder FOLDER]

Lines of the gateway and records of CloudTrail by HTTP, and log records by OTLP, packed and not: CPU seconds of the receiver alone, from the
body of a request to the synced spool, redaction as it is by default. Storing is in watch_store.py.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import http.client
import logging
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from garrison.watch.quarantine.quarantine import Quarantine
from garrison.watch.quarantine.settings import Settings
from garrison.watch.receive.input import Around
from garrison.watch.receive.inputs import http as lines_by_http
from garrison.watch.receive.inputs import otlp
from garrison.watch.receive.intake import SpoolIntake
from garrison.watch.redact.redactor import Redactor
from garrison.watch.spool import Spool
from garrison.watch.store.rows import COLUMNS
from measure import cpu_s, line
from watch_store import cloudtrail, gateway

GROUP = 5_000  # events of a request
INPUTS = {
    "garrison-gateway": (lines_by_http, {"log": "garrison-gateway"}),
    "aws-cloudtrail": (lines_by_http, {"log": "aws-cloudtrail"}),
    "otlp": (otlp, {}),
}


def serve(folder: Path, log: str) -> None:
    """The receiver of one input, until it is killed."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    with Spool.open(folder / "spool", COLUMNS, max_bytes=1 << 40) as spool:
        intake = SpoolIntake(
            {log: spool},
            Redactor.make([], b"a key"),
            Quarantine.open(folder / "quarantine", Settings()),
            keep_samples=lambda *_: None,
        )
        input_, more = INPUTS[log]
        said = {"type": input_.TYPE, "name": log, "address": "127.0.0.1:0", **more}
        around = Around(intake, folder, lambda name: folder / name)
        asyncio.run(input_.serve(msgspec.convert(said, input_.Settings), around))


def records(count: int, chance: random.Random) -> Iterator[bytes]:
    """Requests of log records, as a program's own log has them."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    for first in range(0, count, GROUP):
        request = ExportLogsServiceRequest()
        logs = request.resource_logs.add()
        for name in ("service.name", "host.name", "k8s.pod.name", "k8s.namespace.name"):
            logs.resource.attributes.add(key=name).value.string_value = f"{name}-1"
        scoped = logs.scope_logs.add()
        for number in range(first, min(first + GROUP, count)):
            record = scoped.log_records.add(time_unix_nano=1_795_515_072_000_000_000 + number, severity_number=9)
            record.body.string_value = f"request {chance.getrandbits(64):016x} was answered after {number % 90} ms"
            record.trace_id, record.span_id = chance.randbytes(16), chance.randbytes(8)
            record.attributes.add(key="http.request.method").value.string_value = "POST"
            record.attributes.add(key="http.response.status_code").value.int_value = 200
            record.attributes.add(key="user.id").value.string_value = f"user-{chance.randrange(500)}"
        yield request.SerializeToString()


def bodies(log: str, count: int) -> list[bytes]:
    chance = random.Random(7)
    if log == "otlp":
        return list(records(count, chance))
    made = list((gateway if log == "garrison-gateway" else cloudtrail)(count, chance))
    return [b"\n".join(made[at : at + GROUP]) for at in range(0, count, GROUP)]


def cost_us(folder: Path, log: str, count: int, *, packed: bool) -> float:
    """CPU microseconds of an event."""
    command = [sys.executable, __file__, "--serve", log, "--folder", str(folder)]
    receiver = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert receiver.stdout is not None
        port = int(receiver.stdout.readline().rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port)
        head = {"Content-Type": "application/x-protobuf", **({"Content-Encoding": "gzip"} if packed else {})}
        sent = [gzip.compress(body) if packed else body for body in bodies(log, count)]
        before = cpu_s(receiver.pid)
        for body in sent:
            connection.request("POST", "/v1/logs" if log == "otlp" else "/", body, head)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 200, said
        return (cpu_s(receiver.pid) - before) / count * 1e6
    finally:
        receiver.kill()
        receiver.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="on the disk where a spool would be")
    parser.add_argument("--serve", choices=INPUTS, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.serve:
        serve(said.folder, said.serve)
        return
    for log, name in (
        ("garrison-gateway", "gateway lines"),
        ("aws-cloudtrail", "CloudTrail"),
        ("otlp", "OTLP records"),
    ):
        for packed in (False, True):
            folder = Path(tempfile.mkdtemp(dir=said.folder))
            try:
                spent = cost_us(folder, log, said.events, packed=packed)
            finally:
                shutil.rmtree(folder)
            line(f"receive {name}{', gzip' if packed else ''}: CPU of an event", spent, None, "us")


if __name__ == "__main__":
    main()
