"""The files of `garrison gateway`: `gateway.toml`, in YAML too.

Each is one resource of the type `gateway`. The *root* is the file's folder, the *address* `folder:file`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "gateway", "model gateway"
ENDING, LANGUAGE = "gateway.toml", "toml"  # of examples
_NAMES = ("gateway.toml", "gateway.yaml", "gateway.yml")
_MARKS = [
    re.compile(rf"^[ \t]*\[?[ \t]*[\"']?{word}[\"']?[ \t]*[.:=\]]".encode(), re.MULTILINE)
    for word in ("listener", "upstream")
]


def claims(file: File) -> bool:
    """Whether it says where the gateway listens, and what it stands before. Raises OSError."""
    return file.name.endswith(_NAMES) and all(mark.search(file.data) for mark in _MARKS)


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """A resource for each file that can be read."""
    from garrison.sources.gateway.files import read_gateways

    return list(read_gateways(files, tree))
