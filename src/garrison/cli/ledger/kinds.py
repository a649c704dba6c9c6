"""`garrison ledger kinds`."""

from __future__ import annotations

from pathlib import Path

import click

from garrison.cli.ledger._open import format_option, ledger_option, say, write_json


@click.command(
    name="kinds",
    epilog="""\b
Examples:
  garrison ledger kinds                      those that every ledger takes
  garrison ledger kinds --ledger audit       and those of its own kinds.toml
  garrison ledger kinds --format json        for programs""",
)
@ledger_option
@format_option
def command(folder: Path | None, form: str) -> None:
    """List the kinds of entries, and what each takes."""
    from garrison.ledger.kinds import Kinds

    found = list(Kinds(folder))
    if form == "json":
        write_json([{"kind": k.name, "title": k.title, "actions": k.actions, "takes": k.takes} for k in found])
        return
    for kind in found:
        say(f"{kind.name}: {kind.title}")
        say(f"    {kind.takes}")
