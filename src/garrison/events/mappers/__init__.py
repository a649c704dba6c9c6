"""Lines of the world's logs as events: a module per format, found by its name.

A module says `NAME`, `LABEL` and `event(line) -> Event`; one whose files hold many records in one document says `records` too, with
`DOCUMENT`, which matches how a document begins, where they may as well be lines; and one whose columns hold fields of its lines whole says
which, as `KEPT_IN`: a text that stands in the field stands in the column. One whose lines carry what another program wrote, in some of them
under a name and in others bare, says the name as `CARRIES`; one whose lines have no JSON anywhere says `NO_JSON`. One whose
lines write some texts in a code of their own says `CODED`, whose first group is the code, with `decoded` and `encoded`.
A line that is not of its format raises ValueError, or what msgspec raises; `mapped` says it as UnmappedError, so that the
caller keeps the line, with the reason.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Protocol, cast

import msgspec

from garrison.errors import UnmappedError, UsageError, nearest
from garrison.events.event import Event, digest_of


class Coded(Protocol):
    """A format whose lines write some texts in a code of their own."""

    CODED: re.Pattern[bytes]

    def decoded(self, code: bytes) -> bytes:
        """The text of a code. Raises ValueError for what is none."""
        ...

    def encoded(self, text: bytes) -> bytes:
        """A text in the code."""
        ...


class Mapper(Protocol):
    """One format of logs."""

    NAME: str  # `aws-cloudtrail`
    LABEL: str  # AWS CloudTrail

    def event(self, line: bytes) -> Event:
        """What a line tells. Raises ValueError or MsgspecError for one that is not of the format."""
        ...


@cache
def names() -> tuple[str, ...]:
    """The formats there are."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


@cache
def mapper(name: str) -> Mapper:
    """The format of a name. Raises UsageError."""
    if name not in names():
        raise UsageError(
            f"there is no log format {name}", hint=nearest(name, names(), "formats: " + ", ".join(names()))
        )
    return cast("Mapper", import_module(f"{__name__}.{name.replace('-', '_')}"))


def mapped(form: Mapper, line: bytes, *place: object) -> Event:
    """What a line tells; UnmappedError, with the reason, for one that is not of the format.

    Where the sender gave it no name, the line and its `place` (a file and the offset in it) are its name.
    """
    try:
        found = form.event(line)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnmappedError(f"this is no line of {form.LABEL}: {error}") from error
    found.uid = found.uid or digest_of(line, *place)
    return found


def records(form: Mapper, data: bytes) -> Iterable[bytes]:
    """The records of a file: those that the format finds in it, else its lines."""
    split, document = getattr(form, "records", None), getattr(form, "DOCUMENT", None)
    if split is None or (document is not None and not document.match(data)):
        return (line for line in data.splitlines() if line.strip())
    try:
        return cast("Iterable[bytes]", split(data))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnmappedError(f"this is no file of {form.LABEL}: {error}") from error
