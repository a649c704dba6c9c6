"""`garrison ledger rotate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.cli.ledger._open import format_option, ledger_option, named, say, write_json
from garrison.errors import UsageError

if TYPE_CHECKING:
    from garrison.ledger.note import Signer


@click.command(
    name="rotate",
    epilog="""\b
Examples:
  garrison ledger rotate --to /etc/garrison/audit-2027.key --reason "yearly"     both keys sign from now on
  garrison ledger rotate --finish                                                only the new one does""",
)
@ledger_option
@click.option(
    "--to",
    "location",
    metavar="LOCATION",
    help="The new key: a file, which is made where it is not there, or a key of a service.",
)
@click.option("--reason", default="rotation", show_default=True, help="Why, for the entry.")
@click.option("--actor", envvar="GARRISON_ACTOR", show_envvar=True, help="Who does it. Default: the old key.")
@click.option(
    "--seal-to", multiple=True, metavar="RECIPIENT", help="Seal a new key's file, as garrison ledger init does."
)
@click.option(
    "--seal-with-passphrase", is_flag=True, help="Likewise, with the passphrase in GARRISON_LEDGER_PASSPHRASE."
)
@click.option("--finish", is_flag=True, help="End the time in which the old key signs too.")
@format_option
def command(folder: Path | None, location: str | None, finish: bool, form: str, **options: Any) -> None:
    """Hand the ledger over to another key, which the old one names in an entry.

    Both sign until --finish, so that those who know only one of them, such as witnesses, are not cut off. Who pinned an older
    key follows the entries to the new one. After the theft of a key, finish at once: see docs/ledger.md.
    """
    path = named(folder)
    if finish and location is None:
        _finish(path, form)
    elif location is not None and not finish:
        _begin(path, location, form, **options)
    else:
        raise UsageError("give --to LOCATION, or --finish", hint="first the one, later the other")


def _begin(folder: Path, at: str, form: str, *, reason: str, actor: str | None, **sealing: Any) -> None:
    from garrison.ledger import keyring, opening, settings
    from garrison.ledger.note import VerifierKey

    old = settings.load(folder).key
    if old is None:
        raise UsageError("no key is named in ledger.toml", hint="name it: location under [key]")
    if old.previous is not None:
        raise UsageError("a hand-over is under way", hint="end it first: garrison ledger rotate --finish")
    with opening.open_ledger(folder) as ledger:
        told = opening.beside(folder, at)
        new = _new_key(folder, at, ledger.signer.name, **sealing)
        by = actor or f"key:{keyring.identity(VerifierKey.parse(ledger.signer.vkey))}"
        settings.set_keys(folder, told, old.location)  # first: where this ends in the middle, both keys open the ledger
        index = keyring.rotate(ledger, new, actor=by, reason=reason)
    if form == "json":
        write_json({"index": index, "vkey": new.vkey, "key": at})
        return
    say(f"entry {index} names the new key; both sign until: garrison ledger rotate --finish")
    click.echo(f"\n{new.vkey}\n")


def _new_key(folder: Path, at: str, name: str, *, seal_to: tuple[str, ...], seal_with_passphrase: bool) -> Signer:
    from garrison.ledger import keys, opening, settings

    unlocking = opening.unlocking(folder, settings.load(folder))
    if "://" not in at and not Path(at).exists():
        return keys.create(Path(at), name, keys.Sealing(seal_to, seal_with_passphrase), unlocking)
    return keys.load(at, name, unlocking)


def _finish(folder: Path, form: str) -> None:
    from garrison.ledger import settings

    key = settings.load(folder).key
    if key is None or key.previous is None:
        raise UsageError("no hand-over is under way", hint="begin one: garrison ledger rotate --to LOCATION")
    settings.set_keys(folder, key.location, None)
    if form == "json":
        write_json({"key": key.location, "retired": key.previous})
    else:
        say(f"only the new key signs from now on; destroy {key.previous}, or keep it where nobody can use it")
