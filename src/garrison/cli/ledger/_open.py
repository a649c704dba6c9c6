"""What the commands of the ledger share: which ledger, whose key, and how to tell it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from garrison.ledger.log import Ledger
    from garrison.ledger.note import Ed25519Verifier

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))

ledger_option = click.option(
    "--ledger", "folder", metavar="DIR", type=click.Path(path_type=Path), envvar="GARRISON_LEDGER", show_envvar=True,
    help="The folder of the ledger.",
)  # fmt: skip
format_option = click.option(
    "-f", "--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", help="How to tell it."
)
key_option = click.option(
    "--key", "vkey", metavar="VKEY",
    help="The key of the ledger, as you keep it; later ones are followed from it. Default: the one that its folder tells.",
)  # fmt: skip
sign_option = click.option(
    "--sign-with", metavar="LOCATION",
    help="The file of the key, or the URI of one in a key service. Default: location under [key] in ledger.toml.",
)  # fmt: skip


def named(folder: Path | None) -> Path:
    """The folder, where one was named. Raises UsageError."""
    if folder is None:
        raise UsageError("no ledger is named", hint="give --ledger DIR, or set GARRISON_LEDGER")
    return folder


def pinned(folder: Path, vkey: str | None) -> Ed25519Verifier:
    """The key that was given, or the one that the folder tells. Raises LedgerError."""
    from garrison.ledger.keyring import first_key
    from garrison.ledger.note import Ed25519Verifier

    return first_key(folder) if vkey is None else Ed25519Verifier.parse(vkey)


def reading(folder: Path, vkey: str | None) -> tuple[Ledger, list[Ed25519Verifier]]:
    """A ledger whose checkpoint is verified, and its keys from the pinned one on. Raises LedgerError."""
    from garrison.ledger.keyring import keys_of
    from garrison.ledger.log import Ledger

    keys = keys_of(folder, pinned(folder, vkey))
    return Ledger.open(folder, verifiers=keys[-1:]), keys


def write_json(data: object) -> None:
    import msgspec

    from garrison.report import json_text

    click.echo(msgspec.json.format(json_text(data), indent=2))


def say(text: str, *, error: bool = False, style: str | None = None) -> None:
    """A line of text, whatever stands in it: what would move the cursor or change colours is shown as its code."""
    if not (text.isascii() and text.isprintable()):  # else not even the import is needed
        from garrison.report.terminal.text import clean

        text = clean(text)
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    click.secho(f" {text}", err=error, fg=style, color=False if plain else None)


def entry_line(index: int, data: bytes) -> str:
    """An entry in one line."""
    from garrison.ledger.entry import parse

    said = parse(data)
    thing = f"{said.object.type} {said.object.name}" if said.object else ""
    parts = (
        f"{index:>7}",
        f"{said.time:%Y-%m-%d %H:%M:%S}",
        f"{said.kind}: {said.action}",
        said.actor,
        thing,
        said.reason,
    )
    return "  ".join(part for part in parts if part)


def entry_data(index: int, data: bytes) -> dict[str, Any]:
    """An entry for programs."""
    import msgspec

    from garrison.ledger.entry import parse
    from garrison.ledger.merkle import leaf_hash

    parse(data)  # what is none may be no JSON either
    return {"index": index, "leaf_hash": leaf_hash(data).hex(), "entry": msgspec.Raw(data)}


def entries(count: int) -> str:
    """So many entries, in words."""
    return "1 entry" if count == 1 else f"{count:,} entries"


def ago(seconds: float) -> str:
    """How long ago a time was, in the largest unit."""
    past = max(0, int(time.time() - seconds))
    size, unit = next(((size, unit) for size, unit in _UNITS if past >= size), (1, "s"))
    return f"{past // size} {unit} ago"


def read_file(path: Path, most: int = 1_000_000) -> bytes:
    """A file that was named on the command line. Raises LedgerError."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise LedgerError(
            f"cannot be read: {error.strerror}", hint="name a file that is there", path=str(path)
        ) from error
    if len(data) > most:
        raise LedgerError(f"more than {most:,} bytes", hint="name the right file", path=str(path))
    return data


def write_file(path: Path, data: bytes) -> None:
    """A file that was named on the command line. Raises LedgerError."""
    from garrison.ledger import durable

    try:
        durable.replace(path, data)
    except OSError as error:
        raise LedgerError(
            f"cannot be written: {error.strerror}", hint="name a file in a folder that is there", path=str(path)
        ) from error


def exit_with(codes: Iterable[int]) -> None:
    """End with the code that weighs most: 1 before 3 before 0."""
    found = set(codes)
    sys.exit(next((code for code in (1, 3) if code in found), 0))
