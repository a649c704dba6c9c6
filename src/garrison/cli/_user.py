"""Who runs a command."""

from __future__ import annotations

import getpass
import os


def user() -> str:
    """Who is logged in; a container may have no name for him."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
