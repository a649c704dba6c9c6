"""`garrison ledger init`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from garrison.cli.ledger._open import format_option, say, write_json
from garrison.errors import UsageError


@click.command(
    name="init",
    epilog="""\b
Examples:
  garrison ledger init audit --origin example.com/audit
  garrison ledger init audit --origin example.com/audit --key /etc/garrison/audit.key
  garrison ledger init audit --origin example.com/audit --seal-to age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
  garrison ledger init audit --origin example.com/audit --seal-with-passphrase     from GARRISON_LEDGER_PASSPHRASE
  garrison ledger init audit --origin example.com/audit --seal-to awskms:///alias/ledger
  garrison ledger init audit --origin example.com/audit --key awskms:///alias/signing   a key that never leaves AWS KMS""",
)
@click.argument("folder", required=False, envvar="GARRISON_LEDGER", type=click.Path(path_type=Path))
@click.option(
    "--origin", required=True, help="The name of the ledger, as an address without a scheme: example.com/audit."
)
@click.option(
    "--key", "location", metavar="LOCATION",
    help="The file of its key, which is made where it is not there; or a key of a service. Default: FOLDER.key beside the folder.",
)  # fmt: skip
@click.option(
    "--seal-to", multiple=True, metavar="RECIPIENT",
    help="Seal a new key's file to this recipient of age (age1..., ssh-...), or to a key of a service; may be given several times.",
)  # fmt: skip
@click.option(
    "--seal-with-passphrase",
    is_flag=True,
    help="Seal a new key's file with the passphrase in GARRISON_LEDGER_PASSPHRASE.",
)
@format_option
def command(folder: Path | None, location: str | None, form: str, **options: Any) -> None:
    """Make a ledger in FOLDER, and a key for it.

    Keep the verifier key that is printed elsewhere: it is what tells this ledger from one that somebody wrote in its place.
    """
    from garrison.ledger import keyring, opening, settings
    from garrison.ledger.log import Ledger

    if folder is None:
        raise UsageError("no folder is named", hint="write: garrison ledger init FOLDER --origin NAME")
    at = location or _beside(folder)
    told = opening.beside(folder, at)
    signer = _key(at, folder, **options)
    with Ledger.create(folder, signer):
        keyring.start(folder, signer.vkey)
        settings.start(folder, told)
    if form == "json":
        write_json({"origin": signer.name, "vkey": signer.vkey, "ledger": str(folder), "key": at})
        return
    say(f"{signer.name} is in {folder}, its key in {at}")
    say("keep its verifier key where nobody can change it with the ledger:")
    click.echo(f"\n{signer.vkey}\n")
    say("see what it does next: garrison ledger append --help")


def _beside(folder: Path) -> str:
    """`audit.key` for the folder `audit`."""
    named = folder if folder.name not in {"", ".."} else folder.resolve()
    return str(named.with_name(f"{named.name}.key"))


def _key(at: str, folder: Path, *, origin: str, seal_to: tuple[str, ...], seal_with_passphrase: bool) -> Any:
    """The key at a location, made if it is a file that is not there. Raises LedgerError, UsageError."""
    from garrison.ledger import keys
    from garrison.ledger.note import checked_name
    from garrison.ledger.tiles import CHECKPOINT

    checked_name(origin)
    path = Path(at)
    if (folder / CHECKPOINT).exists():
        raise UsageError(f"there is a ledger in {folder}", hint="choose another folder")
    if "://" in at or path.exists():
        if seal_to or seal_with_passphrase:
            raise UsageError("only the file of a new key is sealed", hint="name a file that is not there")
        return keys.load(at, origin)
    return keys.create(path, origin, keys.Sealing(seal_to, seal_with_passphrase))
