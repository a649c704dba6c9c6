"""`garrison watch`: receive events, keep them, and say what is not normal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group(
    name="watch",
    epilog="""\b
Examples:
  garrison watch check watch.toml                   is it right
  garrison watch run watch.toml                     start it
  garrison watch status watch.toml                  what is received, what waits, who is behind
  garrison watch key collector >> senders.keys      a key for a sender
\b
The JSON Schema of the file, for editors: garrison watch schema
What was received is searched with garrison logs, alerts with garrison alerts.""",
)
def command() -> None:
    """Receive the logs of all systems, keep them, judge them, and tell of what is not normal.

    FILE is a watch file in TOML or YAML (docs/watch.md). Needs the extra watch.
    """


@command.command(
    epilog="""\b
Examples:
  garrison watch check watch.toml
\b
Exit codes: 0 it is right, 2 it is not.""",
)
@_FILE
def check(file: Path) -> None:
    """Tell whether a watch file is right, with all that it names."""
    from garrison.watch.file.hold import hold
    from garrison.watch.file.read import read

    loaded = read(file)
    for warning in hold(loaded):
        click.secho(f"warning: {warning}", fg="yellow", err=True)
    said = loaded.watch
    counts = [_count(len(said.input), "input"), _count(len(said.route), "route"), _count(len(said.model), "model")]
    click.echo(f"{file} is right: {', '.join(counts)}")


@command.command(
    epilog="""\b
Examples:
  garrison watch run watch.toml
\b
SIGTERM and Ctrl-C end it in order: what was received is stored first. Nothing that was acknowledged is lost if it is killed.
The file is watched: what changes takes effect at once, and if it is wrong, nothing changes.""",
)
@_FILE
def run(file: Path) -> None:
    """Start the watch, and see that it goes on until it is told to end."""
    from garrison.watch.run.process import say
    from garrison.watch.run.supervisor import Supervisor

    Supervisor(file, say).run()


@command.command(
    epilog="""\b
Examples:
  garrison watch status watch.toml
  garrison watch status watch.toml --format json
  garrison watch status watch.toml --format prometheus > /var/lib/node_exporter/watch.prom
\b
Exit codes: 0 all of it runs, 1 a part of it does not, 2 wrong usage.""",
)
@_FILE
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "prometheus"]), default="text", help="How to tell it."
)
def status(file: Path, form: str) -> None:
    """Tell what runs, what is received, what waits for the store, and how far the judge is behind."""
    import msgspec

    from garrison.errors import ExitCode
    from garrison.report.terminal.text import clean
    from garrison.watch.file.read import read
    from garrison.watch.run.status import as_prometheus, as_text
    from garrison.watch.run.status import status as look

    found = look(read(file))
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        for line in (as_text if form == "text" else as_prometheus)(found):
            click.echo(clean(line))
    if not all(process.running for process in found.processes.values()):
        sys.exit(ExitCode.FINDINGS)


@command.command(
    epilog="""\b
Examples:
  garrison watch key collector >> senders.keys      the key itself goes to the terminal, once
\b
An input names the file: keys-file = "senders.keys". A line that is taken out lets nobody in any more, at once.""",
)
@click.argument("name")
def key(name: str) -> None:
    """Make a key for the sender NAME: its line for a file of keys on the output, the key itself on the terminal (standard error)."""
    from garrison.watch.receive.credentials import new_key

    made, line = new_key(name)
    click.echo(line)
    click.echo(f"the key of {name}, which is shown only now: {made}", err=True)


@command.command()
def schema() -> None:
    """Print the JSON Schema of the watch file."""
    from garrison.watch.file.schema import text

    click.echo(text(), nl=False)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
