"""The one writer of a ledger: entries become durable in groups, and go into tiles under a signed checkpoint a little later.

Who appends joins the open group and waits for its turn. The first to have it commits the whole group with one fdatasync, as
soon as the group before is committed; the others of the group pass by one after the other. No thread hands entries to
another: a single appender pays for no switch, and of a hundred only few want Python's lock at a time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from garrison.errors import LedgerError, UnreachedError
from garrison.ledger import durable
from garrison.ledger.checkpoint import Checkpoint, sign_checkpoint
from garrison.ledger.journal import FOLDER, Segment
from garrison.ledger.note import Signer
from garrison.ledger.tiles import CHECKPOINT, WIDTH, Edge, Tile, grow

if TYPE_CHECKING:
    import asyncio

INTERVAL_S = 1.0  # an entry is under a checkpoint after this, at the latest
_PUBLISH_BYTES = 1 << 20  # of entries: when so much waits for a checkpoint, it is written at once
_BACKLOG_BYTES = 32 << 20  # so much waits at the most: from there on, appending is no faster than publishing
_OPEN_FILES = 64  # written first, then synced: the first sync takes the others' metadata along


class _Group:
    """Entries that become durable together."""

    __slots__ = ("done", "error", "first", "framed", "loops", "turn")

    def __init__(self) -> None:
        self.framed: list[bytes] = []
        self.first = 0  # the index of the first of them
        self.turn = threading.Lock()
        self.done = False
        self.error: LedgerError | None = None
        self.loops: dict[asyncio.AbstractEventLoop, asyncio.Future[None]] = {}  # what the tasks of each wait for

    def index(self, position: int) -> int:
        if self.error is not None:
            raise type(self.error)(self.error.message, hint=self.error.hint, path=self.error.path) from self.error
        return self.first + position


class _Backlog:
    """Entries that are durable, from one on that may be in a tile already."""

    __slots__ = ("first", "framed")

    def __init__(self, first: int, framed: list[bytes]) -> None:
        self.first, self.framed = first, framed

    @property
    def end(self) -> int:
        return self.first + len(self.framed)


class Writer:
    """Appends to one ledger. Threads and event loops of the process that made it share it; a forked child must not."""

    def __init__(self, folder: Path, origin: str, signers: Sequence[Signer], edge: Edge, backlog: list[bytes]) -> None:
        """The last signer is the one that counts. The backlog is published here. Raises LedgerError where that fails."""
        self._folder, self.origin, self._edge = folder, origin, edge
        self._signers = tuple(signers)
        self._process = os.getpid()
        self._joining, self._committing, self._publishing = threading.Lock(), threading.Lock(), threading.Lock()
        self._group = _Group()
        self._backlog = _Backlog(edge.size, backlog)
        self._backlog_bytes = 0  # of what nobody is publishing
        self._segment: Segment | None = None
        self._spent: list[Path] = []  # segments that are not written any more
        self._refusal: LedgerError | None = None  # why nothing can be appended
        self.trouble: LedgerError | None = None
        self._behind, self._urgent, self._closing = threading.Event(), threading.Event(), threading.Event()
        self.publish()
        self._publisher = threading.Thread(target=self._publish_regularly, name="ledger", daemon=True)
        self._publisher.start()

    def append(self, framed: Sequence[bytes]) -> int:
        """The index of the first of these entries, all of which are durable now. Raises LedgerError; none of them is, then."""
        if self._backlog_bytes >= _BACKLOG_BYTES:
            self.publish()
        group, position = self._join(framed)
        self._settle(group)
        return group.index(position)

    async def append_async(self, framed: Sequence[bytes]) -> int:
        """`append`, for tasks of an event loop. A task that is cancelled while it waits does not take its entries back."""
        import asyncio

        loop = asyncio.get_running_loop()
        if self._backlog_bytes >= _BACKLOG_BYTES:
            await loop.run_in_executor(None, self.publish)
        group, position = self._join(framed)
        settled = group.loops.get(loop)
        if settled is None:
            settled = group.loops[loop] = loop.run_in_executor(None, self._settle, group)
        await asyncio.shield(settled)
        return group.index(position)

    def publish(self, *, anew: bool = False) -> None:
        """Put every durable entry into tiles and under a checkpoint; `anew` also where there are none. Raises LedgerError.

        That the edge has grown is the one moment at which they are published: an interruption before or after it is no loss.
        """
        with self._publishing:
            taken = self._take()
            if not taken and not anew:
                return
            try:
                self._edge = self._store(taken)
            except LedgerError:
                with self._committing:
                    self._backlog_bytes += sum(map(len, taken))
                self._behind.set()
                raise
            try:
                while self._spent:
                    self._spent[-1].unlink(missing_ok=True)
                    self._spent.pop()
            except OSError as error:
                hint = "see who may write here; what is in it is published, and is not appended twice"
                raise UnreachedError(
                    f"the journal cannot be emptied: {error.strerror}", hint=hint, path=str(error.filename)
                ) from error

    @property
    def signer(self) -> Signer:
        """The key that signs from now on."""
        return self._signers[-1]

    def hand_over(self, signer: Signer) -> None:
        """Sign with another key: the next checkpoint by both, so that who knows either accepts it. Raises LedgerError."""
        self._signers = (self.signer, signer)
        self.publish(anew=True)
        self._signers = (signer,)

    def close(self) -> None:
        """Publish what is durable, and refuse what comes. Raises LedgerError where that fails; the journal keeps it, then."""
        with self._committing:
            self._refusal = LedgerError("the ledger is closed", hint="open it again", path=str(self._folder))
        for event in (self._closing, self._behind, self._urgent):
            event.set()
        self._publisher.join()
        try:
            self.publish()
        finally:
            if self._segment is not None:
                self._segment.close()

    def _join(self, framed: Sequence[bytes]) -> tuple[_Group, int]:
        if os.getpid() != self._process:
            hint = "open it in the process that appends, after the fork"
            raise LedgerError("this ledger was opened by another process", hint=hint, path=str(self._folder))
        with self._joining:
            group = self._group
            position = len(group.framed)
            group.framed += framed
        return group, position

    def _settle(self, group: _Group) -> None:
        with group.turn:
            if not group.done:
                with self._committing:
                    self._commit(group)

    def _commit(self, group: _Group) -> None:
        """Make a group durable. Until that is known, the worst is assumed, so that an interruption changes nothing about it."""
        with self._joining:
            self._group = _Group()
        group.done = True
        if self._refusal is not None:
            group.error = self._refusal
            return
        group.error = self._refusal = self._unknown("appending was interrupted")
        try:
            if self._segment is None:
                self._segment = Segment.create(self._folder / FOLDER, self._backlog.end)
            self._segment.append(self._backlog.end, b"".join(group.framed))
        except OSError as error:
            why = f"the journal cannot be written: {error.strerror}"
            if self._segment is None or self._segment.sound:
                hint = "nothing was appended; make room, or mend the disk, and try again"
                group.error, self._refusal = UnreachedError(why, hint=hint, path=str(self._folder)), None
            else:
                group.error = self._refusal = self._unknown(why)
            return
        group.first = self._backlog.end
        self._backlog.framed += group.framed
        self._backlog_bytes += sum(map(len, group.framed))
        group.error = self._refusal = None
        self._behind.set()
        if self._backlog_bytes >= _PUBLISH_BYTES:
            self._urgent.set()

    def _unknown(self, why: str) -> UnreachedError:
        hint = "whether the last entries are on the disk is not known: close the ledger and open it again, then look"
        return UnreachedError(why, hint=hint, path=str(self._folder))

    def _take(self) -> list[bytes]:
        """What waits for a checkpoint; later entries go to another segment of the journal."""
        with self._committing:
            taken = self._backlog.framed[self._edge.size - self._backlog.first :]
            self._backlog = _Backlog(self._edge.size, taken[:])
            self._backlog_bytes = 0
            segment = self._segment
            if segment is not None and segment.end_byte and segment.sound:
                self._segment = None
                self._spent.append(segment.path)
                segment.close()
            return taken

    def _store(self, taken: list[bytes]) -> Edge:
        edge, files = grow(self._edge, taken) if taken else (self._edge, [])
        signed = sign_checkpoint(Checkpoint(self.origin, edge.size, edge.root), self._signers)
        try:
            for at in range(0, len(files), _OPEN_FILES):
                durable.replace_all(self._folder, [(tile.path, data) for tile, data in files[at : at + _OPEN_FILES]])
            durable.replace(self._folder / CHECKPOINT, signed)
            for tile, _ in files:
                if tile.width == WIDTH:
                    _remove_partial(self._folder, tile)
        except OSError as error:
            hint = "what was appended is in the journal and will be published when there is room again"
            raise UnreachedError(
                f"no checkpoint can be written: {error.strerror}", hint=hint, path=str(error.filename or self._folder)
            ) from error
        return edge

    def _publish_regularly(self) -> None:
        while True:
            self._behind.wait()
            self._urgent.wait(INTERVAL_S)
            if self._closing.is_set():
                return
            self._behind.clear()
            self._urgent.clear()
            try:
                self.publish()
            except LedgerError as error:
                self.trouble = error
                self._closing.wait(INTERVAL_S)
            else:
                self.trouble = None


def _remove_partial(folder: Path, tile: Tile) -> None:
    """Of a tile that is full now the partial ones are not needed any more, says the specification."""
    partial = folder / f"{tile.folder}.p"
    if partial.is_dir():
        for path in partial.iterdir():
            path.unlink()
        partial.rmdir()
