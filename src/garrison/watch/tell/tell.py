"""A thread for each route and each response, so that none waits for another; and one that sees to silences, the ledger and old deliveries."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from garrison.errors import BusyError, ConfigError, GarrisonError, LedgerError
from garrison.forms.places import Steps
from garrison.watch.alerts import owed
from garrison.watch.alerts.findings import FINDINGS, Findings
from garrison.watch.alerts.signal import Signal
from garrison.watch.alerts.store import Alerts, now_us
from garrison.watch.responses import queue
from garrison.watch.responses.response import Case, Response, needs, responses
from garrison.watch.routes import outbox
from garrison.watch.routes.message import Message
from garrison.watch.routes.route import Route, routes
from garrison.watch.sending.secret import Beside

_LOOK_S: Final = 0.25
_HOUSE_S: Final = 1.0
_FORGET_S: Final = 3600.0
_LEDGER_S: Final = 2.0  # how long another writer of the ledger is waited for

_log = logging.getLogger(__name__)


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """What the watch file says of it."""

    routes: tuple[Route, ...] = ()
    responses: tuple[Response, ...] = ()
    findings: str = ""  # a report of garrison scan --format json


def tell(
    settings: Telling,
    alerts: Path,
    ledger: Path | None,
    stop: threading.Event,
    *,
    beside: Beside,
    noticed: Callable[[int], list[Signal]] = lambda _: [],
) -> None:
    """Until `stop` is set; `noticed` says at a time what is to be an alert of the watch's own. Raises ConfigError for settings that cannot hold, EventsError where the file of alerts cannot be used."""
    hold(settings)
    for fault in faults(settings, beside):
        _log.warning("%s", fault)
    report = beside(settings.findings) if settings.findings else None
    with Alerts.open(alerts) as opened:
        opened.record([], {FINDINGS: str(report.resolve()).encode() if report else None})
        if ledger is not None:
            owed.bind(opened, ledger)
        outbox.drop(opened, [route.name for route in settings.routes])
        queue.drop(opened, [response.name for response in settings.responses], now_us())
        failed: list[BaseException] = []
        work = [(f"route {route.name}", _telling(route, Findings(report), beside)) for route in settings.routes]
        work += [(f"response {response.name}", _responding(response, beside)) for response in settings.responses]
        threads = [threading.Thread(target=_work, args=(alerts, step, stop, failed), name=name) for name, step in work]
        for thread in threads:
            thread.start()
        try:
            _keep_house(opened, stop, noticed)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    if failed:
        raise failed[0]


def faults(settings: Telling, beside: Beside) -> list[str]:
    """What keeps routes from telling anybody, and responses from doing anything. The others go on."""
    return [f"{message}; {hint}" for _, message, hint in faulty(settings, beside)]


def faulty(settings: Telling, beside: Beside) -> Iterator[tuple[Steps, str, str]]:
    """The same, each with the keys of the watch file that it is about, and what to do."""
    for number, route in enumerate(settings.routes):
        try:
            routes()[type(route)].hold(route, beside)
        except ConfigError as error:
            yield ("route", number), f"route {route.name} tells nobody: {error.message}", error.hint
    for number, response in enumerate(settings.responses):
        try:
            responses()[type(response)].hold(response, beside)
        except ConfigError as error:
            yield ("response", number), f"response {response.name} does nothing: {error.message}", error.hint
    if settings.findings:
        try:
            needs(settings.findings, beside, "write it with garrison scan --format json -o FILE")
            Findings(beside(settings.findings)).look()
        except ConfigError as error:
            yield ("watch", "findings"), f"no findings are told beside alerts: {error.message}", error.hint


def hold(settings: Telling) -> None:
    """Raises ConfigError for two of one name: they would share a position."""
    for word, names in (
        ("route", [r.name for r in settings.routes]),
        ("response", [r.name for r in settings.responses]),
    ):
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"two {word}s are called {name}", hint="give each a name of its own")


def _telling(route: Route, findings: Findings, beside: Beside) -> Callable[[Alerts], bool]:
    kind = routes()[type(route)]

    def send(message: Message) -> None:
        kind.send(route, message, beside)

    def step(alerts: Alerts) -> bool:
        made = outbox.plan(alerts, route, findings, now_us())
        return outbox.deliver(alerts, route, send, now_us) or bool(made)

    return step


def _responding(response: Response, beside: Beside) -> Callable[[Alerts], bool]:
    kind = responses()[type(response)]

    def step(alerts: Alerts) -> bool:
        queue.plan(alerts, response, now_us())
        return queue.perform(
            alerts, response, lambda request, alert: kind.respond(response, Case(request, alert, beside)), now_us
        )

    return step


def _work(path: Path, step: Callable[[Alerts], bool], stop: threading.Event, failed: list[BaseException]) -> None:
    """Steps, one after the other, until the end; what fails otherwise than now and then ends the process, which is started again."""
    try:
        with Alerts.open(path) as alerts:
            while not stop.is_set():
                try:
                    more = step(alerts)
                except BusyError as error:
                    _log.warning("%s", error)
                    more = False
                if not more:
                    stop.wait(_LOOK_S)
    except BaseException as error:  # noqa: BLE001 - raised by who waits for the threads
        failed.append(error)
        stop.set()


def _keep_house(alerts: Alerts, stop: threading.Event, noticed: Callable[[int], list[Signal]]) -> None:
    since_s, said, unsaid = _FORGET_S, "", list[Signal]()
    while not stop.is_set():
        unsaid += noticed(now_us())
        try:
            if unsaid:
                alerts.record(unsaid, {})
                unsaid.clear()
            if alerts.ended_silences(now_us()):
                with alerts.database.change():
                    alerts.hush(now_us())
            queue.expire(alerts, now_us())
            if since_s >= _FORGET_S:
                outbox.forget(alerts, now_us())
                since_s = 0.0
            owed.pay(alerts, wait_s=_LEDGER_S)
            said = ""
        except (BusyError, LedgerError) as error:
            said = _told_once(error, said)
        stop.wait(_HOUSE_S)
        since_s += _HOUSE_S


def _told_once(error: GarrisonError, said: str) -> str:
    if error.message != said:
        _log.warning("%s", error)
    return error.message
