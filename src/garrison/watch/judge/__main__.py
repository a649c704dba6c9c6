"""`python -m garrison.watch.judge FILE COPY`: started by the watch's supervisor, which starts it again should it end."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING

from garrison.watch.alerts.store import Alerts
from garrison.watch.file.hold import references
from garrison.watch.file.read import Loaded
from garrison.watch.judge.baselines import BaselineDetector
from garrison.watch.judge.detector import Detector
from garrison.watch.judge.judge import Judge, kept_of, run
from garrison.watch.judge.models import ModelDetector
from garrison.watch.judge.rules import RuleDetector
from garrison.watch.judge.silence import SilenceDetector
from garrison.watch.models.follow import Watched
from garrison.watch.run.process import begin, say
from garrison.watch.run.told import Judged, Telling
from garrison.watch.store.guard import Role

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def _work(loaded: Loaded, ended: threading.Event) -> None:
    from garrison.watch.store.client import running

    def connect() -> Client:
        return running(loaded.store, Role.READER)

    with Alerts.open(loaded.alerts) as alerts:
        rules = RuleDetector(
            loaded.judging.rules,
            [loaded.beside(name) for name in loaded.judging.rules.folders],
            kept_of(alerts, RuleDetector.name),
        )
        learn = dt.timedelta(days=loaded.judging.baselines.learn_days)
        judge = Judge(alerts, [rules, *_others(loaded, alerts)], learn=learn)

        def told() -> Judged:
            position = judge.position
            return Judged(judge.judged, dict(position.batches), position.stored_s, len(rules.broken))

        with Telling(loaded.state, "judge", told):
            run(judge, connect, ended.is_set, say)


def _others(loaded: Loaded, alerts: Alerts) -> list[Detector]:
    judging = loaded.judging
    found: list[Detector] = []
    if judging.baselines.enabled:
        found.append(BaselineDetector(judging.baselines, kept_of(alerts, BaselineDetector.name)))
    if judging.silence.enabled:
        found.append(SilenceDetector(judging.silence, judging.quiet_after_s, kept_of(alerts, SilenceDetector.name)))
    if watched := references(loaded):
        rows = {model.name: model.window_rows for model in loaded.watch.model}
        models = [Watched(name, learnt, rows[name]) for name, learnt in watched.items()]
        found.append(ModelDetector(models, kept_of(alerts, ModelDetector.name)))
    return found


if __name__ == "__main__":
    begin(_work)
