"""Who runs a command, and for whom."""

from __future__ import annotations

import getpass
import os

import click

actor_option = click.option(
    "--actor", envvar="GARRISON_ACTOR", show_envvar=True,
    help="Who does it: service:..., or a person's name. Default: who is logged in.",
)  # fmt: skip


def user() -> str:
    """Who is logged in; a container may have no name for him."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
