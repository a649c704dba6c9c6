"""`python -m garrison.watch.judge FILE COPY`: started by the watch's supervisor, which starts it again should it end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from garrison.watch.alerts.store import Alerts
from garrison.watch.file.hold import references
from garrison.watch.file.read import Loaded
from garrison.watch.judge.judge import run
from garrison.watch.judge.rules import RuleDetector
from garrison.watch.judge.starting import judge_of
from garrison.watch.run.process import begin, say
from garrison.watch.run.told import Judged, Received, Telling, began, told
from garrison.watch.store.guard import Role

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from garrison.watch.models.follow import Watched


def _work(loaded: Loaded, ended: threading.Event) -> None:
    from garrison.watch.store.client import running

    def connect() -> Client:
        return running(loaded.store, Role.READER)

    def counts() -> Mapping[str, Mapping[str, int]]:
        found = told(loaded.state, "receive", Received)
        return {name: one.counts for name, one in found[1].inputs.items()} if found else {}

    with Alerts.open(loaded.alerts) as alerts:
        judge = judge_of(
            alerts,
            loaded.judging,
            loaded.beside,
            models=_watched(loaded),
            ledger=loaded.ledger,
            counts=counts,
            say=say,
            since=began(loaded.state),
        )
        rules = next(one for one in judge.detectors if isinstance(one, RuleDetector))

        def judged() -> Judged:
            position = judge.position
            return Judged(judge.judged, dict(position.batches), position.stored_s, len(rules.book.rules.broken))

        with Telling(loaded.state, "judge", judged):
            run(judge, connect, ended, say)


def _watched(loaded: Loaded) -> Iterator[Watched]:
    if not loaded.watch.model:
        return
    from garrison.watch.models.follow import Watched

    rows = {model.name: model.window_rows for model in loaded.watch.model}
    for name, learnt in references(loaded).items():
        yield Watched(name, learnt, rows[name])


if __name__ == "__main__":
    begin(_work)
