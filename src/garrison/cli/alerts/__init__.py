"""`garrison alerts`: what detectors noticed, the worst first, and what is done about it."""

from __future__ import annotations

import click

from garrison.cli.alerts._change import ack, assign, close, note, silence, silences, unsilence
from garrison.cli.alerts._list import follow, list_
from garrison.cli.alerts._responses import approve, reject, responses
from garrison.cli.alerts._show import routes, show, try_


class _Alerts(click.Group):
    """Lists, unless one of its commands is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or not args[0].startswith("-") or args[0] in ("-h", "--help"))
        return super().parse_args(ctx, args if named else ["list", *args])


@click.group(
    name="alerts",
    cls=_Alerts,
    epilog="""\b
Examples:
  garrison alerts                                       what is open, the worst incident first
  garrison alerts --since 1d --severity high            of the last day, from high on
  garrison alerts show 12                               all of one, and why its incident has the risk that it has
  garrison alerts ack 12 --text "looking at it"
  garrison alerts close 12 --as false-alarm "the nightly job"
  garrison alerts silence --rule 'Unusual*' --principal batch --for 2d "migration, CHG-1234"
  garrison alerts approve 3 "confirmed with the team"   a response that waits
  garrison alerts --format json                         for programs
\b
Exit codes: 0 done, 2 wrong usage, 3 incomplete: the ledger, or the file of alerts, could not be written now.""",
)
def command() -> None:
    """See what was noticed, and what is done about it.

    Without a command it lists: garrison alerts OPTIONS, see garrison alerts list --help.
    """


for _command in (
    list_,
    show,
    ack,
    assign,
    note,
    close,
    silence,
    silences,
    unsilence,
    responses,
    approve,
    reject,
    follow,
    routes,
    try_,
):
    command.add_command(_command)
