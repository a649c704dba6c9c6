"""A ledger as its users see it: a folder that one process appends to and any number read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

from garrison.errors import LedgerError, TamperedError, UnreachedError
from garrison.ledger import durable, journal
from garrison.ledger.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from garrison.ledger.durable import read_bounded
from garrison.ledger.entry import Fields
from garrison.ledger.handover import HAND_OVER, hand_over_note
from garrison.ledger.kinds import Kinds
from garrison.ledger.merkle import EMPTY
from garrison.ledger.note import MAX_BYTES, Ed25519Verifier, Signer, Verifier, VerifierKey
from garrison.ledger.proof import Proof
from garrison.ledger.reader import Reader, read_edge
from garrison.ledger.tiles import CHECKPOINT, frame
from garrison.ledger.verify import Fault, verify
from garrison.ledger.writer import Writer

LOCK = "lock"
_BATCH_BYTES = 64 << 20  # it is in memory, and one frame of the journal
_LOOK_AGAIN_S = 0.02  # at a lock that another process has


class Ledger:
    """Opened with a signer it appends; without one it reads, and needs no key. Threads may share it.

    `replay` says what opening found in the journal: entries of a process that ended before it could publish them, and the
    bytes of a torn frame, which nobody was told is durable.
    """

    def __init__(self, path: Path, verifiers: Sequence[Verifier]) -> None:
        self.path = path
        self.kinds = Kinds(path)
        self.replay = journal.Replay([], 0)
        self._verifiers = tuple(verifiers)
        self._writer: Writer | None = None
        self._lock: int | None = None
        self._reader = Reader(path)
        self._seen = read_checkpoint(path, self._verifiers)

    @classmethod
    def create(cls, path: Path, signer: Signer, *, origin: str = "") -> Self:
        """An empty ledger in a folder that has none, opened. Its origin is the name of the key where none is given."""
        text = Checkpoint(origin or signer.name, 0, EMPTY)
        signed = sign_checkpoint(text, [signer])
        try:
            path.mkdir(parents=True, exist_ok=True)
            (path / journal.FOLDER).mkdir(exist_ok=True)
            durable.create(path / CHECKPOINT, signed)
            durable.sync_folder(path.parent)
        except FileExistsError as error:
            raise LedgerError(
                "there is a ledger already", hint="open it, or choose another folder", path=str(path)
            ) from error
        except OSError as error:
            raise UnreachedError(
                f"cannot be written: {error.strerror}", hint="see who may write here", path=str(path)
            ) from error
        return cls.open(path, signer)

    @classmethod
    def open(
        cls,
        path: Path,
        signer: Signer | None = None,
        *,
        also: Sequence[Signer] = (),
        verifiers: Sequence[Verifier] = (),
        wait_s: float = 0,
    ) -> Self:
        """A ledger that is there. Its checkpoint must be signed by the signer, or by one of the verifiers where there are any.

        `also` sign beside the signer, as the old key does for a while after a hand-over, for those who do not know the new one
        yet. `wait_s` is for how long to wait for another process that appends.

        Raises LedgerError where there is none, TamperedError where the checkpoint, the growing side of the tree or the journal
        was changed, and UnreachedError where the files cannot be read or another process appends.
        """
        signers = [] if signer is None else [*also, signer]
        ledger = cls(path, [*(Ed25519Verifier.parse(s.vkey) for s in signers), *verifiers])
        if signers:
            ledger._start(signers, wait_s)
        return ledger

    def append(self, kind: str, **fields: Unpack[Fields]) -> int:
        """The index of a new entry, which is durable now. Raises LedgerError; the entry is not in the ledger, then.

        Only where the error says that the state is unknown may it be there after the ledger is opened again.
        """
        return self._writing().append([frame(self.kinds[kind].encode(fields))])

    async def append_async(self, kind: str, **fields: Unpack[Fields]) -> int:
        """`append`, for tasks of an event loop. A task that is cancelled while it waits does not take its entry back."""
        return await self._writing().append_async([frame(self.kinds[kind].encode(fields))])

    def append_many(self, entries: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
        """The index of the first of several entries, kind and fields of each, that stand side by side: all of them or none.

        Raises LedgerError as `append`, and where they have more than 64 MiB.
        """
        framed = [frame(self.kinds[kind].encode(fields)) for kind, fields in entries]
        if sum(map(len, framed)) > _BATCH_BYTES:
            raise LedgerError(f"{len(framed):,} entries are too much at once", hint="append them in several calls")
        return self._writing().append(framed)

    def hand_over(self, signer: Signer, *, actor: str, reason: str) -> int:
        """Go on under another key, and say so in an entry that the old key signed; its index. Raises LedgerError.

        Where this fails half way, open the ledger with the new signer, and the old key among the verifiers.
        """
        writer = self._writing()
        note = hand_over_note(writer.origin, signer.vkey, writer.signer)
        index = self.append(
            HAND_OVER,
            actor=actor,
            object={"type": "key", "name": f"{signer.name}+{VerifierKey.parse(signer.vkey).key_id.hex()}"},
            reason=reason,
            details={"vkey": signer.vkey, "note": note.decode()},
        )
        self._verifiers = (Ed25519Verifier.parse(signer.vkey), *self._verifiers)
        writer.hand_over(signer)
        return index

    def entry(self, index: int) -> bytes:
        """An entry as it is hashed; `garrison.ledger.entry.parse` reads it. Raises LedgerError where there is none."""
        return next(self.entries(index, index + 1))

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Entries as they are hashed, all of them where no end is given. Raises LedgerError where there are not so many."""
        size = (self.checkpoint() if end is None else self._reach(end)).checkpoint.size
        end = size if end is None else end
        if not 0 <= start <= end:
            raise _absent(start, size, self.path)
        return self._reader.entries(start, end, size)

    def prove(self, index: int, checkpoint: SignedCheckpoint | None = None) -> Proof:
        """That an entry is under a checkpoint; under the last that was looked at, where none is given and it is there.

        Raises LedgerError where there is no such entry.
        """
        last = self._reach(index + 1 if checkpoint is None else checkpoint.checkpoint.size)
        within = checkpoint or last
        size = within.checkpoint.size
        if not 0 <= index < size:
            raise _absent(index, size, self.path)
        return Proof(index, tuple(self._reader.inclusion(index, size, last.checkpoint.size)), bytes(within))

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the ledger of the old size is the beginning of the new one, or of all of it. Raises LedgerError."""
        size = (self.checkpoint() if new is None else self._reach(new)).checkpoint.size
        new = size if new is None else new
        if not 0 < old <= new:
            raise LedgerError(
                f"there is no proof from {old} entries to {new}", hint="the sizes are at least 1, the old first"
            )
        return self._reader.consistency(old, new, size)

    def root(self, size: int) -> bytes:
        """What the root was when the ledger had so many entries. Raises LedgerError."""
        return self._reader.root(size, self._reach(size).checkpoint.size)

    def checkpoint(self) -> SignedCheckpoint:
        """The newest checkpoint; all that has been appended here is under it. Raises LedgerError."""
        if self._writer is not None:
            self._writer.publish()
        self._seen = read_checkpoint(self.path, self._verifiers)
        return self._seen

    def verify(self) -> list[Fault]:
        """Every place that is not as it was signed: none, if all is well. Raises UnreachedError where it cannot be read.

        Whose signature counts is said when the ledger is opened; where nobody was named, that is a fault too.
        """
        return verify(self.path, self._verifiers)

    @property
    def signer(self) -> Signer:
        """The key that signs. Raises LedgerError where the ledger was opened for reading."""
        return self._writing().signer

    @property
    def trouble(self) -> LedgerError | None:
        """Why checkpoints are not written at present; what is appended is durable all the same. None while all is well."""
        return None if self._writer is None else self._writer.trouble

    def close(self) -> None:
        """Put what was appended under a checkpoint, and let another process append. Raises LedgerError where that fails."""
        lock, self._lock = self._lock, None
        if lock is not None and self._writer is not None:
            try:
                self._writer.close()
            finally:
                os.close(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, signers: Sequence[Signer], wait_s: float) -> None:
        lock = _lock(self.path, wait_s)
        try:
            self._writer, self.replay = _open_writer(self.path, signers, self._verifiers)
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock

    def _writing(self) -> Writer:
        if self._writer is None:
            raise LedgerError("the ledger was opened for reading", hint="open it with a signer", path=str(self.path))
        return self._writer

    def _reach(self, size: int) -> SignedCheckpoint:
        """A checkpoint of at least this size. Raises LedgerError where there are not so many entries."""
        seen = self._seen
        if seen.checkpoint.size < size:
            seen = self.checkpoint()
        if not 0 <= size <= seen.checkpoint.size:
            raise _absent(size - 1, seen.checkpoint.size, self.path)
        return seen


def how_to_make(folder: Path) -> str:
    """What to type where there is no ledger."""
    return f"make one: garrison ledger init {shlex.quote(str(folder))} --origin example.com/audit, or another name of your own"


def read_checkpoint(folder: Path, verifiers: Sequence[Verifier]) -> SignedCheckpoint:
    """The checkpoint of a ledger, signed by one of these, or by whoever where there are none to ask. Raises LedgerError."""
    path = folder / CHECKPOINT
    try:
        data = read_bounded(path, MAX_BYTES)
    except FileNotFoundError as error:
        raise LedgerError("there is no ledger here", hint=how_to_make(folder), path=str(folder)) from error
    except OSError as error:
        raise UnreachedError(f"cannot be read: {error.strerror}", hint="see who may read it", path=str(path)) from error
    try:
        return open_checkpoint(data, verifiers) if verifiers else parse_checkpoint(data)
    except TamperedError as error:
        raise TamperedError(error.message, hint=error.hint, path=str(path)) from error


def _open_writer(
    folder: Path, signers: Sequence[Signer], verifiers: Sequence[Verifier]
) -> tuple[Writer, journal.Replay]:
    """Reads the checkpoint, a file for each level of the tree, and the journal, whatever the size of the ledger."""
    signed = read_checkpoint(folder, verifiers).checkpoint
    edge = read_edge(folder, signed.size)
    if edge.root != signed.root:
        hint = "find what was changed: garrison ledger verify"
        raise TamperedError("the tree is not the one that was signed", hint=hint, path=str(folder / "tile"))
    kept = folder / journal.FOLDER
    try:
        kept.mkdir(exist_ok=True)
        found = journal.replay(kept, edge.size)
        stale = [*journal.segments(kept), *folder.glob(f".{CHECKPOINT}.*")]
        writer = Writer(folder, signed.origin, signers, edge, found.framed)
        for path in stale:
            path.unlink()
    except OSError as error:
        raise UnreachedError(
            f"cannot be opened: {error.strerror}", hint="see who may write here", path=str(kept)
        ) from error
    return writer, found


def _lock(folder: Path, wait_s: float) -> int:
    """The descriptor that holds the writer's lock. Raises UnreachedError where another process has it."""
    path = folder / LOCK
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise UnreachedError(
            f"cannot be opened: {error.strerror}", hint="see who may write here", path=str(path)
        ) from error
    until = time.monotonic() + wait_s
    while not _locked(lock):
        if time.monotonic() >= until:
            holder = os.pread(lock, 20, 0).decode(errors="replace").strip()
            os.close(lock)
            hint = "a ledger has one writer at a time; readers need no signer"
            raise UnreachedError(f"process {holder} appends to this ledger", hint=hint, path=str(folder))
        time.sleep(_LOOK_AGAIN_S)
    with contextlib.suppress(OSError):  # whose lock it is helps people only
        os.pwrite(lock, f"{os.getpid():<19}\n".encode(), 0)
    return lock


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _absent(index: int, size: int, folder: Path) -> LedgerError:
    return LedgerError(f"there is no entry {index}", hint=f"the ledger has {size:,}, from 0 on", path=str(folder))
