"""`garrison ledger checkpoint`."""

from __future__ import annotations

from pathlib import Path

import click

from garrison.cli.ledger._open import (
    exit_with,
    format_option,
    key_option,
    ledger_option,
    named,
    reading,
    write_file,
    write_json,
)
from garrison.cli.ledger.show import report_data, say_report


@click.command(
    name="checkpoint",
    epilog="""\b
Examples:
  garrison ledger checkpoint                        take it to witnesses and sinks, and print it
  garrison ledger checkpoint -o kept.checkpoint     and keep it: garrison ledger verify --since kept.checkpoint
  */5 * * * *  garrison ledger checkpoint --ledger /var/lib/audit >/dev/null       every five minutes, by cron
\b
Exit codes: 0 everybody has it, 1 a witness or a sink knows another history, 2 wrong usage, 3 somebody is behind.""",
)
@ledger_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it here, not to standard output."
)
@key_option
@format_option
def command(folder: Path | None, output: Path | None, vkey: str | None, form: str) -> None:
    """Take the newest checkpoint to the witnesses and sinks in ledger.toml, and print it with their cosignatures.

    What a sink does not take waits on the disk and is tried again the next time: none is lost.
    """
    from garrison.ledger.publishing import publish
    from garrison.ledger.settings import load

    path = named(folder)
    ledger, keys = reading(path, vkey)
    report = publish(ledger, load(path), keys)
    checkpoint, note = report.signed.checkpoint, bytes(report.signed)
    if output is not None:
        write_file(output, note)
    if form == "json":
        write_json({
            "origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex(), "note": note.decode(),
            **report_data(report),
        })  # fmt: skip
    else:
        if output is None:
            click.echo(note, nl=False)
        say_report(report, error=True)
    exit_with([report.exit_code])
