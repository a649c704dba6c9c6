"""Pipelines of GitLab CI.

A pipeline is one asset, each of its jobs another, its scripts as steps. Types are `Pipeline` and `Job`. The *root* is the
file, *addresses* are `file:pipeline` and `file:pipeline/jobs[name]`. What is included from the same tree is read with it; what
is included from elsewhere is named. Settings of the project (variables, protected branches and environments) are not in files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "gitlab", "GitLab CI"
ENDING, LANGUAGE = "gitlab-ci.yml", "yaml"  # of examples

_ENDINGS = (".gitlab-ci.yml", ".gitlab-ci.yaml")


def claims(file: File) -> bool:
    """Whether it is called as GitLab calls pipelines."""
    return file.name.endswith(_ENDINGS)


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """A resource for each pipeline and each of its jobs."""
    from garrison.sources.gitlab.pipelines import read_pipelines

    return read_pipelines(files, tree)
