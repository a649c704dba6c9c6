"""What the commands of `garrison logs` share: which store, and how to write to the terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from garrison.watch.retention.retention import Retention
    from garrison.watch.store.guard import Role

store_option = click.option(
    "--store", "place", metavar="DIR|URL", envvar="GARRISON_STORE", show_envvar=True, default="events", show_default=True,
    help="The folder of the store, or the URL of a ClickHouse cluster.",
)  # fmt: skip


rules_option = click.option(
    "--rules", "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="For a cluster: the folder where it is noted what is in force (garrison logs retention).",
)  # fmt: skip


def noted(place: str, folder: Path | None = None) -> Path:
    """Where it is noted which retention and holds are in force. Raises UsageError for a cluster of which it was not said."""
    from garrison.errors import UsageError

    if folder is None and "://" in place:
        raise UsageError("what is in force in a cluster is noted on this machine", hint="say where: --rules DIR")
    return folder or Path(place) / "store"


def in_force(place: str, folder: Path | None = None) -> Retention:
    """Which retention and holds are in force; of a cluster of which it was not said, those that are shipped."""
    from garrison.watch.retention.retention import Retention, read
    from garrison.watch.store.schema import RETENTION_DAYS

    if folder is None and "://" in place:
        return Retention(dict(RETENTION_DAYS))
    return read(noted(place, folder))


@contextlib.contextmanager
def client(place: str, role: Role, *, make: bool = False) -> Iterator[Client]:
    """The store that was named. Raises UsageError where there is none."""
    from garrison.errors import UsageError
    from garrison.watch.store.client import connected

    if "://" in place:
        with connected(place, role) as found:
            yield found
        return
    folder = Path(place) / "store"
    if not make and not folder.is_dir():
        raise UsageError(
            f"there is no store in {place}", hint="name it with --store, or fill one: garrison logs import"
        )
    with connected(folder, role) as found:
        yield found


def say(text: str, *, error: bool = False) -> None:
    """A line in which nothing moves the cursor, whatever a log says."""
    from garrison.report.terminal.text import clean

    click.echo(clean(text), err=error)
