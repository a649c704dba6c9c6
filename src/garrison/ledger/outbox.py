"""Checkpoints on their way to the sinks: each waits on the disk until its sink has taken it, so that a dead one loses none.

outbox/<sink>/<size>-<hash>.checkpoint   one that waits
outbox/<sink>/state.json                 what the sink took last, and why it takes nothing now
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from garrison.errors import ExitCode, LedgerError, UnreachedError
from garrison.ledger import durable
from garrison.ledger.checkpoint import SignedCheckpoint, parse_checkpoint
from garrison.ledger.sinks import Sink

FOLDER = "outbox"
_SUFFIX = ".checkpoint"
_STATE = "state.json"
_BUDGET_S = 60.0  # for one sink in one run; the rest is left for the next


class State(msgspec.Struct, frozen=True):
    """What is remembered of a sink."""

    size: int = 0  # entries of the newest checkpoint that it took
    place: str = ""
    time_s: float = 0
    trouble: str = ""
    tampered: bool = False  # the trouble is that another history stands there


class Lag(msgspec.Struct, frozen=True):
    """How far a sink is behind."""

    sink: str
    waiting: int
    state: State

    @property
    def exit_code(self) -> ExitCode:
        if self.state.tampered:
            return ExitCode.FINDINGS
        return ExitCode.INCOMPLETE if self.waiting else ExitCode.CLEAN


def put(ledger: Path, sinks: Iterable[Sink], signed: SignedCheckpoint) -> None:
    """Let a checkpoint wait for each sink. Raises UnreachedError."""
    data = bytes(signed)
    name = f"{signed.checkpoint.size:012d}-{hashlib.sha256(data).hexdigest()[:8]}{_SUFFIX}"
    for sink in sinks:
        folder = _folder(ledger, sink)
        try:
            durable.make_folder(folder)
        except OSError as error:
            hint = "see who may write here"
            raise UnreachedError(f"cannot be made: {error.strerror}", hint=hint, path=str(folder)) from error
        durable.keep(folder / name, data)


def newest(ledger: Path, sink: Sink) -> int:
    """The size of the newest checkpoint that a sink has taken, or that waits for it."""
    return max([_state(ledger, sink).size, *(int(path.name.partition("-")[0]) for path in _waiting(ledger, sink))])


def deliver(ledger: Path, sink: Sink) -> Lag:
    """Give a sink what waits for it, the oldest first, until it takes no more. Raises UnreachedError."""
    until = time.monotonic() + _BUDGET_S
    state = _state(ledger, sink)
    for path in _waiting(ledger, sink):
        if time.monotonic() > until:
            break
        try:
            signed = parse_checkpoint(durable.read(path) or b"")
            place = sink.publish(signed)
        except LedgerError as error:
            tampered = error.exit_code is ExitCode.FINDINGS
            state = msgspec.structs.replace(state, trouble=error.message, tampered=tampered)
            break
        state = State(signed.checkpoint.size, place, time.time())
        _remember(ledger, sink, state)
        path.unlink()
    _remember(ledger, sink, state)
    return Lag(sink.name, len(_waiting(ledger, sink)), state)


def lag(ledger: Path, sink: Sink) -> Lag:
    """How far a sink is behind, without asking it."""
    return Lag(sink.name, len(_waiting(ledger, sink)), _state(ledger, sink))


def _folder(ledger: Path, sink: Sink) -> Path:
    return ledger / FOLDER / sink.name


def _waiting(ledger: Path, sink: Sink) -> list[Path]:
    return sorted(_folder(ledger, sink).glob(f"[0-9]*-*{_SUFFIX}"))


def _state(ledger: Path, sink: Sink) -> State:
    """A state that is damaged is none: nothing hangs on it but what is told."""
    try:
        return msgspec.json.decode(durable.read(_folder(ledger, sink) / _STATE) or b"{}", type=State)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return State()


def _remember(ledger: Path, sink: Sink, state: State) -> None:
    if state != _state(ledger, sink):
        durable.keep(_folder(ledger, sink) / _STATE, msgspec.json.encode(state))
