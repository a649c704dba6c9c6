"""What can go wrong, and what to do about it.

GarrisonError
 ├─ UsageError      the command line asks for something that does not exist (exit 2)
 ├─ ConfigError     a file written for Garrison is wrong: configuration, baseline, check, mapping table (exit 2)
 ├─ UnreadableError a document to be scanned cannot be read; the rest of the scan goes on (exit 3)
 ├─ UnmappedError   a line of a log is not of the format it came as; it is kept, with the reason
 ├─ StoreError      the store of API keys or of usage cannot be used: busy, damaged, open to others, of a newer version (exit 2)
 ├─ EventsError     events cannot be kept or looked for: a spool, the store of events, a filter (exit 2)
 │   └─ BusyError      not now: the spool is full, a disk or the store of events cannot be written; try again (exit 3)
 └─ LedgerError     a ledger, a key of one or a proof from it cannot be used (exit 2)
     ├─ TamperedError  what is there is not what was signed: an entry, a tile, a checkpoint, a signature (exit 1)
     └─ UnreachedError what a ledger depends on cannot be reached or written now: a disk, a key service, a witness (exit 3)

Exit codes: 0 clean, 1 findings, 2 usage, 3 incomplete (of a scan it outranks 1).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import ClassVar


class ExitCode(enum.IntEnum):
    """What a command tells the shell."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3


class GarrisonError(Exception):
    """Something a person can mend: what happened, where, and what to do instead.

    `path` is the file as the user named it; `line` and `column` count from 1, 0 is "the whole file".
    """

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "", path: str = "", line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message, self.hint, self.path, self.line, self.column = message, hint, path, line, column

    @property
    def where(self) -> str:
        """`file:line:column`, as far as it is known."""
        return ":".join([self.path, *(str(n) for n in (self.line, self.column) if n)]) if self.path else ""

    def __str__(self) -> str:
        text = f"{self.where}  {self.message}" if self.path else self.message
        return f"{text}\n  {self.hint}" if self.hint else text


class UsageError(GarrisonError):
    """The command line asks for something that does not exist."""


class ConfigError(GarrisonError):
    """A file written for Garrison is wrong."""


class UnreadableError(GarrisonError):
    """A document to be scanned cannot be read."""


class StoreError(GarrisonError):
    """The store of API keys, or of usage, cannot be used."""


class UnmappedError(GarrisonError):
    """A line of a log is not of the format it came as."""


class EventsError(GarrisonError):
    """Events cannot be kept or looked for."""


class BusyError(EventsError):
    """Events cannot be taken now; whoever sends them keeps them, and tries again."""

    exit_code = ExitCode.INCOMPLETE


class LedgerError(GarrisonError):
    """A ledger, a key of one or a proof from it cannot be used."""


class TamperedError(LedgerError):
    """What is there is not what was signed."""

    exit_code = ExitCode.FINDINGS


class UnreachedError(LedgerError):
    """What a ledger depends on cannot be reached or written now."""

    exit_code = ExitCode.INCOMPLETE


def nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    """A hint for a word that is not known: those that look like it, else `otherwise`."""
    import difflib

    close = difflib.get_close_matches(word, sorted(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else otherwise
