"""`garrison logs quarantine`: lines that are no events, and why."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from click.core import ParameterSource

from garrison.cli.logs._options import say
from garrison.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from garrison.watch.file.read import Loaded
    from garrison.watch.quarantine.reading import Kept

F = TypeVar("F", bound=Callable[..., object])
_watch_option = click.option(
    "--watch", "file", metavar="FILE", type=click.Path(path_type=Path), envvar="GARRISON_WATCH", show_envvar=True,
    default=Path("watch.toml"), show_default=True, help="The watch file.",
)  # fmt: skip
_store_option = click.option(
    "--store", "place", metavar="DIR", envvar="GARRISON_STORE", show_envvar=True,
    help="The state folder of the watch, as other commands of garrison logs take it, instead of the watch file.",
)  # fmt: skip
_form_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to tell it."
)


def _reading(function: F) -> F:
    """Options of a command that reads lines."""
    options = (
        click.option(
            "--key", metavar="FILE", type=click.Path(path_type=Path),
            help="The key of the recipient (age). Default: the one that the watch made in its state folder.",
        ),
        click.option("--input", "name", metavar="NAME", help="Only lines of this input."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@click.group(
    name="quarantine",
    epilog="""\b
Examples:
  garrison logs quarantine list                      how many lines of which input, and why; it takes no key
  garrison logs quarantine list --store state        the same, without the watch file
  garrison logs quarantine show --input syslog --key admin.key
  garrison logs quarantine retry                     after an update, or a change of the sender
\b
Exit codes: 0 done, 2 wrong usage, 3 incomplete: some lines are still no events, or the store takes nothing now.""",
)
def quarantine() -> None:
    """See lines that were received and are no events, and try them again.

    They are encrypted for whoever [quarantine] in the watch file names, and deleted after a few days.
    """


@quarantine.command(name="list")
@_watch_option
@_store_option
@_form_option
def list_(file: Path, place: str | None, form: str) -> None:
    """Tell how many lines there are of which input, since when and why."""
    import msgspec

    from garrison.watch.quarantine.reading import sums

    found = sums(_folder(_state(file, place)))
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    for one in found:
        span = f"{_moment(one.since_us)} to {_moment(one.until_us)}"
        say(f"{one.lines:>9,} lines  {one.bytes:>12,} bytes  {span}  {one.input}  {one.form}  {one.why}")
    if not found:
        say("nothing is in the quarantine")


@quarantine.command()
@_watch_option
@_store_option
@_reading
@click.option("--limit", default=100, show_default=True, type=click.IntRange(0), help="The oldest so many; 0: all.")
@_form_option
def show(  # noqa: PLR0917 - the options of a command
    file: Path, place: str | None, key: Path | None, name: str | None, limit: int, form: str
) -> None:
    """Show lines, with the reasons in full. What would move the cursor is shown as codes."""
    import itertools

    import msgspec

    for kept in itertools.islice(_lines(_state(file, place), key, name), limit or None):
        if form == "json":
            click.echo(msgspec.json.encode(kept))  # the line in Base64, as it may be no text
            continue
        say(f"{kept.at}  {_moment(kept.head.time_us)}  {kept.head.input}  {kept.head.form}  {kept.reason}")
        say(f"    {kept.line.decode(errors='backslashreplace')}")


@quarantine.command()
@_watch_option
@_reading
def retry(file: Path, key: Path | None, name: str | None) -> None:
    """Map lines again, and store what is an event now.

    They are redacted as the watch file says now. They stay in the quarantine until their days are over; to retry them twice stores
    nothing twice. Of lines that are the same to the byte, one is stored. It takes the watch file only, as that says how to redact.
    """
    from garrison.ledger.opening import open_ledger
    from garrison.watch.key import make_key
    from garrison.watch.quarantine.retry import retry as again
    from garrison.watch.redact.redactor import Redactor
    from garrison.watch.retention.vouched import vouch
    from garrison.watch.store.client import connected
    from garrison.watch.store.guard import Role
    from garrison.watch.store.write import ACTOR

    loaded = _loaded(file)
    _folder(loaded.state)
    said = loaded.watch
    hash_key = said.redaction.key_file
    secret = make_key(loaded.beside(hash_key) if hash_key else loaded.state / "redaction.key")
    redactor = Redactor.make(said.redact, secret, credentials=said.redaction.credentials)
    classes = {one.name: one.retention for one in said.input}
    with contextlib.ExitStack() as open_:
        store = open_.enter_context(connected(loaded.store, Role.WRITER))
        ledger = open_.enter_context(open_ledger(loaded.ledger)) if loaded.ledger else None
        if isinstance(loaded.store, Path):
            vouch(loaded.store, ledger, store, ACTOR)
        lines, waiting = _lines(loaded.state, key, name), loaded.state / "retry"
        done = again(lines, redactor, waiting, client=store, ledger=ledger, classes=classes)
    say(f"{done.events:,} events stored" + (f", {done.doubles:,} were there already" if done.doubles else ""))
    if done.strange:
        say(f"{done.strange:,} lines are still no events; the first: {done.because}", error=True)
        sys.exit(ExitCode.INCOMPLETE)


def _loaded(file: Path) -> Loaded:
    from garrison.watch.file.read import read

    return read(file)


def _state(file: Path, place: str | None) -> Path:
    """The state folder: that of the watch file, unless it was named. Raises UsageError where both were."""
    source = click.get_current_context().get_parameter_source
    named = [name for name in ("file", "place") if source(name) is ParameterSource.COMMANDLINE]
    if len(named) > 1:
        raise UsageError("--watch and --store both say where the quarantine is", hint="leave out one of them")
    if place is None or named == ["file"]:
        return _loaded(file).state
    if "://" in place:
        raise UsageError(
            f"{place} has no quarantine: it is where lines are received", hint="name the watch file: --watch"
        )
    return Path(place)


def _folder(state: Path) -> Path:
    """Raises UsageError where the watch has not begun yet."""
    folder = state / "quarantine"
    if not folder.is_dir():
        raise UsageError(
            f"there is no quarantine in {state}", hint="garrison watch run makes it; name its file with --watch"
        )
    return folder


def _lines(state: Path, key: Path | None, name: str | None) -> Iterator[Kept]:
    from garrison.watch.quarantine.quarantine import IDENTITY
    from garrison.watch.quarantine.reading import lines

    found = lines(_folder(state), key or state / IDENTITY)
    return (kept for kept in found if name in (None, kept.head.input))


def _moment(time_us: int) -> str:
    from garrison.events.times import at

    return f"{at(time_us):%Y-%m-%d %H:%M:%S}"
