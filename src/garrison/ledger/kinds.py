"""The kinds of entries, each with a schema: `kinds.toml` beside this module, and `kinds.toml` in the folder of a ledger."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import re
import threading
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from garrison.errors import ConfigError, LedgerError, nearest
from garrison.ledger import entry

FILE = "kinds.toml"
_MAX_BYTES = 1_000_000
_MOST = 1000  # members of a list
_Member: TypeAlias = tuple[str, Any] | tuple[str, Any, Any]
_WORD = re.compile(r"[a-z][a-z0-9_]*(?:[.-][a-z0-9_]+)*")
_FIELD = re.compile(r"(?P<type>[a-z]+)(?P<list>\[\])?(?P<optional>\?)?")
_SHAPE: dict[str, Any] = {"frozen": True, "kw_only": True, "omit_defaults": True, "forbid_unknown_fields": True}
_TYPES: dict[str, Any] = {
    "text": entry.Text,
    "name": entry.Name,
    "digest": entry.Digest,
    "time": entry.Time,
    "integer": entry.Integer,
    "boolean": bool,
    "actor": entry.Actor,
    "personal": entry.Personal,
}


_working_out = threading.Lock()
"""msgspec works a type out where it is first used, and the process crashes where two threads do so at once."""


class Need(enum.StrEnum):
    """A field that every entry may have, and those of some kinds must have."""

    OBJECT = "object"
    DIGEST = "digest"
    PREVIOUS = "previous"
    REASON = "reason"
    APPROVAL = "approval"


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind as it is written."""

    title: str
    actions: tuple[str, ...]
    object: str | tuple[str, ...]
    needs: tuple[Need, ...] = ()
    details: dict[str, str] = {}

    @property
    def objects(self) -> tuple[str, ...]:
        return (self.object,) if isinstance(self.object, str) else self.object


class Kind(msgspec.Struct, frozen=True):
    """A kind, and the type that its entries have."""

    name: str
    title: str
    actions: tuple[str, ...]
    takes: str  # its fields in words
    type: type[msgspec.Struct]

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        """An entry of this kind, as it is hashed. Raises LedgerError, which names the field that does not fit."""
        said = {"kind": self.name, "action": self.actions[0], "time": dt.datetime.now(dt.UTC), **fields}
        try:
            made = msgspec.convert(said, self.type)
        except msgspec.ValidationError as error:
            raise LedgerError(f"this is no entry of kind {self.name}: {error}", hint=self.takes) from error
        return entry.encode(made)


class Kinds:
    """The kinds that one ledger takes. Raises ConfigError where its file of kinds is wrong."""

    def __init__(self, folder: Path | None = None) -> None:
        with _working_out:
            own = {} if folder is None else _read(folder / FILE)
            shipped = _shipped()
        for name in own.keys() & shipped.keys():
            raise ConfigError(
                f"{name} is a kind of Garrison's own", hint="choose another name", path=f"{folder}/{FILE}"
            )
        self._tables = {**shipped, **own}
        self._made: dict[str, Kind] = {}

    def __iter__(self) -> Iterator[Kind]:
        return (self[name] for name in sorted(self._tables))

    def __getitem__(self, name: str) -> Kind:
        """A kind by its name. Raises LedgerError for one that is not registered."""
        made = self._made.get(name)
        if made is None:
            with _working_out:
                made = self._made[name] = self._make(name)
        return made

    def _make(self, name: str) -> Kind:
        table = self._tables.get(name)
        if table is None:
            hint = nearest(name, self._tables, f"add it to {FILE} in the folder of the ledger")
            raise LedgerError(f"{name} is no registered kind of entry", hint=hint)
        made = _type(name, table)
        msgspec.json.Decoder(
            made
        )  # msgspec works a type out when it is first used, and crashes where two threads do so at once
        return Kind(name, table.title, table.actions, _takes(table), made)


@functools.cache
def _shipped() -> dict[str, _Table]:
    return _tables(resources.files(__package__).joinpath(FILE).read_bytes(), FILE)


def _read(path: Path) -> dict[str, _Table]:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", hint="see who may read it", path=str(path)) from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"more than {_MAX_BYTES:,} bytes", hint="shorten it", path=str(path))
    return _tables(data, str(path))


def _tables(data: bytes, path: str) -> dict[str, _Table]:
    """The kinds of a file. Raises ConfigError."""
    hint = "its form is told at the top of Garrison's own kinds.toml"
    try:
        tables = msgspec.convert(tomllib.loads(data.decode()), dict[str, _Table])
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise ConfigError(f"this is no file of kinds: {error}", hint=hint, path=path) from error
    for name, table in tables.items():
        for word in (name, *table.actions, *table.objects, *table.details):
            if not _WORD.fullmatch(word):
                raise ConfigError(f"{name}: {word!r} is no word", hint="small letters, digits, . - _", path=path)
        if not table.actions or not table.objects:
            raise ConfigError(f"{name} has no actions, or no objects", hint=hint, path=path)
        for field, said in table.details.items():
            if _detail(field, said) is None:
                hint = f"{', '.join(_TYPES)}; with [] behind it a list, with ? optional"
                raise ConfigError(f"{name}: {field} is of no known type: {said}", hint=hint, path=path)
    return tables


def _type(name: str, table: _Table) -> type[msgspec.Struct]:
    """The type of the entries of a kind: all that msgspec can check in one go."""
    title = "".join(part.title() for part in re.split(r"[.-]", name))
    thing = msgspec.defstruct(
        f"{title}Object",
        [
            ("type", Literal[table.objects]),
            ("name", entry.Name),
            _member("digest", entry.Digest, Need.DIGEST in table.needs),
        ],
        **_SHAPE,
    )
    details = [member for field, said in table.details.items() if (member := _detail(field, said))]
    made = msgspec.defstruct(f"{title}Details", details, **_SHAPE)
    reason = Annotated[entry.Text, msgspec.Meta(min_length=1)]
    fields = [
        ("kind", Literal[name]),
        ("action", Literal[table.actions]),
        ("actor", entry.Actor),
        ("time", entry.Time),
        _member("object", thing, not {Need.OBJECT, Need.DIGEST}.isdisjoint(table.needs)),
        _member("reason", reason, Need.REASON in table.needs),
        _member("approval", entry.Name, Need.APPROVAL in table.needs),
        _member("previous", entry.Digest, Need.PREVIOUS in table.needs),
        _member("details", made, any(not said.endswith("?") for said in table.details.values())),
    ]
    return msgspec.defstruct(title, fields, **_SHAPE)


def _detail(name: str, said: str) -> _Member | None:
    """A field of a kind's own; None where its type is no known one."""
    match = _FIELD.fullmatch(said)
    if match is None or match["type"] not in _TYPES:
        return None
    made = _TYPES[match["type"]]
    if match["list"]:
        made = Annotated[GenericAlias(list, (made,)), msgspec.Meta(max_length=_MOST)]
    return _member(name, made, not match["optional"])


def _member(name: str, made: Any, needed: bool) -> _Member:
    return (name, made) if needed else (name, made | msgspec.UnsetType, msgspec.UNSET)


def _takes(table: _Table) -> str:
    """What an entry of a kind may say, in words."""
    details = "".join(f"; details.{name}: {said}" for name, said in table.details.items())
    needs = ", ".join(["actor", *table.needs])
    return f"action: {', '.join(table.actions)}; object: {', '.join(table.objects)}{details}; it needs {needs}"
