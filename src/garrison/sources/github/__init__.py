"""Workflows of GitHub Actions, and composite actions.

A workflow is one asset, each of its jobs another, with its steps as parts. Types are `Workflow`, `Job` and, for the steps of a
composite action, `Action`. The *root* is the file, *addresses* are `file:workflow` and `file:workflow/jobs[name]`.
Settings of the repository (protected branches, rules of environments, what tokens may do by default) are not in files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "github", "GitHub Actions"
ENDING, LANGUAGE = "workflow.yaml", "yaml"  # of examples

_ENDINGS = (".yaml", ".yml")
_FOLDER = "/.github/workflows"
_ACTIONS = frozenset({"action.yml", "action.yaml"})
_TOP = re.compile(rb"""^(?:\xef\xbb\xbf)?["']?(on|jobs|runs)["']?[ \t]*:""", re.MULTILINE)


def claims(file: File) -> bool:
    """Whether it lies where workflows do, is called as actions are, or says by its name that it is a workflow."""
    name = file.name
    if not name.endswith(_ENDINGS):
        return False
    if name in _ACTIONS:
        return b"runs" in set(_TOP.findall(file.data))
    if file.location.endswith(f"{_FOLDER}/{name}"):
        return True
    return name.endswith(ENDING) and {b"on", b"jobs"} <= set(_TOP.findall(file.data))


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """A resource for each workflow, job and composite action."""
    from garrison.sources.github.workflows import read_workflows

    return read_workflows(files, tree)
