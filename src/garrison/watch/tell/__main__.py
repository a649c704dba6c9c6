"""`python -m garrison.watch.tell FILE COPY`: started by the watch's supervisor, which starts it again should it end.

A thread tells of alerts, and one for each export carries events on, so that none waits for another.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from garrison.watch.export.export import Export
from garrison.watch.export.export import run as carry
from garrison.watch.file.read import Loaded
from garrison.watch.run.process import begin, say
from garrison.watch.run.status import parts
from garrison.watch.run.told import Beating, Telling, began
from garrison.watch.store.guard import Role
from garrison.watch.tell.beats import Beats
from garrison.watch.tell.tell import tell

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def _work(loaded: Loaded, ended: threading.Event) -> None:
    since = began(loaded.state)
    exports = [Export(one, loaded.state / "exports", loaded.beside, began=since) for one in loaded.watch.export]
    failed: list[BaseException] = []
    threads = [threading.Thread(target=_carry, args=(loaded, one, ended, failed), name="export") for one in exports]
    with Telling(loaded.state, "tell", Beating), contextlib.ExitStack() as last:
        for thread in threads:
            thread.start()
            last.callback(thread.join)
        last.callback(ended.set)
        beats = Beats(loaded.state, parts(loaded))
        tell(loaded.telling, loaded.alerts, loaded.ledger, ended, beside=loaded.beside, noticed=beats.look)
    if failed:
        raise failed[0]


def _carry(loaded: Loaded, export: Export, ended: threading.Event, failed: list[BaseException]) -> None:
    """Until the end; what fails otherwise than now and then ends the process, which is started again."""
    from garrison.watch.store.client import running

    def connect() -> Client:
        return running(loaded.store, Role.READER)

    try:
        carry([export], connect, ended.is_set, say)
    except BaseException as error:  # noqa: BLE001 - raised by who waits for the threads
        failed.append(error)
        ended.set()


if __name__ == "__main__":
    begin(_work)
