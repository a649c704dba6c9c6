"""Descriptions of HTTP interfaces: OpenAPI 3.0 and 3.1, and Swagger 2.0, in YAML and JSON.

A description is one asset with its operations and security schemes as parts. Its *type* is `OpenAPI` or `Swagger`, its
*root* the file, its *address* `file:api`. `$ref`s are followed in the file and to other files of the tree; what they
name elsewhere is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "openapi", "OpenAPI"
ENDING, LANGUAGE = "openapi.yaml", "yaml"  # of examples

_ENDINGS = (".yaml", ".yml", ".json")
# In YAML in the first column; in JSON, and in YAML's flow style, wherever it stands: the reader looks again.
_SAID = re.compile(
    rb"""^(?:\xef\xbb\xbf)?(?:openapi|swagger|"openapi"|"swagger"|'openapi'|'swagger')[ \t]*:[ \t]*["']?(?:3\.|2\.0)"""
    rb"""|[{,]\s*["']?(?:openapi|swagger)["']?\s*:\s*["']?(?:3\.|2\.0)""",
    re.MULTILINE,
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def claims(file: File) -> bool:
    """Whether it says that it is a description, of a version that is read."""
    if not file.name.endswith(_ENDINGS):
        return False
    data = file.data
    if data.startswith(_UTF16):
        return True
    return (b"openapi" in data or b"swagger" in data) and _SAID.search(data) is not None


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """One resource for each description."""
    from garrison.sources.openapi.descriptions import read_descriptions

    return read_descriptions(files, tree)
