"""A judge out of the settings of a watch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from garrison.errors import ConfigError, EventsError
from garrison.watch.alerts import owed
from garrison.watch.alerts.store import Alerts
from garrison.watch.baselines.hour import HOUR_US, Measure
from garrison.watch.judge.baselines import BaselineDetector
from garrison.watch.judge.countries import countries
from garrison.watch.judge.detector import Detector
from garrison.watch.judge.health import Counts, HealthDetector
from garrison.watch.judge.judge import Judge
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.rules import RuleDetector
from garrison.watch.judge.settings import Judging
from garrison.watch.judge.silence import SilenceDetector

if TYPE_CHECKING:  # what it stands on takes a second to import
    from clickhouse_connect.driver.client import Client

    from garrison.watch.models.follow import Watched

_THERE: Final = "SELECT 1 FROM system.tables WHERE concat(database, '.', name) = {name:String}"


def judge_of(
    alerts: Alerts,
    settings: Judging,
    beside: Callable[[str], Path],
    *,
    models: Iterable[Watched] = (),
    ledger: Path | None = None,
    counts: Counts = dict,
    say: Callable[[str], None],
    since: dt.datetime | None = None,
) -> Judge:
    """`beside` tells where a path of the watch file is; `ledger` hears of changed rules; `counts` is what the receiver counted. Raises EventsError."""
    if ledger is not None:
        owed.bind(alerts, ledger)
    memory = Memory(alerts)
    rules = settings.rules
    found: list[Detector] = [RuleDetector(rules, [beside(folder) for folder in rules.folders], memory, say)]
    if settings.baselines.enabled:
        country = _country(settings.baselines.countries, beside, say)
        found.append(BaselineDetector(settings.baselines, memory, country, uses))
    if settings.silence.enabled:
        found.append(SilenceDetector(settings.silence, settings.quiet_after_s, memory))
    found.append(HealthDetector(counts, memory))
    watched = list(models)
    if watched:
        from garrison.watch.judge.models import ModelDetector

        found.append(ModelDetector(watched, memory))
    return Judge(memory, found, since=since)


def _country(name: str, beside: Callable[[str], Path], say: Callable[[str], None]) -> Callable[[str], str]:
    """The country of an address. A file that cannot be read any more is told of: all else is judged without it."""
    try:
        if name:
            return countries(beside(name))
    except ConfigError as error:
        say(f"warning: countries are left out: {error}")
    return lambda _: ""


def uses(client: Client, since_us: int, until_us: int) -> Iterator[tuple[str, Measure, int, float]]:
    """What hosts used, hour by hour, where samples are kept at all (`history.Uses`). Raises EventsError."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from garrison.watch.store import samples

    try:
        if client.query(_THERE, parameters={"name": samples.TABLE}).result_rows:
            for one in samples.use(client, since_us, until_us):
                yield one.host, Measure(one.resource), one.start_us // HOUR_US, one.value
    except (ClickHouseError, OSError) as error:
        raise EventsError(f"the store does not answer: {error}", hint="see whether it runs") from error
