"""The command line: a module per command, loaded when it is asked for."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from garrison import __version__
from garrison.errors import ExitCode, GarrisonError


class Commands(click.Group):
    """Finds commands by module name, so that `garrison --version` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(m.name for m in pkgutil.iter_modules(__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"garrison.cli.{cmd_name}").command
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="garrison")
def program() -> None:
    """Secure the infrastructure around machine-learning models."""


def main() -> None:
    """The entry point. A GarrisonError becomes its own words and exit code 2."""
    try:
        program()
    except GarrisonError as error:
        click.echo(str(error), err=True)
        sys.exit(ExitCode.USAGE)
