"""Policies of Cedar (https://docs.cedarpolicy.com/policies/syntax-policy.html): those of the gateway, and others.

Each statement is one resource of the type `policy`. The *root* is the file's folder; the *address* ends with what `@id`
calls it, else with its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "cedar", "Cedar policies"
ENDING, LANGUAGE = "cedar", "text"  # of examples


def claims(file: File) -> bool:
    """Whether the file is of this format, by its name."""
    return file.name.endswith(".cedar")


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """The statements of the files."""
    from garrison.sources.cedar.files import read_policies

    return list(read_policies(files, tree))
