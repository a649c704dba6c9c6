"""Python that is read, never run."""

from __future__ import annotations

import ast
import warnings

from garrison.estate.values import Place, Source
from garrison.sources.nodes import Complaint

MAX_BYTES = 1_000_000


def parse(source: Source | str, first_line: int = 0) -> ast.Module | Complaint:
    """The syntax tree of a text, or what keeps it from being one. Columns of its nodes count bytes."""
    data = source if isinstance(source, str) else source.data
    if len(data) > MAX_BYTES:
        return Complaint(
            first_line + 1, f"it is larger than {MAX_BYTES // 1_000_000} MB, too large for a program", "split it"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # strange escapes are its author's concern
            return ast.parse(data)
    except SyntaxError as error:
        return Complaint(
            first_line + (error.lineno or 1), f"not valid Python: {error.msg}", "run it through Python once"
        )
    except (ValueError, RecursionError, MemoryError):
        return Complaint(
            first_line + 1, "it cannot be read as Python", "it is binary, or nested deeper than anything real"
        )


def place_of(node: ast.expr | ast.stmt, source: Source) -> Place:
    """Where a node stands. The columns of the source must count bytes."""
    end = (node.end_lineno or node.lineno) - 1, node.end_col_offset or node.col_offset
    return Place.at(source, (node.lineno - 1, node.col_offset), end)


def dotted(node: ast.expr) -> str:
    """`c.ServerApp.token` of names and attributes; "" for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join(reversed([*names, node.id]))
