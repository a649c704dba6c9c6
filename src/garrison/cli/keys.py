"""`garrison keys`."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from garrison.cli._user import actor_option, user
from garrison.errors import ExitCode, LedgerError, UsageError, nearest

if TYPE_CHECKING:
    from garrison.gateway.keys.store import Key, Record, Store

F = TypeVar("F", bound=Callable[..., Any])
_CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_COLUMNS = ("KEY", "CLIENT", "ROLE", "OWNER", "CREATED", "EXPIRES", "STATE")

_format = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
_days = click.option(
    "--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="How long the new key is let in."
)


def _by_gateway(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Take the places that a gateway file names, where no option and no variable does."""
    if path is None:
        return
    from garrison.gateway.callers import store_of
    from garrison.gateway.file.read import read

    loaded = read(path)
    if (store := store_of(loaded)) is None:
        raise UsageError(f"{path} takes no keys", hint="add [identity.keys] to it: docs/gateway.md")
    said = {"ledger": loaded.gateway.gateway.ledger, "roles": loaded.gateway.policy.roles}
    context.default_map = {"path": store, **{name: loaded.beside(place) for name, place in said.items() if place}}


def _where(function: F) -> F:
    """Where keys are kept, and where their changes are recorded."""
    options = (
        click.option(
            "--gateway", type=click.Path(path_type=Path), envvar="GARRISON_GATEWAY", show_envvar=True, metavar="FILE",
            is_eager=True, expose_value=False, callback=_by_gateway,
            help="The gateway file that says where keys, roles and ledger are.",
        ),
        click.option(
            "--store", "path", type=click.Path(path_type=Path), envvar="GARRISON_KEYS", show_envvar=True, metavar="FILE",
            default=Path("state/keys.db"), show_default=True, help="The store of keys.",
        ),
        click.option(
            "--ledger", type=click.Path(path_type=Path), envvar="GARRISON_LEDGER", show_envvar=True, metavar="DIR",
            help="The ledger that changes go into. Once named it is known to the store.",
        ),
        click.option("--sign-with", metavar="LOCATION", help="The key of the ledger, where ledger.toml names none."),
        actor_option,
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@click.group(name="keys")
def command() -> None:
    """Issue, list, rotate and revoke the API keys of the gateway.

    A key is shown once, on standard output alone; what is kept is its hash.
    """


@command.command(
    epilog="""\b
Examples:
  garrison keys issue --client batch --role service --owner fraud-team
  garrison keys issue --client batch --role service --owner fraud-team --days 30 | vault kv put secret/batch key=-
  garrison keys issue --client ada --role data-scientist --owner ada@acme.example --ledger audit --format json
  garrison keys issue --client ada --role data-scientist --owner research --gateway gateway.toml"""
)
@click.option("--client", required=True, help="Who will use it, as policies and the audit feed call him.")
@click.option("--role", required=True, help="The role that the client acts in.")
@click.option("--owner", required=True, help="Who answers for it: a team, a person.")
@_days
@click.option(
    "--roles", type=click.Path(path_type=Path), envvar="GARRISON_ROLES", show_envvar=True, metavar="FILE",
    help="Your roles file. Default: the shipped roles.",
)  # fmt: skip
@_where
@_format
def issue(client: str, role: str, owner: str, *, days: int, roles: Path | None, form: str, **where: Any) -> None:
    """Issue a key. It is shown now, and never again."""
    from garrison.policy.vocabulary import read_vocabulary

    listed = read_vocabulary(roles).role
    if role not in listed:
        raise UsageError(f"no role is called {role}", hint=nearest(role, listed, f"one of: {', '.join(listed)}"))
    if not _CLIENT.fullmatch(client):
        raise UsageError(f"{client!r} is no name of a client", hint="letters, digits and . _ - are, up to 128 of them")
    if not owner.isprintable() or not owner.strip():
        raise UsageError("an owner is needed", hint="name the team or the person who answers for the key")
    with _changing(create=True, **where) as (store, record, now):
        until = now + dt.timedelta(days=days)
        secret = store.issue(client=client, role=role, owner=owner, expires=until, now=now, record=record)
        _show(secret, store, form, "issued")


@command.command(
    name="list",
    epilog="""\b
Examples:
  garrison keys list                          the keys that are let in
  garrison keys list --all --client batch     also those that are not any more
  garrison keys list --format json            for programs""",
)
@click.option("--client", help="Only the keys of this client.")
@click.option("--all", "every", is_flag=True, help="Also those that are expired or revoked.")
@_where
@_format
def list_(client: str | None, every: bool, form: str, path: Path, **_: Any) -> None:
    """List keys by what they are called; what they are is not known here."""
    from garrison.gateway.keys.store import Store

    now = _now()
    with Store(path) as store:
        keys = [key for key in store.keys() if client in (None, key.client)]
    shown = [key for key in keys if every or key.state(now) not in ("expired", "revoked")]
    if form == "json":
        _write_json([_data(key, now) for key in shown])
        return
    _table([_COLUMNS, *(_row(key, now) for key in shown)])
    if hidden := len(keys) - len(shown):
        click.echo(f"{hidden} more are expired or revoked: --all lists them", err=True)


@command.command(
    epilog="""\b
Examples:
  garrison keys rotate grs_4fQ2mX9aBc                         the old key is let in for another day
  garrison keys rotate grs_4fQ2mX9aBc --overlap-hours 0       it leaked: the old key ends now"""
)
@click.argument("key")
@click.option(
    "--overlap-hours",
    type=click.FloatRange(0, 8760),
    default=24,
    show_default=True,
    help="How long the old key is still let in.",
)
@_days
@_where
@_format
def rotate(key: str, overlap_hours: float, days: int, form: str, **where: Any) -> None:
    """Issue a key in the place of another, of the same client, role and owner."""
    with _changing(**where) as (store, record, now):
        until = now + dt.timedelta(hours=overlap_hours)
        expires = now + dt.timedelta(days=days)
        secret = store.rotate(_id(key), until=until, expires=expires, now=now, record=record)
        _show(secret, store, form, "issued")
        old = store.key(_id(key))
        click.echo(f"{old.id} ends {old.expires:%Y-%m-%d %H:%M} UTC", err=True)


@command.command(
    epilog="""\b
Examples:
  garrison keys revoke grs_4fQ2mX9aBc --reason "found in a notebook"
  garrison keys revoke --client batch --reason CHG-1234        every key of a client"""
)
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--client", help="Every key of this client.")
@click.option("--reason", default="", help="Why; it stands in the ledger.")
@_where
@_format
def revoke(keys: tuple[str, ...], client: str | None, reason: str, form: str, **where: Any) -> None:
    """Let keys in no more. This holds at once, also where the ledger cannot be reached."""
    if bool(keys) is (client is not None):
        raise UsageError("which keys?", hint="name keys, or --client NAME for all of a client")
    with _changing(**where) as (store, record, now):
        ids = [_id(key) for key in keys] or [k.id for k in store.keys() if k.client == client and not k.revoked]
        if not ids:
            raise UsageError(f"{client} has no key", hint="garrison keys list shows who has one")
        try:
            store.revoke(ids, reason=reason, now=now, record=record)
        except LedgerError:
            click.echo(
                f"{', '.join(ids)} is revoked; the next change will tell the ledger, which cannot be told now", err=True
            )
            raise
        if form == "json":
            _write_json([_data(store.key(id_), now) for id_ in ids])
        for id_ in ids if form == "text" else ():
            click.echo(f"{id_} is revoked", err=True)


@command.command(
    epilog="""\b
Examples:
  garrison keys verify                   is every key that is let in the one that the ledger says was issued
\b
Exit codes: 0 all are, 1 some are not, 2 wrong usage."""
)
@_where
@_format
def verify(form: str, path: Path, ledger: Path | None, **_: Any) -> None:
    """Hold the keys that are let in against the ledger.

    Whether the ledger itself is as it was signed is for garrison ledger verify to say.
    """
    from garrison.gateway.keys.recording import forged
    from garrison.gateway.keys.store import Store
    from garrison.ledger import Ledger

    now = _now()
    with Store(path) as store:
        folder = ledger or store.ledger
        if folder is None:
            raise UsageError("this store has no ledger", hint="name one with --ledger when a key is issued")
        found = forged(store, Ledger.open(folder), now)
    if form == "json":
        _write_json([{**_data(key, now), "wrong": wrong} for key, wrong in found])
    for key, wrong in found if form == "text" else ():
        click.echo(f"{key.id}: {wrong}")
    if not found and form == "text":
        click.echo("every key that is let in was issued as it is")
    sys.exit(ExitCode.FINDINGS if found else ExitCode.CLEAN)


@contextmanager
def _changing(
    path: Path, ledger: Path | None, sign_with: str | None, actor: str | None, *, create: bool = False
) -> Iterator[tuple[Store, Record, dt.datetime]]:
    """The store, what records in its ledger, and now. What an earlier command left undone is told."""
    from garrison.gateway.keys.recording import recording
    from garrison.gateway.keys.store import Store

    now = _now()
    if create and path.parent.parent.is_dir():
        path.parent.mkdir(mode=0o700, exist_ok=True)
    with Store(path, create=create) as store:
        folder = ledger.resolve() if ledger else store.ledger
        if folder is None:
            hint = "garrison ledger init audit --origin example.com/audit makes one, --ledger audit names it, or the file of --gateway"
            click.secho(f"warning: no entry of a ledger tells of this change: {hint}", fg="yellow", err=True)
        with recording(folder, people=store.people, actor=actor or user(), sign_with=sign_with) as record:
            if folder is not None and folder != store.ledger:
                store.bind(folder, now=now, record=record)
            left = store.owed()
            yield store, record, now
            for id_ in sorted(set(left) - set(store.owed())):
                click.echo(f"{id_}: the command that changed it did not end, so it is revoked now", err=True)


def _show(secret: str, store: Store, form: str, done: str) -> None:
    """The key on standard output, and nothing else there; what is to be said of it on standard error."""
    from garrison.gateway.keys.secret import id_of

    key = store.key(id_of(secret))
    if form == "json":
        _write_json({"secret": secret, **_data(key, key.created)})
        return
    click.echo(secret)
    said = f"{key.id} is {done} to {key.client} as {key.role}, until {key.expires:%Y-%m-%d}. It is not shown again."
    click.echo(said, err=True)


def _id(text: str) -> str:
    """What a key is called, from its name or from the whole of it."""
    from garrison.gateway.keys.secret import id_of, is_key

    return id_of(text) if is_key(text) else text


def _data(key: Key, now: dt.datetime) -> dict[str, Any]:
    import msgspec

    return {**msgspec.to_builtins(key), "state": key.state(now)}


def _row(key: Key, now: dt.datetime) -> Sequence[str]:
    return key.id, key.client, key.role, key.owner, f"{key.created:%Y-%m-%d}", f"{key.expires:%Y-%m-%d}", key.state(now)


def _table(rows: Sequence[Sequence[str]]) -> None:
    from garrison.report.terminal.text import clean

    widths = [max(len(clean(cell)) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(clean(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _write_json(data: object) -> None:
    import msgspec

    from garrison.report import json_text

    sys.stdout.write(msgspec.json.format(json_text(data), indent=2) + "\n")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
