"""What the receiver writes: durable when it returns, and not to be read by whoever wrote it.

The key of a segment is sealed for the recipient when the segment begins, and then known to this process only, as long as it writes to it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from garrison.errors import BusyError, ConfigError
from garrison.ledger import durable
from garrison.watch.quarantine.segment import KEY_BYTES, Body, Head, begin, seal
from garrison.watch.quarantine.settings import Settings

IDENTITY: Final = "quarantine.key"  # in the state folder, where no recipient is named
ENDING: Final = ".lines"
_SEGMENT_BYTES: Final = 64 << 20
_SEGMENT_S: Final = 3_600
_DAY_S: Final = 86_400
_WHY: Final = 120
_HINT: Final = "look at it: garrison logs quarantine; make room, or raise [quarantine] size-mb"


class Quarantine:
    """Threads put lines into it. `deleted` counts segments whose time was over."""

    def __init__(self, folder: Path, recipient: str, settings: Settings) -> None:
        self.folder, self.deleted = folder, 0
        self._recipient, self._settings, self._guard = recipient, settings, threading.Lock()
        self._descriptor, self._key, self._number = -1, b"", 0
        self._began_s = self._size = 0
        self._others = sum(path.stat().st_size for path in segments(folder))

    @classmethod
    def open(cls, folder: Path, settings: Settings) -> Self:
        """A quarantine in a folder of its own. Raises ConfigError for a recipient that is none, BusyError."""
        try:
            durable.make_folder(folder)
            folder.chmod(0o700)
            recipient = settings.recipient or _own_recipient(folder.parent / IDENTITY)
        except OSError as error:
            raise BusyError(f"the quarantine cannot be made: {error.strerror}", hint=_HINT, path=str(folder)) from error
        _sealed(recipient, b"")
        return cls(folder, recipient, settings)

    def put(self, input: str, form: str, line: bytes, reason: str) -> None:  # noqa: A002 - the field's word
        """Keep a line. Raises BusyError: it is not kept, so do not acknowledge it."""
        self.put_all(input, form, [(line, reason)])

    def put_all(self, input: str, form: str, lines: Sequence[tuple[bytes, str]]) -> None:  # noqa: A002
        """Keep lines with their reasons, durably when this returns. Raises BusyError: none of them is acknowledged then."""
        now = time.time()
        with self._guard:
            try:
                self._turn(now)
                sealed = b"".join(
                    seal(
                        self._key,
                        self._number + n,
                        Head(int(now * 1e6), input, form, _why(why), len(line)),
                        Body(line, why),
                    )
                    for n, (line, why) in enumerate(lines)
                )
                if self._others + self._size + len(sealed) > self._settings.size_mb << 20:
                    raise BusyError("the quarantine is full", hint=_HINT, path=str(self.folder))
                durable.write_at(self._descriptor, self._size, sealed)
                os.fdatasync(self._descriptor)
            except OSError as error:
                self._end()  # what is on the disk of it is not known
                raise BusyError(
                    f"the quarantine cannot be written: {error.strerror}", hint=_HINT, path=str(self.folder)
                ) from error
            self._size += len(sealed)
            self._number += len(lines)

    def sweep(self) -> int:
        """Delete what is older than its days; how many segments."""
        until = time.time() - self._settings.days * _DAY_S
        with self._guard:
            found = [path for path in segments(self.folder) if path.stat().st_mtime < until]
            if found:
                self._end()  # it may be the one that is written to
            for path in found:
                self._others -= path.stat().st_size
                path.unlink()
            self._others = max(self._others, 0)
            self.deleted += len(found)
        return len(found)

    def close(self) -> None:
        """Forget the key."""
        with self._guard:
            self._end()

    def _turn(self, now: float) -> None:
        """Begin a segment where there is none, or it is long or old."""
        if self._descriptor >= 0 and self._size < _SEGMENT_BYTES and 0 <= now - self._began_s < _SEGMENT_S:
            return
        self._end()
        key = secrets.token_bytes(KEY_BYTES)
        head = begin(_sealed(self._recipient, key))
        path = self.folder / f"{int(now * 1e6):018}-{secrets.token_hex(4)}{ENDING}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            durable.write_at(descriptor, 0, head)
            durable.sync_folder(self.folder)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        self._descriptor, self._key, self._number = descriptor, key, 0
        self._began_s, self._size = int(now), len(head)

    def _end(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._others += self._size
        self._descriptor, self._key, self._size = -1, b"", 0


def segments(folder: Path) -> list[Path]:
    """The files of a quarantine, the oldest first."""
    return sorted(folder.glob(f"*{ENDING}"))


def _why(reason: str) -> str:
    """What may be told to anybody: not what follows a colon, which may quote the line."""
    return reason.partition(":")[0][:_WHY]


def _sealed(recipient: str, data: bytes) -> bytes:
    import pyrage

    try:
        return bytes(pyrage.encrypt(data, [pyrage.x25519.Recipient.from_str(recipient)]))
    except pyrage.RecipientError as error:
        raise ConfigError(f"{recipient} is no recipient: {error}", hint="write age1..., or leave it out") from error


def _own_recipient(path: Path) -> str:
    """The recipient of the identity in a file, which is made where there is none. Raises ConfigError, OSError."""
    import pyrage

    with contextlib.suppress(FileExistsError):
        durable.create(path, f"{pyrage.x25519.Identity.generate()}\n".encode(), mode=0o600)
    return str(identity(path).to_public())


def identity(path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN201 - pyrage has no types
    """The identity in a file, as age-keygen writes it. Raises ConfigError."""
    import pyrage

    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the key cannot be read: {error}", path=str(path), hint="name the file with AGE-SECRET-KEY-1..."
        ) from error
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        return pyrage.x25519.Identity.from_str(lines[0] if lines else "")
    except pyrage.IdentityError as error:
        raise ConfigError(
            f"this is no key of age: {error}", path=str(path), hint="name the file with AGE-SECRET-KEY-1..."
        ) from error
