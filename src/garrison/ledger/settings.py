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
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec

from garrison.errors import ConfigError, LedgerError
from garrison.ledger import durable, keys
from garrison.ledger.checkpoint import SignedCheckpoint
from garrison.ledger.cosignature import CosignatureVerifier, Cosigner
from garrison.ledger.log import Ledger, read_checkpoint
from garrison.ledger.note import Ed25519Verifier, Signer
from garrison.ledger.sinks.git import Git
from garrison.ledger.sinks.object_lock import ObjectLock
from garrison.ledger.sinks.webhook import Webhook
from garrison.ledger.web import checked_url
from garrison.ledger.witness import Witness
from garrison.ledger.witness_client import Asked, HttpWitness, LocalWitness

FILE = "ledger.toml"
_MAX_BYTES = 1_000_000
_SINK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_AT = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")
_HEADER = re.compile(r"\s*\[\[?\s*([\w-]+)")
_KEY = re.compile(r"\s*([\w-]+)\s*=")


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


AnySink: TypeAlias = ObjectLock | Git | Webhook


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file, and the folder it stands in."""

    key: Key | None = None
    witness: tuple[WitnessAt, ...] = ()
    sink: tuple[AnySink, ...] = ()


class Loaded(msgspec.Struct, frozen=True):
    """Settings, and the folder of the ledger that they are of."""

    settings: Settings
    folder: Path

    def beside(self, path: str) -> Path:
        """A path as the file means it: from its own folder, `~` the user's."""
        return self.folder / Path(path).expanduser()

    def signers(self, name: str, location: str | None = None) -> list[Signer]:
        """The key of the ledger, and the previous one while it is handed over; `location` takes the place of the first.

        Raises LedgerError, and UnreachedError for a key service that is not there.
        """
        key = self.settings.key
        first = location or (self._location(key.location) if key else None)
        if first is None:
            raise LedgerError(
                "no key is named", hint=f"give --sign-with, or location under [key] in {FILE}", path=str(self.folder)
            )
        more = [self._location(key.previous)] if key and key.previous and not location else []
        return [keys.load(at, name, self.unlocking()) for at in (first, *more)]

    def unlocking(self) -> keys.Unlocking:
        key = self.settings.key
        if key is None:
            return keys.Unlocking()
        identity, file = key.identity, key.passphrase_file
        return keys.Unlocking(
            self.beside(identity) if identity else None, key.passphrase_env, self.beside(file) if file else None
        )

    def witnesses(self, origin: str, log: list[Ed25519Verifier]) -> list[Asked]:
        """Raises LedgerError where the key of one cannot be used."""
        return [self._witness(at, origin, log) for at in self.settings.witness]

    def sinks(self) -> list[AnySink]:
        """With the paths they name taken from the folder."""
        return [self._placed(sink) for sink in self.settings.sink]

    def _location(self, text: str) -> str:
        return text if "://" in text else str(self.beside(text))

    def _witness(self, at: WitnessAt, origin: str, log: list[Ed25519Verifier]) -> Asked:
        verifier = CosignatureVerifier.parse(at.vkey)
        if at.url is not None:
            return HttpWitness(verifier, at.url, at.timeout_s)
        key = keys.load(self._location(at.key or ""), verifier.name, self.unlocking())
        record = recorder(self.beside(at.record)) if at.record else None
        return LocalWitness(Witness(self.beside(at.state or ""), Cosigner(key), {origin: log}, record=record))

    def _placed(self, sink: AnySink) -> AnySink:
        if isinstance(sink, Git):
            return msgspec.structs.replace(sink, repository=str(self.beside(sink.repository)))
        if isinstance(sink, Webhook) and sink.secret_file is not None:
            return msgspec.structs.replace(sink, secret_file=str(self.beside(sink.secret_file)))
        return sink


def load(folder: Path) -> Loaded:
    """The settings of a ledger; those of a folder without the file are the defaults. Raises ConfigError, with line and key."""
    path = folder / FILE
    data = durable.read(path)
    if data is None:
        return Loaded(Settings(), folder)
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"more than {_MAX_BYTES:,} bytes", hint="shorten it", path=str(path))
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"byte {error.start} is not UTF-8", hint="save it as UTF-8", path=str(path)) from error
    settings = _parsed(text, path)
    for number, key, problem, hint in _problems(settings):
        raise ConfigError(f"{key}: {problem}", hint=hint, path=str(path), line=line_of(text, *number))
    return Loaded(settings, folder)


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


def start(folder: Path, location: str) -> None:
    """Write the settings of a new ledger, where it has none. Raises UnreachedError."""
    if not (folder / FILE).exists():
        durable.keep(folder / FILE, f"[key]\nlocation = {_quoted(location)}\n".encode())


def set_keys(folder: Path, location: str, previous: str | None) -> None:
    """Name other keys under `[key]`; what else stands in the file stays as it is. Raises ConfigError, UnreachedError."""
    path = folder / FILE
    lines = (durable.read(path) or b"").decode().split("\n")
    header = next((n for n, line in enumerate(lines) if re.fullmatch(r"\s*\[\s*key\s*\]\s*(#.*)?", line)), None)
    if header is None:
        header, lines = 0, ["[key]", "", *lines]
    end = next((n for n in range(header + 1, len(lines)) if _HEADER.match(lines[n])), len(lines))
    kept = [
        line
        for line in lines[header + 1 : end]
        if (key := _KEY.match(line)) is None or key[1] not in {"location", "previous"}
    ]
    said = [f"location = {_quoted(location)}"] + ([f"previous = {_quoted(previous)}"] if previous else [])
    text = "\n".join([*lines[: header + 1], *said, *kept, *lines[end:]])
    found = _parsed(text, path).key
    if found is None or (found.location, found.previous) != (location, previous):
        raise ConfigError(
            "the keys cannot be written", hint="set location and previous under [key] by hand", path=str(path)
        )
    durable.keep(path, text.encode())


def open_ledger(folder: Path, location: str | None = None, *, wait_s: float = 10) -> Ledger:
    """A ledger for appending, with the keys of its settings; `location` takes their place. Raises LedgerError, ConfigError."""
    origin = read_checkpoint(folder, ()).checkpoint.origin
    first, *also = load(folder).signers(origin, location)
    return Ledger.open(folder, first, also=also, wait_s=wait_s)


def recorder(folder: Path) -> Callable[[SignedCheckpoint], None]:
    """What keeps the checkpoints that a witness saw as entries of a ledger."""

    def record(signed: SignedCheckpoint) -> None:
        checkpoint = signed.checkpoint
        with open_ledger(folder) as ledger:
            ledger.append(
                "ledger.witness",
                actor="service:witness",
                object={"type": "ledger", "name": checkpoint.origin},
                details={"size": checkpoint.size, "root": f"sha256:{checkpoint.root.hex()}"},
            )

    return record


def _quoted(text: str) -> str:
    """A TOML string: what JSON makes of a text is one."""
    return msgspec.json.encode(text).decode()


def _problems(settings: Settings) -> list[tuple[tuple[str, int, str], str, str, str]]:
    """What the types do not tell: where it stands, its key, what is wrong, what to do."""
    found = []
    for number, at in enumerate(settings.witness):
        try:
            CosignatureVerifier.parse(at.vkey)
        except LedgerError as error:
            found.append((("witness", number, "vkey"), "witness.vkey", error.message, error.hint))
        if (at.url is None) == (at.state is None) or (at.state is None) != (at.key is None):
            hint = "give url, or state and key"
            found.append(
                (("witness", number, "vkey"), "witness", "it is at an address or in a folder, one of them", hint)
            )
    for name, count in Counter(at.vkey.partition("+")[0] for at in settings.witness).items():
        if count > 1:
            hint = "each witness has a name of its own"
            found.append((("witness", 0, "vkey"), "witness", f"two are called {name}", hint))
    names = Counter(sink.name for sink in settings.sink)
    for number, sink in enumerate(settings.sink):
        if not _SINK_NAME.fullmatch(sink.name) or names[sink.name] > 1:
            hint = "letters, digits, - and _, each name once"
            found.append((("sink", number, "name"), "sink.name", f"{sink.name!r} is no name, or taken", hint))
    for table, entries in (("witness", settings.witness), ("sink", settings.sink)):
        for number, entry in enumerate(entries):
            url = getattr(entry, "url", None)
            try:
                if url is not None:
                    checked_url(url)
            except LedgerError as error:
                found.append(((table, number, "url"), f"{table}.url", error.message, error.hint))
    return found


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
    """Where a key stands, counted from 1: in the table, or in the so-manieth of its kind; 0 where it is not found."""
    seen, inside, first = -1, False, 0
    for line, content in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(content):
            inside = header[1] == table and (seen := seen + 1) == number
            first = line if inside else first
        elif inside and (found := _KEY.match(content)) and found[1] == key:
            return line
    return first
