"""A store that is asked: the node of this machine, which is begun where none runs, or a cluster by its URL."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from garrison.errors import BusyError, EventsError
from garrison.ledger import durable
from garrison.watch.store.guard import Role
from garrison.watch.store.node import BUSY, RETENTION, UNUSABLE, Endpoint, endpoint
from garrison.watch.store.schema import once

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_PATIENCE_S = 30
_EXTRA = "install the extra: garrison[watch]"


class Node:
    """The store of a folder, as a process of ours. `stop` ends it; so does the end of this process."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder, self._process = folder, process

    @property
    def lives(self) -> bool:
        """Whether it runs now."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def stop(self) -> None:
        """End it; what it has acknowledged is on the disk."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(timeout=_PATIENCE_S)


def command(folder: Path) -> list[str]:
    """How the store of a folder, which is made here, is begun as a process. Raises BusyError."""
    try:
        durable.make_folder(folder)
        folder.chmod(0o700)
    except OSError as error:
        hint = "see who may write here"
        raise BusyError(f"the store cannot begin: {error.strerror}", hint=hint, path=str(folder)) from error
    return [sys.executable, "-m", "garrison.watch.store.node", str(folder.resolve())]


def start(folder: Path) -> Node:
    """Begin the store of a folder. Raises BusyError where another process has it, EventsError where it cannot begin."""
    process = subprocess.Popen(command(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")  # noqa: S603
    said = process.stdout.readline().strip() if process.stdout is not None else b""
    if said.isdigit():
        return Node(folder, process)
    process.communicate()
    if process.returncode == BUSY:
        raise BusyError("another process has this store", hint="wait until it ends", path=str(folder))
    if process.returncode == UNUSABLE:
        hint = "above is why; put the folder back from a copy"
        raise EventsError("the store is not as it was made", hint=hint, path=str(folder))
    raise EventsError(f"the store ended as it began ({process.returncode})", hint=_EXTRA, path=str(folder))


@contextlib.contextmanager
def connected(place: Path | str, role: Role) -> Iterator[Client]:
    """A client of a folder's store, or of the cluster at a URL, as one of the roles.

    Each role has a user of a cluster: GARRISON_STORE_READER_USER and GARRISON_STORE_READER_PASSWORD, and likewise WRITER and ADMIN. Raises
    EventsError.
    """
    import importlib.util

    if importlib.util.find_spec("clickhouse_connect") is None:
        raise EventsError("the store of events is not installed", hint=_EXTRA)
    if isinstance(place, str):
        with contextlib.closing(_cluster(place, role)) as client:
            yield client
        return
    found = _running(place, role)
    if found is not None:
        with contextlib.closing(found):
            yield found
        return
    node = start(place)
    try:
        with contextlib.closing(running(place, role)) as begun:
            yield begun
    finally:
        node.stop()


def running(place: Path | str, role: Role) -> Client:
    """A client of a store that runs already; whoever asks for it closes it. Raises BusyError where none answers."""
    found = _cluster(place, role) if isinstance(place, str) else _running(place, role)
    if found is None:
        raise BusyError("the store does not run", hint="it is begun by: garrison watch run", path=str(place))
    return found


def retain(folder: Path, change: bytes) -> None:
    """Have the node of a folder put a change of retention in force. Raises BusyError, and EventsError where it refuses."""
    from http.client import HTTPConnection, HTTPException

    data = durable.read(endpoint(folder, Role.ADMIN))
    if data is None:
        raise BusyError("the store does not run", hint="it is begun by: garrison watch run", path=str(folder))
    try:
        at = msgspec.json.decode(data, type=Endpoint)
        asked = HTTPConnection("127.0.0.1", at.port, timeout=_PATIENCE_S)
        with contextlib.closing(asked):
            asked.request("POST", RETENTION, change, {"X-ClickHouse-User": Role.ADMIN, "X-ClickHouse-Key": at.token})
            answer = asked.getresponse()
            said = answer.read().decode("utf8", "replace")
    except (OSError, HTTPException, msgspec.DecodeError) as error:
        raise BusyError(f"the store does not answer: {error}", hint="do it again", path=str(folder)) from error
    if answer.status != HTTPStatus.OK:
        raise EventsError(
            f"nothing has been changed: {said}", hint="use the garrison that the store runs with", path=str(folder)
        )


def _running(folder: Path, role: Role) -> Client | None:
    """The client of a node that somebody else runs here; None where none does."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    data = durable.read(endpoint(folder, role))
    if data is None:
        return None
    try:
        return _client(msgspec.json.decode(data, type=Endpoint), role)
    except (ClickHouseError, msgspec.DecodeError):  # of a node that was killed: the lock says whether one runs
        return None


def _client(at: Endpoint, role: Role) -> Client:
    made = _get(host="127.0.0.1", port=at.port, username=role.value, password=at.token)
    for name in once(""):  # settings stay where one reads, but with an insertion these are taken
        made.server_settings.pop(name, None)
    return made


def _cluster(url: str, role: Role) -> Client:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    if urlsplit(url).username is not None:
        hint = "leave it out: each role has its own, in variables such as GARRISON_STORE_READER_USER"
        raise EventsError("the URL of the store names a user, who would be everybody", hint=hint)
    name = f"GARRISON_STORE_{role.name}"
    user, password = os.environ.get(f"{name}_USER"), os.environ.get(f"{name}_PASSWORD", "")
    if not user:
        raise EventsError(f"no user of the store is named for a {role}", hint=f"set {name}_USER and {name}_PASSWORD")
    try:
        return _get(dsn=url, username=user, password=password)
    except ClickHouseError as error:
        raise BusyError(f"the store does not answer: {error}", hint="see its URL and whether it runs") from error


def _get(**where: Any) -> Client:
    import clickhouse_connect

    return clickhouse_connect.get_client(
        compress=False, autogenerate_session_id=False, autogenerate_query_id=False, **where
    )
