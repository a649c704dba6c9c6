"""A guard in a process of its own, until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from garrison.gateway.batch.guard import Guard, Say
from garrison.gateway.batch.judge import Judge
from garrison.gateway.batch.nats import JetStream
from garrison.gateway.batch.queue import Queue
from garrison.gateway.file.batch import warnings


async def serve(path: Path, say: Say) -> None:
    """Run the guard of a gateway file. Raises GarrisonError and OSError if it cannot start."""
    guard = Guard(path, _queue, say)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, guard.ending.set)
    for warning in warnings(guard.judge.loaded):
        say(f"warning: {warning}")
    say(guard.described)
    try:
        await guard.run()
    finally:
        await guard.close()


def _queue(judge: Judge) -> Queue:
    return JetStream(judge.batch, judge.loaded.path.parent, judge.credentials)
