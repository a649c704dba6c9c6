"""`garrison ledger witness`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import click

from garrison.cli.ledger._open import format_option, say, write_json
from garrison.errors import UsageError


@click.group(
    name="witness",
    epilog="""\b
Examples:
  garrison ledger witness key witness.key --name witness.example/w1      its key, once
  garrison ledger witness serve --key witness.key --state witness --log VKEY""",
)
def command() -> None:
    """Witness other ledgers: remember what they signed, and cosign only what continues it (C2SP tlog-witness)."""


@command.command(
    name="key",
    epilog="""\b
Examples:
  garrison ledger witness key witness.key --name witness.example/w1
  garrison ledger witness key witness.key --name witness.example/w1 --seal-to awskms:///alias/witness""",
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The name of the witness, as an address without a scheme.")
@click.option("--seal-to", multiple=True, metavar="RECIPIENT", help="Seal its file, as garrison ledger init does.")
@click.option(
    "--seal-with-passphrase", is_flag=True, help="Likewise, with the passphrase in GARRISON_LEDGER_PASSPHRASE."
)
@format_option
def key(path: Path, name: str, seal_to: tuple[str, ...], seal_with_passphrase: bool, form: str) -> None:
    """Make the key of a witness in the file PATH, and print the verifier key that ledgers put into their ledger.toml."""
    from garrison.ledger import keys
    from garrison.ledger.cosignature import Cosigner

    vkey = Cosigner(keys.create(path, name, keys.Sealing(seal_to, seal_with_passphrase))).vkey
    if form == "json":
        write_json({"name": name, "vkey": vkey, "key": str(path)})
    else:
        say(f"the key of {name} is in {path}; ledgers know it as")
        click.echo(f"\n{vkey}\n")


@command.command(
    name="serve",
    epilog="""\b
Examples:
  garrison ledger witness serve --key witness.key --name witness.example/w1 --state witness --log VKEY
  garrison ledger witness serve ... --record second --listen 127.0.0.1:7380""",
)
@click.option(
    "--key",
    "location",
    required=True,
    metavar="LOCATION",
    help="The key of the witness: a file, or a key of a service.",
)
@click.option("--name", required=True, help="The name of the witness.")
@click.option("--state", required=True, type=click.Path(path_type=Path), help="The folder in which it remembers.")
@click.option(
    "--log",
    "logs",
    multiple=True,
    required=True,
    metavar="VKEY",
    help="The key of a ledger that it witnesses; may be given several times.",
)
@click.option(
    "--record", type=click.Path(path_type=Path), help="A ledger of its own, in which what it saw becomes entries."
)
@click.option(
    "--listen",
    default="127.0.0.1:7380",
    show_default=True,
    metavar="HOST:PORT",
    help="Where it listens; port 0 takes a free one.",
)
def serve(location: str, name: str, listen: str, **options: Any) -> None:
    """Answer ledgers over HTTP until it is stopped. For other machines, put a proxy with TLS before it."""
    from garrison.ledger import keys
    from garrison.ledger.cosignature import Cosigner
    from garrison.ledger.note import Ed25519Verifier
    from garrison.ledger.opening import recorder
    from garrison.ledger.witness import Witness
    from garrison.ledger.witness_server import WitnessServer

    host, port = _address(listen)
    record: Path | None = options["record"]
    known: dict[str, list[Ed25519Verifier]] = {}
    for vkey in options["logs"]:
        verifier = Ed25519Verifier.parse(vkey)
        known.setdefault(verifier.name, []).append(verifier)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Cleaned(" %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    witness = Witness(
        options["state"], Cosigner(keys.load(location, name)), known, record=recorder(record) if record else None
    )
    try:
        server = WitnessServer(witness, host, port)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {listen}: {error.strerror}", hint="choose another address with --listen"
        ) from error
    with server:
        say(f"{name} listens on {server.url}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped")


class _Cleaned(logging.Formatter):
    """What was asked comes from outside: it is shown, not obeyed."""

    def format(self, record: logging.LogRecord) -> str:
        from garrison.report.terminal.text import clean

        return "\n".join(clean(line) for line in super().format(record).split("\n"))


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) >= 1 << 16:
        raise UsageError(f"{text} is no address", hint="write HOST:PORT, as in 127.0.0.1:7380 or [::1]:7380")
    return host.strip("[]"), int(port)
