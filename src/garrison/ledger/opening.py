"""Ledgers as their settings say: with their keys, their witnesses and their sinks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from garrison.errors import LedgerError
from garrison.ledger import keys, settings
from garrison.ledger.checkpoint import SignedCheckpoint
from garrison.ledger.cosignature import CosignatureVerifier, Cosigner
from garrison.ledger.log import Ledger, read_checkpoint
from garrison.ledger.note import Ed25519Verifier, Signer, Verifier
from garrison.ledger.settings import FILE, AnySink, Settings, WitnessAt
from garrison.ledger.sinks.git import Git
from garrison.ledger.sinks.webhook import Webhook
from garrison.ledger.witness import Witness
from garrison.ledger.witness_client import Asked, HttpWitness, LocalWitness


def open_ledger(folder: Path, location: str | None = None, *, wait_s: float = 10) -> Ledger:
    """A ledger for appending, with the keys of its settings; `location` takes their place.

    Raises LedgerError, ConfigError, and UnreachedError where another process appends for longer than `wait_s`.
    """
    origin = read_checkpoint(folder, ()).checkpoint.origin
    first, *also = signers(folder, settings.load(folder), origin, location)
    return Ledger.open(folder, first, also=also, wait_s=wait_s)


def look(folder: Path) -> Ledger:
    """A ledger for reading, of which it is seen that its keys are there and have signed it. Raises as `open_ledger` does."""
    origin = read_checkpoint(folder, ()).checkpoint.origin
    keys_of = signers(folder, settings.load(folder), origin)
    return Ledger.open(folder, verifiers=[Ed25519Verifier.parse(signer.vkey) for signer in keys_of])


def signers(folder: Path, said: Settings, name: str, location: str | None = None) -> list[Signer]:
    """The key of a ledger, and the previous one while it is handed over; `location` takes the place of both.

    Raises LedgerError, and UnreachedError for a key service that is not there.
    """
    if location is not None:
        return [keys.load(location, name, unlocking(folder, said))]
    if said.key is None:
        hint = f"give --sign-with, or location under [key] in {FILE}"
        raise LedgerError("no key is named", hint=hint, path=str(folder))
    named = [said.key.location] + ([said.key.previous] if said.key.previous else [])
    return [keys.load(_location(folder, at), name, unlocking(folder, said)) for at in named]


def unlocking(folder: Path, said: Settings) -> keys.Unlocking:
    """What opens sealed keys."""
    if said.key is None:
        return keys.Unlocking()
    identity, file = said.key.identity, said.key.passphrase_file
    return keys.Unlocking(
        _beside(folder, identity) if identity else None,
        said.key.passphrase_env,
        _beside(folder, file) if file else None,
    )


def beside(folder: Path, location: str) -> str:
    """A location as it is written into the settings of a folder. Raises LedgerError for a file in the folder itself."""
    if "://" in location:
        return location
    path, top = Path(location).resolve(), folder.resolve()
    if path.is_relative_to(top):
        hint = "whoever publishes the folder would publish it: name a file elsewhere"
        raise LedgerError("the key would lie in the folder of the ledger", hint=hint, path=location)
    return os.path.relpath(path, top)


def witnesses(folder: Path, said: Settings, origin: str, log: Sequence[Verifier]) -> list[Asked]:
    """Those that a ledger asks; `log` are its keys. Raises LedgerError where the key of one cannot be used."""
    return [_witness(folder, said, at, {origin: log}) for at in said.witness]


def sinks(folder: Path, said: Settings) -> list[AnySink]:
    """Those that a ledger publishes to, with the paths they name taken from its folder."""
    return [_placed(folder, sink) for sink in said.sink]


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


def _witness(folder: Path, said: Settings, at: WitnessAt, logs: dict[str, Sequence[Verifier]]) -> Asked:
    verifier = CosignatureVerifier.parse(at.vkey)
    if at.url is not None:
        return HttpWitness(verifier, at.url, at.timeout_s)
    key = keys.load(_location(folder, at.key or ""), verifier.name, unlocking(folder, said))
    record = recorder(_beside(folder, at.record)) if at.record else None
    return LocalWitness(Witness(_beside(folder, at.state or ""), Cosigner(key), logs, record=record))


def _placed(folder: Path, sink: AnySink) -> AnySink:
    if isinstance(sink, Git):
        return msgspec.structs.replace(sink, repository=str(_beside(folder, sink.repository)))
    if isinstance(sink, Webhook) and sink.secret_file is not None:
        return msgspec.structs.replace(sink, secret_file=str(_beside(folder, sink.secret_file)))
    return sink


def _location(folder: Path, text: str) -> str:
    return text if "://" in text else str(_beside(folder, text))


def _beside(folder: Path, path: str) -> Path:
    """A path as the file means it: from its own folder, `~` the user's."""
    return folder / Path(path).expanduser()
