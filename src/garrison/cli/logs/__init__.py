"""`garrison logs`: what happened, looked for in one place."""

from __future__ import annotations

import click

from garrison.cli.logs._quarantine import quarantine
from garrison.cli.logs._retention import hold, retention
from garrison.cli.logs._schema import schema
from garrison.cli.logs._search import search
from garrison.cli.logs._store import load, stats, verify


class _Logs(click.Group):
    """Looks for events, unless one of its commands is named."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        del ctx
        name = args[0] if args else ""
        return (name, self.commands[name], args[1:]) if name in self.commands else ("search", search, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] in ("-h", "--help"):
            return super().parse_args(ctx, args)
        return super().parse_args(ctx, args if args and args[0] in self.commands else ["search", *args])


@click.group(
    name="logs",
    cls=_Logs,
    epilog="""\b
Examples:
  garrison logs import trail.json --log aws-cloudtrail           a log file goes into the store
  garrison logs actor_user=ann api_operation~Delete --since 2h   what Ann deleted in the last two hours
  garrison logs status=failure -src_ip=10.0.0.0/8 "AccessDenied" what failed from outside, with this text in it
  garrison logs --sql "SELECT product, count() FROM garrison.events GROUP BY product"
  garrison logs --follow severity>=high                          what is to come
  garrison logs stats                                            what is there, and since when
  garrison logs verify                                           whether stored events were changed or removed
  garrison logs retention                                        for how long events are kept
  garrison logs hold add case-7 actor_user=ann --reason "..."    keep these for longer
  garrison logs quarantine list                                  lines that are no events
\b
Exit codes: 0 in order, 1 stored events were changed or removed, 2 wrong usage, 3 incomplete: lines were not of the format, or the
store takes nothing now.""",
)
def command() -> None:
    """Search the events of all logs.

    Without a command it looks for events: garrison logs FILTER..., see garrison logs search --help.
    """


for _command in (search, load, stats, verify, retention, hold, quarantine, schema):
    command.add_command(_command)
