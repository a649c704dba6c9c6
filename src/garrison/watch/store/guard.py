"""What a credential may ask of the embedded store, judged on ClickHouse's own syntax tree.

A statement reads, whoever sends it: the tables of the store, and those of ClickHouse that tell about them. There is none that makes,
changes or deletes anything. A writer's insertions and an administrator's changes are requests of their own, and no text of SQL.

What is not known is refused: a kind of node, a table, a function that ClickHouse itself puts among those that leave the store. Names are
looked at wherever one is taken for a function: `file(x)`, `* APPLY file`, `arrayMap(file, [x])`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from garrison.errors import EventsError
from garrison.watch.store.schema import DATABASE


class Role(enum.StrEnum):
    """Whose credential it is."""

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"


LEAVING: Final = """
WITH ['AI', 'Dictionary', 'Embedded Dictionary', 'Introspection'] AS kinds
SELECT name FROM system.table_functions
UNION DISTINCT SELECT name FROM system.functions WHERE origin != 'System' OR categories IN kinds
UNION DISTINCT SELECT name FROM system.functions WHERE alias_to IN (SELECT name FROM system.functions WHERE categories IN kinds)
UNION DISTINCT SELECT arrayJoin(['joinGet', 'joinGetOrNull', 'showCertificate', 'generateSerialID', 'reverseDNSQuery', 'catboostEvaluate'])
"""
"""The functions that may read files, the network, dictionaries or what is none of a reader's business, as ClickHouse knows them."""

TAKING: Final = "SELECT name FROM system.functions WHERE higher_order"
"""The functions that take a function."""

# They make rows out of nothing, or name what is plain elsewhere too.
_HARMLESS = {"numbers", "numbers_mt", "zeros", "zeros_mt", "values", "view", "null", "format", "generate_series", "generateseries"}  # fmt: skip
_TABLES = {DATABASE: {"events", "samples"}, "system": {
    "build_options", "columns", "data_skipping_indices", "data_type_families", "databases", "formats", "functions", "merges", "mutations",
    "numbers", "numbers_mt", "one", "parts", "parts_columns", "settings", "table_functions", "tables", "time_zones", "zeros", "zeros_mt",
}}  # fmt: skip
_NODES = {
    "ArrayJoin", "Asterisk", "ColumnsApplyTransformer", "ColumnsExceptTransformer", "ColumnsListMatcher", "ColumnsRegexpMatcher",
    "ColumnsReplaceTransformer", "ColumnsReplaceTransformerReplacement", "ColumnsTransformerList", "DataType", "ExplainQuery",
    "ExpressionList", "Function", "Identifier", "InterpolateElement", "Literal", "NameTypePair", "OrderByElement", "QualifiedAsterisk",
    "QualifiedColumnsListMatcher", "QualifiedColumnsRegexpMatcher", "QueryParameter", "SampleRatio", "SelectIntersectExceptQuery",
    "SelectQuery", "SelectWithUnionQuery", "Subquery", "TableExpression", "TableIdentifier", "TableJoin", "TablesInSelectQuery",
    "TablesInSelectQueryElement", "TupleDataType", "WindowDefinition", "WindowListElement", "WithElement",
}  # fmt: skip
_Node = dict[str, Any]


class Known(msgspec.Struct, frozen=True):
    """Names of functions, in small letters: those that leave the store, and those that take functions."""

    leaving: frozenset[str]
    taking: frozenset[str]

    @classmethod
    def of(cls, leaving: str, taking: str) -> Known:
        """What ClickHouse answers to `LEAVING` and to `TAKING`, a name a line."""
        return cls(frozenset(leaving.lower().split()) - _HARMLESS, frozenset(taking.lower().split()))


def check(tree: bytes, known: Known) -> None:
    """Raises EventsError where a statement does more than read the store. It is told by ClickHouse's `parseQueryToJSON`."""
    try:
        top = msgspec.json.decode(tree.decode("utf8", "replace"))  # literals are bytes
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refused("the statement cannot be judged, as one that is nested too deeply") from error
    for node in _nodes(top):
        kind = node["type"]
        if kind not in _NODES:
            raise _refused(f"{kind} does more than read")
        if "out_file" in node or "settings_ast" in node:
            raise _refused("files are not written from here, and settings stay as they are")
        if kind == "QueryParameter" and node.get("param_type") == "Identifier":
            raise _refused("a parameter is a value, not a name")
        if kind in ("Identifier", "TableIdentifier"):
            _check_name(node)
        elif called := set(_called(node, known)) & known.leaving:
            raise _refused(f"{called.pop()}: files and the network are not read from here")


def _nodes(top: _Node) -> Iterator[_Node]:
    """All nodes of a tree. What a literal holds is no node."""
    waiting: list[Any] = [top]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            if "type" in one:
                yield one
            if one.get("type") != "Literal":
                explains = one.get("type") == "ExplainQuery"  # whose settings say how much it tells
                waiting += [value for name, value in one.items() if not (explains and name == "settings")]


def _check_name(node: _Node) -> None:
    """Other databases than ours are named in full, as a table or behind IN; what has one part is a column or a table of ours."""
    parts = node.get("name_parts") or [node["name"]]
    database, *inner = parts
    if not inner or inner[0] in _TABLES.get(database, ()):
        return
    if node["type"] == "TableIdentifier" or database.lower() in (*_TABLES, "default", "information_schema"):
        raise _refused(f"{node['name']} is no table of the store")


def _called(node: _Node, known: Known) -> Iterator[str]:
    """The names that a node takes for functions, in small letters."""
    if name := node.get("func_name"):
        yield name.lower()
    if node["type"] != "Function":
        return
    name = node["name"].lower()
    yield name
    if name in known.taking:
        given = node.get("arguments", {}).get("children", ())
        yield from (one["name"].lower() for one in given if one["type"] == "Identifier")


def _refused(why: str) -> EventsError:
    return EventsError(f"refused: {why}", hint="events are read with SELECT; nobody deletes them before their time")
