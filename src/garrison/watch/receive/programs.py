"""Which format a message of syslog is of, by who sends it: one listener may carry the lines of many programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from garrison.errors import ConfigError, UsageError
from garrison.events.event import Event
from garrison.events.mappers import Mapper, mapper, syslog
from garrison.watch.receive.grouping import Piece
from garrison.watch.receive.input import Line, Source

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
"""RFC 5424, table 1, by the names that syslog daemons call them."""

_COOKIE = "@cee:"  # before JSON, as rsyslog's templates write it


class By(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[input.by]]`: messages of which all of this is so are of this format."""

    log: str
    program: str = ""
    facility: str = ""
    text: Annotated[str, msgspec.Meta(description="Stands in the message.")] = ""


class Programs:
    """What an input says of its formats."""

    def __init__(self, name: str, log: str, by: Sequence[By]) -> None:
        """Raises ConfigError."""
        self._name, self._by = name, by
        self._forms = {form: _form(name, form) for form in {log, *(one.log for one in by)}}
        self._log = log
        for one in by:
            if not (one.program or one.facility or one.text):
                hint = "name a program, a facility or a text"
                raise ConfigError(f"input {name}: by {one.log} says nothing of its messages", hint=hint)
            if one.facility and one.facility not in FACILITIES:
                hint = "facilities: " + ", ".join(FACILITIES)
                raise ConfigError(f"input {name}: there is no facility {one.facility}", hint=hint)

    def sorted(self, pieces: Sequence[Piece], place: object) -> list[tuple[Source, list[Line]]]:
        """Messages by the format that each is of, and by its host where the format has none."""
        found: dict[tuple[str, str], list[Line]] = {}
        for piece in pieces:
            log, host, data = self._told(piece)
            found.setdefault((log, host), []).append(Line(data, (place, piece.at), piece.wrong))
        return [(Source(self._name, self._mapper(log, host)), lines) for (log, host), lines in found.items()]

    def _told(self, piece: Piece) -> tuple[str, str, bytes]:
        if piece.wrong or (not self._by and self._log == "syslog"):
            return self._log, "", piece.data
        said = syslog.envelope(piece.data)
        if said is None:
            return self._log, "", piece.data
        for one in self._by:
            if (
                (not one.program or one.program == said.program)
                and (not one.facility or one.facility == FACILITIES[said.facility])
                and one.text in said.text
            ):
                log = one.log
                break
        else:
            log = self._log
        if log == "syslog" or getattr(self._forms[log], "ENVELOPED", False):
            return log, "", piece.data
        return log, said.host, said.text.strip().removeprefix(_COOKIE).lstrip().encode()

    def _mapper(self, log: str, host: str) -> Mapper:
        form = self._forms[log]
        return _From(form, host, form.NAME, form.LABEL) if host else form


class _From(msgspec.Struct):
    """A format whose lines do not say of which host they are."""

    form: Mapper
    host: str
    NAME: str
    LABEL: str

    def event(self, line: bytes) -> Event:
        """See `Mapper`."""
        event = self.form.event(line)
        event.host = event.host or self.host
        return event


def _form(name: str, log: str) -> Mapper:
    try:
        return mapper(log)
    except UsageError as error:
        raise ConfigError(f"input {name}: {error.message}", hint=error.hint) from error
