"""An intake with a spool of its own, and what is in it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from garrison.events.event import Event
from garrison.watch.quarantine.quarantine import IDENTITY, Quarantine
from garrison.watch.quarantine.reading import Kept as Strange
from garrison.watch.quarantine.reading import lines as quarantined
from garrison.watch.quarantine.settings import Settings
from garrison.watch.receive.input import Around, Sample
from garrison.watch.receive.intake import SpoolIntake
from garrison.watch.redact.redactor import Redactor
from garrison.watch.redact.settings import How, Rule
from garrison.watch.spool import Spool
from garrison.watch.store.rows import COLUMNS, events


class Kept:
    """What a test asks of an intake: its events, and what went into the quarantine."""

    def __init__(self, folder: Path, *, names: Sequence[str] = ("here",), max_bytes: int = 1 << 30) -> None:
        self.spool = Spool.open(folder / "spool", COLUMNS, max_bytes=max_bytes)
        self.quarantine = Quarantine.open(folder / "quarantine", Settings())
        self.samples: list[Sample] = []
        self._events: list[Event] = []
        self.intake = SpoolIntake(
            dict.fromkeys(names, self.spool),
            Redactor.make([Rule(how=How.MASK, pattern="email")], b"a key for tests"),
            self.quarantine,
            keep_samples=lambda _, samples: self.samples.extend(samples),
        )
        self.around = Around(self.intake, folder, lambda name: folder / name)

    @property
    def strange(self) -> list[Strange]:
        """What is in the quarantine, in its order."""
        return list(quarantined(self.quarantine.folder, self.quarantine.folder.parent / IDENTITY))

    def close(self) -> None:
        self.intake.close()
        self.quarantine.close()
        self.spool.close()

    def events(self) -> list[Event]:
        """What came into the spool, in its order."""
        while (taken := self.spool.take(wait_s=0)) is not None:
            self._events += events(taken.batch)
            self.spool.done(taken)
        return self._events


class _Hears(logging.Handler):
    """What an input says of where it listens."""

    def __init__(self, heard: queue.Queue[int | BaseException]) -> None:
        super().__init__()
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        if "listens on" in record.getMessage():
            self._heard.put(int(record.getMessage().rpartition(":")[2]))


@contextlib.contextmanager
def serving(input_: ModuleType, around: Around, **said: Any) -> Iterator[int]:
    """An input that runs on a port of its own, until the end of the test."""
    heard: queue.Queue[int | BaseException] = queue.Queue()
    logger, handler = logging.getLogger("garrison.watch.receive"), _Hears(heard)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with running(input_, around, failed=heard.put, **{"address": "127.0.0.1:0", **said}):
            found = heard.get(timeout=20)
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        logger.removeHandler(handler)


@contextlib.contextmanager
def running(
    input_: ModuleType, around: Around, *, failed: Callable[[BaseException], None] | None = None, **said: Any
) -> Iterator[None]:
    """An input that runs in a thread; how it failed is raised in the end, unless somebody is told."""
    settings = msgspec.convert({"type": input_.TYPE, "name": "here", **said}, input_.Settings)
    loop, failures = asyncio.new_event_loop(), list[BaseException]()
    task = loop.create_task(input_.serve(settings, around))

    def run() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - raised where the test waits
            (failed or failures.append)(error)
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(task.cancel)
        thread.join(20)
        assert not thread.is_alive()
    if failures:
        raise failures[0]


def failing(input_: ModuleType, around: Around, **said: Any) -> None:
    """An input that cannot go on: raises why."""
    settings = msgspec.convert({"type": input_.TYPE, "name": "here", **said}, input_.Settings)
    asyncio.run(asyncio.wait_for(input_.serve(settings, around), 30))


def until(true: Callable[[], bool], what: Callable[[], object] = lambda: "", seconds: float = 10) -> None:
    """Wait for what has to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.close()
