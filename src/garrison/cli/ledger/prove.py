"""`garrison ledger prove`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from garrison.cli.ledger._open import (
    format_option,
    key_option,
    ledger_option,
    named,
    reading,
    say,
    write_file,
    write_json,
)

_SUFFIX = ".tlog-proof"


@click.command(
    name="prove",
    epilog="""\b
Examples:
  garrison ledger prove 17 > 17.tlog-proof           the proof
  garrison ledger prove 17 -o 17.json                the entry, and its proof as 17.json.tlog-proof
  garrison ledger verify --proof 17.json.tlog-proof 17.json --key VKEY      later, elsewhere, without the ledger""",
)
@click.argument("index", type=click.IntRange(min=0))
@ledger_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the entry here, and the proof beside it, with .tlog-proof behind the name.",
)  # fmt: skip
@key_option
@format_option
def command(folder: Path | None, index: int, output: Path | None, vkey: str | None, form: str) -> None:
    """Prove that entry INDEX is in the ledger, in a file that verifies without it (C2SP tlog-proof).

    The proof is from the checkpoint that the witnesses cosigned last, where that one holds the entry, else from the newest.
    """
    from garrison.ledger.publishing import witnessed

    path = named(folder)
    ledger, _ = reading(path, vkey)
    cosigned = witnessed(path)
    within = cosigned if cosigned is not None and cosigned.checkpoint.size > index else None
    proof, entry = ledger.prove(index, within), ledger.entry(index)
    if output is not None:
        write_file(output, entry)
        write_file(output.with_name(output.name + _SUFFIX), bytes(proof))
    if form == "json":
        write_json({"index": index, "entry": entry.decode(), "proof": bytes(proof).decode()})
    elif output is None:
        sys.stdout.buffer.write(bytes(proof))
        sys.stdout.buffer.flush()
    else:
        say(f"{output} and {output}{_SUFFIX}")
