"""What the commands of `garrison alerts` share: which alerts, who does it, and how they look."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from garrison.cli._user import actor_option, user

if TYPE_CHECKING:
    from garrison.report.terminal.text import Painter
    from garrison.watch.alerts.findings import Findings
    from garrison.watch.alerts.store import Alerts

F = TypeVar("F", bound=Callable[..., Any])
STYLES: Final = {5: "bright_red bold", 4: "red", 3: "yellow", 2: "blue"}  # by severity
_MEANS: Final = {
    "receive": "the receiver does not run: nothing new is received",
    "judge": "the judge does not run: what is stored is not judged",
    "tell": "what tells of alerts does not run: nobody is told of them",
}
_WIDTH: Final = 100
_MOST_WIDTH: Final = 140
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"))

alerts_option = click.option(
    "--alerts", "path", metavar="FILE", type=click.Path(path_type=Path), envvar="GARRISON_ALERTS", show_envvar=True,
    default=Path("watch/alerts.db"), show_default=True, help="The file of alerts, in the state folder of the watch.",
)  # fmt: skip
findings_option = click.option(
    "--findings", metavar="FILE", type=click.Path(path_type=Path),
    help="A report of garrison scan --format json. Default: the one that the watch file names.",
)  # fmt: skip
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text."
)


def doing(function: F) -> F:
    """Options of a command that changes something: which alerts, who does it, and what is told of it."""
    options = (
        alerts_option,
        actor_option,
        click.option(
            "--ledger", type=click.Path(path_type=Path), envvar="GARRISON_LEDGER", show_envvar=True, metavar="DIR",
            help="The ledger that changes go into. Once named it is known to the file of alerts.",
        ),
        click.option("--sign-with", metavar="LOCATION", help="The key of the ledger, where ledger.toml names none."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@contextlib.contextmanager
def changing(path: Path, ledger: Path | None, sign_with: str | None, actor: str | None) -> Iterator[tuple[Alerts, str]]:
    """The alerts, and who changes them; what is owed to the ledger is told at the end."""
    from garrison.errors import UnreachedError
    from garrison.watch.alerts import owed
    from garrison.watch.alerts.alert import cut
    from garrison.watch.alerts.store import Alerts

    with Alerts.open(path, make=False) as alerts:
        if ledger is not None:
            owed.bind(alerts, ledger)
        yield alerts, cut(actor or user())
        try:
            owed.pay(alerts, location=sign_with)
        except UnreachedError:
            say(
                "it is done; the ledger, which cannot be told now, is told by the next change or by the watch",
                error=True,
            )
            raise


def opened(path: Path) -> Alerts:
    """The alerts, to be read."""
    from garrison.watch.alerts.store import Alerts

    return Alerts.open(path, make=False)


def told_down(path: Path) -> bool:
    """Say what does not run of the watch that keeps these alerts, if one ever did: what it does not see is not listed."""
    from garrison.watch.run.status import processes

    if not (path.parent / "run").is_dir():
        return False
    found = processes(path.parent, _MEANS)
    down = [name for name, process in found.items() if not process.running]
    if len(down) == len(found):
        _warn("the watch does not run: what happens is not noticed")
    else:
        for name in down:
            _warn(_MEANS[name])
    return bool(down)


def _warn(text: str) -> None:
    click.secho(f"warning: {text}", fg="yellow", err=True)


def findings_of(alerts: Alerts, named: Path | None) -> Findings:
    """What a scan found, where that is known. Raises ConfigError for a report that was named and cannot be read."""
    from garrison.errors import ConfigError
    from garrison.watch.alerts.findings import FINDINGS, Findings

    if named is not None:
        found = Findings(named)
        found.look()
        return found
    kept = alerts.kept(FINDINGS)
    found = Findings(Path(kept.decode()) if kept else None)
    try:
        found.look()
    except ConfigError as error:  # what is wrong with a scan hides no alert
        say(str(error), error=True)
    return found


def say(text: str, *, error: bool = False) -> None:
    """A line in which nothing moves the cursor, whatever a log says."""
    from garrison.report.terminal.text import clean

    click.echo(clean(text), err=error)


def painter() -> Painter:
    """Colours, on a terminal that shows them."""
    from garrison.report.terminal.text import Painter

    return Painter(colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb")


def width() -> int:
    """Cells of a line."""
    return min(shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH, _MOST_WIDTH) - 1


def write_json(data: object) -> None:
    """For programs."""
    import msgspec

    from garrison.report import json_text

    sys.stdout.write(msgspec.json.format(json_text(data), indent=2) + "\n")


def moment(time_us: int) -> str:
    """A time, in UTC."""
    from garrison.events.times import at

    return f"{at(time_us):%Y-%m-%d %H:%M:%S}"


def ago(time_us: int, now_us: int) -> str:
    """How long ago, in its largest unit."""
    past = max(0, now_us - time_us) // 1_000_000
    size, unit = next(((size, unit) for size, unit in _UNITS if past >= size), (1, "s"))
    return f"{past // size} {unit} ago"
