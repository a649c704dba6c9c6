"""What a credential may ask of the embedded store, judged on ClickHouse's own syntax tree.

No credential deletes or changes events: there is none for it. A reader reads tables, not files nor the network.
"""

from __future__ import annotations

import enum
import re

from garrison.errors import EventsError


class Role(enum.StrEnum):
    """Whose credential it is."""

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"


# They make rows out of nothing, or name what is plain elsewhere too.
_HARMLESS = {
    "numbers",
    "numbers_mt",
    "zeros",
    "zeros_mt",
    "values",
    "view",
    "null",
    "format",
    "generate_series",
    "generateSeries",
}
_READS = ("SelectWithUnionQuery", "SelectIntersectExceptQuery", "DescribeQuery", "ShowCreateTableQuery", "Explain")
_ALTERS = ("ADD_COLUMN", "ADD_INDEX", "MODIFY_TTL", "REMOVE_TTL")
_FUNCTION = re.compile(r"^ *Function (\S+)", re.MULTILINE)
_ALTER = re.compile(r"^ *AlterCommand (\S+)", re.MULTILINE)
_OUTFILE = re.compile(r"^ Literal ", re.MULTILINE)  # what stands beside the query itself: INTO OUTFILE


def check(role: Role, tree: str, table_functions: frozenset[str]) -> None:
    """Raises EventsError where a statement, told by its `EXPLAIN AST`, is not for this role."""
    kind = tree.split(maxsplit=1)[0] if tree.strip() else ""
    if any(name in table_functions - _HARMLESS for name in _FUNCTION.findall(tree)) or _OUTFILE.search(tree):
        raise _refused("files and the network are not read from here")
    if kind in _READS:
        return
    if kind == "InsertQuery" and role is Role.WRITER:
        return
    if role is Role.ADMIN and (
        kind == "CreateQuery" or (kind == "AlterQuery" and set(_ALTER.findall(tree)) <= set(_ALTERS))
    ):
        return
    raise _refused(f"{kind or 'this'} is not for {role}s")


def _refused(why: str) -> EventsError:
    return EventsError(f"refused: {why}", hint="events are read with SELECT; nobody deletes them before their time")
