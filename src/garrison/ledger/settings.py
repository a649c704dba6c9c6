"""`ledger.toml`, in the folder of a ledger.

[key]
location        = "../audit.key"             # from this folder; or a key of a service: awskms:///alias/ledger
identity        = "~/.config/age/keys.txt"   # for a file sealed with age; or a passphrase:
passphrase-env  = "GARRISON_LEDGER_PASSPHRASE"
passphrase-file = "/run/secrets/ledger"
previous        = "../audit-2025.key"        # signs too, while the ledger is handed over

[[witness]]
vkey  = "witness.example/w1+1a2b3c4d+BAxy..."
url   = "https://witness.example/"           # of C2SP tlog-witness
state = "/var/lib/witness"                   # or a witness on this machine: its state, and its key;
key   = "/etc/witness.key"
record = "../second"                         # and, if it is to be so, a ledger that keeps what it saw as entries

[[sink]]
kind = "object-lock"                         # or git, webhook; see garrison.ledger.sinks
name = "archive"
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec

from garrison.errors import ConfigError, LedgerError
from garrison.ledger import durable, keys
from garrison.ledger.cosignature import CosignatureVerifier
from garrison.ledger.sinks.git import Git
from garrison.ledger.sinks.object_lock import ObjectLock
from garrison.ledger.sinks.webhook import Webhook
from garrison.ledger.web import checked_url

FILE = "ledger.toml"
_SINK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_AT = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")
_HEADER = re.compile(r"\s*\[\[?\s*([\w-]+)")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
_KEY_TABLE = re.compile(r"\s*\[\s*key\s*\]\s*(#.*)?")


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[key]`."""

    location: str
    previous: str | None = None
    identity: str | None = None
    passphrase_env: str = keys.Unlocking().passphrase_env
    passphrase_file: str | None = None


class WitnessAt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One `[[witness]]`."""

    vkey: str
    url: str | None = None
    state: str | None = None
    key: str | None = None
    record: str | None = None
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=60)] = 10

    @property
    def name(self) -> str:
        return self.vkey.partition("+")[0]


AnySink: TypeAlias = ObjectLock | Git | Webhook


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    key: Key | None = None
    witness: tuple[WitnessAt, ...] = ()
    sink: tuple[AnySink, ...] = ()


class _Wrong(msgspec.Struct, frozen=True):
    """What the types do not tell: in which table of its kind, under which key, why, what to do."""

    table: str
    number: int
    key: str
    why: str
    hint: str


def load(folder: Path) -> Settings:
    """The settings of a ledger; the defaults where it has no file of them. Raises ConfigError with line and key, UnreachedError."""
    path = folder / FILE
    data = durable.read(path)
    if data is None:
        return Settings()
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"byte {error.start} is not UTF-8", hint="save it as UTF-8", path=str(path)) from error
    settings = _parsed(text, path)
    for wrong in (*_wrong_witnesses(settings.witness), *_wrong_sinks(settings.sink)):
        line = line_of(text, wrong.table, wrong.number, wrong.key)
        raise ConfigError(f"{wrong.table}.{wrong.key}: {wrong.why}", hint=wrong.hint, path=str(path), line=line)
    return settings


def start(folder: Path, location: str) -> None:
    """Write the settings of a new ledger, where it has none. Raises UnreachedError."""
    if not (folder / FILE).exists():
        durable.keep(folder / FILE, f"[key]\nlocation = {_quoted(location)}\n".encode())


def set_keys(folder: Path, location: str, previous: str | None) -> None:
    """Name other keys under `[key]`; what else stands in the file stays as it is. Raises ConfigError, UnreachedError."""
    path = folder / FILE
    lines = (durable.read(path) or b"").decode().split("\n")
    header = next((n for n, line in enumerate(lines) if _KEY_TABLE.fullmatch(line)), None)
    if header is None:
        header, lines = 0, ["[key]", "", *lines]
    end = next((n for n in range(header + 1, len(lines)) if _HEADER.match(lines[n])), len(lines))
    table = lines[header + 1 : end]
    kept = [line for line in table if not ((key := _KEY.match(line)) and key[1] in {"location", "previous"})]
    said = [f"location = {_quoted(location)}"] + ([f"previous = {_quoted(previous)}"] if previous else [])
    text = "\n".join([*lines[: header + 1], *said, *kept, *lines[end:]])
    found = _parsed(text, path).key
    if found is None or (found.location, found.previous) != (location, previous):
        hint = "set location and previous under [key] by hand"
        raise ConfigError("the keys cannot be written", hint=hint, path=str(path))
    durable.keep(path, text.encode())


def _parsed(text: str, path: Path) -> Settings:
    try:
        return msgspec.convert(tomllib.loads(text), Settings)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = int(found[1]) if (found := re.search(r"line (\d+)", str(error))) else 0
        raise ConfigError(
            f"this is not TOML: {error}", hint="see https://toml.io", path=str(path), line=line
        ) from error
    except msgspec.ValidationError as error:
        raise _explained(str(error), text, path) from error


def _quoted(text: str) -> str:
    """A TOML string: what JSON makes of a text is one."""
    return msgspec.json.encode(text).decode()


def _wrong_witnesses(witnesses: tuple[WitnessAt, ...]) -> Iterator[_Wrong]:
    names = Counter(at.name for at in witnesses)
    for number, at in enumerate(witnesses):
        try:
            CosignatureVerifier.parse(at.vkey)
        except LedgerError as error:
            yield _Wrong("witness", number, "vkey", error.message, error.hint)
        if names[at.name] > 1:
            yield _Wrong("witness", number, "vkey", f"two are called {at.name}", "each has a name of its own")
        if (at.url is None) == (at.state is None) or (at.state is None) != (at.key is None):
            hint = "give url, or state and key"
            yield _Wrong("witness", number, "vkey", "it is at an address or in a folder, one of them", hint)
        if at.url is not None:
            yield from _wrong_url("witness", number, at.url)


def _wrong_sinks(sinks: tuple[AnySink, ...]) -> Iterator[_Wrong]:
    names = Counter(sink.name for sink in sinks)
    for number, sink in enumerate(sinks):
        if not _SINK_NAME.fullmatch(sink.name) or names[sink.name] > 1:
            hint = "letters, digits, - and _, each name once"
            yield _Wrong("sink", number, "name", f"{sink.name!r} is no name, or taken", hint)
        if isinstance(sink, Webhook):
            yield from _wrong_url("sink", number, sink.url)


def _wrong_url(table: str, number: int, url: str) -> Iterator[_Wrong]:
    try:
        checked_url(url)
    except LedgerError as error:
        yield _Wrong(table, number, "url", error.message, error.hint)


def _explained(message: str, text: str, path: Path) -> ConfigError:
    """What msgspec says of a value, with the key as it is written and its line."""
    at = _AT.search(message)
    parts = re.findall(r"[\w-]+", at[1]) if at else []
    words = message.removesuffix(at[0]) if at else message
    if unknown := _UNKNOWN.search(words):
        parts, words = [*parts, unknown[1]], "unknown key"
    elif missing := _MISSING.search(words):
        words = f"{missing[1]} is missing"
    table = parts[0] if parts else ""
    number = int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 0
    key = next((part for part in parts[1:] if not part.isdecimal()), "")
    name = ".".join(part for part in parts if not part.isdecimal())
    hint = "the keys and their values are told in docs/ledger.md"
    return ConfigError(
        f"{name}: {words}" if name else words, hint=hint, path=str(path), line=line_of(text, table, number, key)
    )


def line_of(text: str, table: str, number: int = 0, key: str = "") -> int:
    """Where a key stands, counted from 1: in the table of this number of its kind; 0 where it is not found."""
    seen, inside, first = -1, False, 0
    for line, content in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(content):
            inside = header[1] == table and (seen := seen + 1) == number
            first = line if inside else first
        elif inside and (found := _KEY.match(content)) and found[1] == key:
            return line
    return first
