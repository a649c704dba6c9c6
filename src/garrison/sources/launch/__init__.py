"""Start commands of known servers on hosts: systemd units, shell scripts, Procfiles, Ray's cluster files.

A unit is read whole (type `unit`, with its commands as processes); of the others only the commands that start a known
server (type `command`). The *root* is the file's folder, the *address* `folder:file` for a unit, `folder:file/server`
for a command.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "launch", "start commands"
ENDING, LANGUAGE = "service", "ini"  # of examples

_UNITS = (".service", ".service.j2")
_SCRIPTS = (".sh", ".bash", ".zsh")
_DROP_IN = re.compile(r"\.service\.d/[^/]+\.conf$")
_MAX_BYTES = 1_000_000  # of a script without an ending
_RAY = b"head_start_ray_commands"


def claims(file: File) -> bool:
    """Whether commands may stand in it, by its name; by its first bytes where that has no ending."""
    name = file.name
    if name.endswith(_SCRIPTS) or name.endswith(_UNITS) or name.startswith("Procfile"):
        return True
    if name.endswith(".conf"):
        return _DROP_IN.search(file.path) is not None
    if name.endswith((".yaml", ".yml")):
        data = file.data
        return data.find(b"apiVersion", 0, 1000) < 0 and _RAY in data
    return "." not in name and file.size_bytes < _MAX_BYTES and file.data.startswith(b"#!")


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """The units, and the servers that commands start."""
    from garrison.sources.launch.files import read_files

    return list(read_files(files, tree))
