"""A store that is asked: the node of this machine, which is begun where none runs, or a cluster by its URL."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from garrison.errors import BusyError, EventsError
from garrison.ledger import durable
from garrison.watch.store import schema
from garrison.watch.store.guard import Role
from garrison.watch.store.node import BUSY, Said

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_PATIENCE_S = 30
_EXTRA = "install the extra: garrison[watch]"


class Endpoint(msgspec.Struct, frozen=True):
    """Where a node answers, and as whom: a file for each role, so that readers can be given theirs alone."""

    port: int
    token: str


class Node:
    """The store of a folder, as a process of ours. `stop` ends it; so does the end of this process."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], endpoints: dict[Role, Endpoint]) -> None:
        self.folder, self.endpoints, self._process = folder, endpoints, process

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
        for role in Role:
            _endpoint(self.folder, role).unlink(missing_ok=True)
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(timeout=_PATIENCE_S)


def start(folder: Path) -> Node:
    """Begin the store of a folder. Raises BusyError where another process has it, EventsError where it cannot begin."""
    try:
        durable.make_folder(folder)
        folder.chmod(0o700)
        process = subprocess.Popen(
            [sys.executable, "-m", "garrison.watch.store.node"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/"
        )
    except OSError as error:
        raise BusyError(
            f"the store cannot begin: {error.strerror}", hint="see who may write here", path=str(folder)
        ) from error
    tokens = {role: secrets.token_urlsafe(32) for role in Role}
    if process.stdin is None or process.stdout is None:
        raise EventsError("the store has no pipe", path=str(folder))
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(msgspec.json.encode(Said(str(folder.resolve()), tokens)) + b"\n")
        process.stdin.flush()
    said = process.stdout.readline().strip()
    if not said.isdigit():
        process.communicate()
        if process.returncode == BUSY:
            raise BusyError("another process has this store", hint="wait until it ends", path=str(folder))
        raise EventsError(f"the store ended as it began ({process.returncode})", hint=_EXTRA, path=str(folder))
    node = Node(folder, process, {role: Endpoint(int(said), token) for role, token in tokens.items()})
    try:
        with contextlib.closing(_client(node.endpoints[Role.ADMIN], Role.ADMIN)) as admin:
            for statement in schema.embedded():
                admin.command(statement)
        for role, endpoint in node.endpoints.items():
            durable.replace(_endpoint(folder, role), msgspec.json.encode(endpoint), mode=0o600)
    except BaseException:
        node.stop()
        raise
    return node


@contextlib.contextmanager
def connected(place: Path | str, role: Role) -> Iterator[Client]:
    """A client of a folder's store, or of the cluster at a URL, as one of the roles.

    The user and password of a cluster stand in its URL, or in GARRISON_STORE_USER and GARRISON_STORE_PASSWORD. Raises EventsError.
    """
    import importlib.util

    if importlib.util.find_spec("clickhouse_connect") is None:
        raise EventsError("the store of events is not installed", hint=_EXTRA)
    if isinstance(place, str):
        with contextlib.closing(_cluster(place)) as client:
            yield client
        return
    running = _running(place, role)
    if running is not None:
        with contextlib.closing(running):
            yield running
        return
    node = start(place)
    try:
        with contextlib.closing(_client(node.endpoints[role], role)) as client:
            yield client
    finally:
        node.stop()


def _running(folder: Path, role: Role) -> Client | None:
    """The client of a node that somebody else runs here; None where none does."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    data = durable.read(_endpoint(folder, role))
    if data is None:
        return None
    try:
        return _client(msgspec.json.decode(data, type=Endpoint), role)
    except (ClickHouseError, msgspec.DecodeError):  # of a node that was killed: the lock says whether one runs
        return None


def _client(endpoint: Endpoint, role: Role) -> Client:
    return _get(host="127.0.0.1", port=endpoint.port, username=role.value, password=endpoint.token)


def _cluster(url: str) -> Client:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    user, password = os.environ.get("GARRISON_STORE_USER"), os.environ.get("GARRISON_STORE_PASSWORD")
    given = {k: v for k, v in (("username", user), ("password", password)) if v}
    try:
        return _get(dsn=url, **given)
    except ClickHouseError as error:
        raise BusyError(f"the store does not answer: {error}", hint="see its URL and whether it runs") from error


def _get(**where: Any) -> Client:
    import clickhouse_connect

    return clickhouse_connect.get_client(
        compress=False, autogenerate_session_id=False, autogenerate_query_id=False, **where
    )


def _endpoint(folder: Path, role: Role) -> Path:
    return folder / f"{role}.json"
