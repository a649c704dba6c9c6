"""Jupyter notebooks as documents, and Python programs that open a tunnel: what their code calls, and what it runs.

One resource of the type `code` for each file; the *root* is its folder, the *address* `folder:file`. The code is read,
never run. Format of notebooks: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "notebooks", "notebooks"
ENDING, LANGUAGE = "ipynb", "json"  # of examples


def claims(file: File) -> bool:
    """Whether it is a notebook, or a program that shares itself over the internet."""
    if file.name.endswith(".ipynb"):
        return True
    return file.name.endswith(".py") and b"share=True" in file.data and b"gradio" in file.data


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """What the code in them calls and runs."""
    from garrison.sources.notebooks.documents import read_documents

    return list(read_documents(files, tree))
