"""The command line: a module per command, loaded when it is asked for."""

from __future__ import annotations

import errno
import importlib
import os
import pkgutil
import sys
from typing import NoReturn

import click

from garrison import __version__
from garrison.errors import ExitCode, GarrisonError, UsageError, nearest

COMPLETE = "_GARRISON_COMPLETE"  # the variable in which a shell asks what can be completed
_INTERRUPTED = 130  # what shells say of a program that was stopped by Ctrl-C
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_UNHEARD = 120  # what Python ends with where its output cannot be written


class Done(SystemExit):
    """A command that has ended everything it began: the process need not free its objects one by one."""


class Commands(click.Group):
    """Finds the commands of a package by module name, so that `garrison --version` imports none of them."""

    package = __name__

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        path = sys.modules[self.package].__path__
        return sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{self.package}.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a hint for a command that does not exist."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            names = self.list_commands(ctx)
            raise UsageError(
                f"no command is called {args[0]}", hint=nearest(args[0], names, f"one of: {', '.join(names)}")
            )
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="garrison")
def program() -> None:
    """Secure the infrastructure around machine-learning models."""


def main() -> None:
    """The entry point. What goes wrong becomes its own words and an exit code, never that of findings."""
    try:
        program(standalone_mode=True, complete_var=COMPLETE)
    except GarrisonError as error:
        from garrison.report.terminal.text import clean

        # What went wrong may be named in a file of somebody else: it is shown, not obeyed.
        click.echo("\n".join(clean(line) for line in str(error).split("\n")), err=True)
        sys.exit(error.exit_code)
    except Done as done:
        _end(int(done.code or 0))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except OSError as error:
        if error.errno not in _FULL:
            _defect()
        where = f" to {error.filename}" if error.filename else ""
        click.echo(f"The output cannot be written{where}: {error.strerror}. Make room, and run it again.", err=True)
        sys.exit(ExitCode.INCOMPLETE)
    except Exception:  # noqa: BLE001 - told, and ended
        _defect()


def _defect() -> NoReturn:
    """A defect of Garrison: said in full, and not taken for findings."""
    import traceback

    traceback.print_exc()
    click.echo("This is a defect of Garrison: please report it with the lines above.", err=True)
    sys.exit(ExitCode.INCOMPLETE)


def _end(code: int) -> NoReturn:
    """End at once. To take apart what a large scan has made would cost it a tenth of its time."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = _UNHEARD
    os._exit(code)
