"""`garrison ledger`: a module per command, as `garrison` itself."""

from __future__ import annotations

import click

from garrison.cli import Commands


class LedgerCommands(Commands):
    """The commands of this package."""

    package = __name__


@click.group(
    name="ledger",
    cls=LedgerCommands,
    epilog="""\b
Examples:
  garrison ledger init audit --origin example.com/audit          a new ledger in the folder audit
  garrison ledger append --ledger audit --kind note "drill"      one more entry
  garrison ledger show --ledger audit                            how it stands, and its last entries
  garrison ledger verify --ledger audit                          whether anything in it was changed
  export GARRISON_LEDGER=audit                                   instead of --ledger
\b
Exit codes: 0 in order, 1 something was changed, 2 wrong usage, 3 incomplete: a witness, a sink, a disk or a key service
could not be reached.""",
)
def command() -> None:
    """Keep an audit trail that nobody can rewrite unseen.

    A ledger is a folder: an append-only Merkle log with signed checkpoints, in formats that outside tools verify.
    """
