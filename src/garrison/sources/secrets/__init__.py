"""Secrets in files of whatever format: what is told by its shape, and passwords that are written into programs.

One resource of the type `secret` for each secret and file, at the first place where it stands; its *address* is
`folder:file#shape`. Files of other formats are looked into as well, which does not make them read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "secrets", "secrets"
ENDING, LANGUAGE = "txt", "text"  # of examples
BESIDE = True


def claims(file: File) -> bool:
    """Whether something in it may be a secret. Raises OSError."""
    from garrison.sources.secrets.look import may_have

    return may_have(file)


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """What is a secret."""
    from garrison.sources.secrets.look import secrets_in

    return [found for file in files for found in secrets_in(file, tree)]
