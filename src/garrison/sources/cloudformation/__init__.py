"""CloudFormation and SAM templates in YAML and JSON.

A resource's *type* is its `Type`, its *root* the file, its *address* `file:LogicalId`. SAM's resources keep their own
types, with the template's `Globals` merged in. Parameters stand for their defaults, and say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "cloudformation", "CloudFormation"
ENDING, LANGUAGE = "cloudformation.yaml", "yaml"  # of examples

_ENDINGS = (".yaml", ".yml", ".json", ".template")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def claims(file: File) -> bool:
    """Whether it may be a template: one declares resources of AWS."""
    if not file.name.endswith(_ENDINGS):
        return False
    data = file.data
    return (b"Resources" in data and b"AWS::" in data) or data.startswith(_UTF16)


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """The resources of every template in which a type is written that some table names."""
    from garrison.sources.cloudformation.templates import read_templates
    from garrison.sources.mapping.table import wanted

    return read_templates(files, tree, wanted(NAME))
