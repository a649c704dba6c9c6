"""Helm charts, rendered offline with their default values and those that are given, read as Kubernetes objects.

Rendering needs the extra `helm`; without it, and where a template cannot be rendered, the chart is named in a note.
An object's *root* is the folder of its chart, its places are those of the template that made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "helm", "Helm"
ENDING, LANGUAGE = "", "yaml"  # what it renders is shown by the examples of Kubernetes
TABLES = "kubernetes"


def claims(file: File) -> bool:
    """Whether it is what makes its folder a chart."""
    return file.name == "Chart.yaml"


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """The objects of the kinds that some table names, of every chart that is no part of another."""
    from garrison.sources.helm.charts import read_charts
    from garrison.sources.mapping.table import wanted

    return read_charts(files, tree, wanted(TABLES))
