"""The table of events: a column for each field of `Event`, and who, when and how long of keeping it.

Columns are made from the fields of `Event`; what is written here is only where one is not kept as its type says.
`stored` is when an event came, and it counts its retention from there: no sender can have its events forgotten by lying about time,
nor make partitions by the thousand. Types and settings: https://clickhouse.com/docs/engines/table-engines/mergetree-family/mergetree
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec

from garrison.errors import ConfigError
from garrison.events.event import Event

DATABASE = "garrison"
TABLE = f"{DATABASE}.events"
LOCAL = f"{DATABASE}.events_local"  # on each node of a cluster

RETENTION_DAYS: Mapping[str, int | None] = {"standard": 400, "inference": 90, "hold": None}
"""Days that each class of events is kept; None: until it is released."""

MOST_DAYS = 20_000
"""What is kept for longer is kept for ever: a time of ClickHouse ends in 2106, and days beyond it would begin anew in 1970."""

RULES = (
    "SELECT if(position(create_table_query, ' TTL ') = 0, '', extract(create_table_query, ' TTL (.*) SETTINGS ')) "  # noqa: S608
    f"FROM system.tables WHERE concat(database, '.', name) IN ('{TABLE}', '{LOCAL}') AND engine LIKE '%MergeTree'"
)
"""What tells by which rules rows go, as ClickHouse writes them; also in a cluster, where one table holds them and another is over all."""

RULES_OF = r"SELECT extract(formatQuerySingleLine({q:String}), '\(MODIFY TTL (.*)\)$')"
"""The same of the statement `q` that puts rules in force."""


class Promise(msgspec.Struct, frozen=True):
    """What was stored before a moment, in seconds, is kept for at least so many days; None: for ever."""

    until: int
    days: int | None


# Long or seldom the same: not worth a dictionary.
_PLAIN = {"message", "status_detail", "uid", "request_uid", "cmd_line", "url_path", "resource", "file"}
_SPECIAL = {
    "time_us": "DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1))",
    "raw": "String CODEC(ZSTD(1))",
    "sketches": "String CODEC(ZSTD(1))",
}
_TYPES: Mapping[Any, str] = {
    str: "LowCardinality(String) CODEC(ZSTD(1))",
    int: "Int64 CODEC(ZSTD(1))",
    bool: "Nullable(Bool)",
}
KEPT = {
    "stored": "DateTime('UTC') CODEC(Delta, ZSTD(1))",
    "batch": "LowCardinality(String) CODEC(ZSTD(1))",
    "row": "UInt32 CODEC(Delta, ZSTD(1))",  # in its batch
    "mark": "UInt32",  # of the event's digest: finds the one event of a batch that was changed
    "retention": "LowCardinality(String)",
}
"""What is kept beside the fields of an event."""

SETTINGS = {
    "fsync_after_insert": 1,
    "fsync_part_directory": 1,
    "index_granularity": 8192,
    "non_replicated_deduplication_window": 1000,  # a batch that is sent again is stored once
    "merge_with_ttl_timeout": 86_400,
}
CLUSTER_SETTINGS = {k: v for k, v in SETTINGS.items() if k != "non_replicated_deduplication_window"} | {
    "replicated_deduplication_window": 1000
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


def columns() -> dict[str, str]:
    """The columns of the fields of `Event`, each with its type and codec."""
    return {field.name: _column(field.name, field.type) for field in msgspec.structs.fields(Event)}


def type_of(column: str) -> str:
    """The type of a column, less its codec."""
    return column.partition(" CODEC")[0]


def embedded(retention: Mapping[str, int | None] = RETENTION_DAYS) -> list[str]:
    """What makes the table on this machine, or adds to one the columns that it does not have yet."""
    create = f"CREATE TABLE IF NOT EXISTS {TABLE} ({_body()}) ENGINE = MergeTree {_tail(retention, SETTINGS)}"
    return [f"CREATE DATABASE IF NOT EXISTS {DATABASE}", create, *_additions(TABLE, "")]


def clustered(cluster: str, retention: Mapping[str, int | None] = RETENTION_DAYS) -> list[str]:
    """The same for a cluster: a replicated table on each shard, and one over all of them. Raises ConfigError for a name that is none."""
    on = f' ON CLUSTER "{named(cluster)}"'
    engine = f"ReplicatedMergeTree('/clickhouse/tables/{{shard}}/{LOCAL}', '{{replica}}')"
    spread = f"Distributed('{cluster}', '{DATABASE}', 'events_local', cityHash64(batch))"
    return [
        f"CREATE DATABASE IF NOT EXISTS {DATABASE}{on}",
        f"CREATE TABLE IF NOT EXISTS {LOCAL}{on} ({_body()}) ENGINE = {engine} {_tail(retention, CLUSTER_SETTINGS)}",
        f"CREATE TABLE IF NOT EXISTS {TABLE}{on} AS {LOCAL} ENGINE = {spread}",
        *_additions(LOCAL, on),
        *_additions(TABLE, on),
    ]


def granted(cluster: str) -> list[str]:
    """The roles of a cluster, and what each may: nobody may drop, truncate, delete or update, and only who administers changes when rows go.

    A user of each role is for whoever runs the cluster to make. Privileges: https://clickhouse.com/docs/sql-reference/statements/grant
    Raises ConfigError for a name that is none.
    """
    on = f' ON CLUSTER "{named(cluster)}"'
    told = ", ".join(f"SELECT ON system.{name}" for name in ("columns", "parts", "tables"))
    reads = f"SELECT ON {DATABASE}.*, {told}"
    rows = ", ".join(
        f"INSERT ON {table}{local}" for table in (TABLE, f"{DATABASE}.samples") for local in ("", "_local")
    )
    may = {
        "reader": reads,
        "writer": f"{reads}, {rows}",
        "admin": f"{reads}, ALTER TTL ON {LOCAL}, CLUSTER ON *.*",  # the last: to say it to all of the cluster at once
    }
    made = [f"CREATE ROLE IF NOT EXISTS {DATABASE}_{role}{on}" for role in may]
    return [*made, *(f"GRANT{on} {said} TO {DATABASE}_{role}" for role, said in may.items())]


def once(name: str) -> dict[str, Any]:
    """Settings of an insert: a batch of a name is stored once, and told stored when it is.

    A cluster does both in the background unless it is asked: https://clickhouse.com/docs/operations/settings/settings
    (`distributed_foreground_insert`, `insert_quorum`: of replicas, the greater part).
    """
    return {"insert_deduplication_token": name, "distributed_foreground_insert": 1, "insert_quorum": "auto"}


def named(cluster: str) -> str:
    """A cluster's name. Raises ConfigError for one that is none."""
    if not _NAME.fullmatch(cluster):
        raise ConfigError(f"{cluster!r} is no name of a cluster", hint="letters, digits, - and _")
    return cluster


def ttl(
    retention: Mapping[str, int | None],
    held: Sequence[str] = (),
    promised: Mapping[str, Sequence[Promise]] | None = None,
) -> str:
    """When rows go: of each class after its days, but for those that any of the conditions `held` is true of. Empty where none ever goes.

    What was `promised` longer when it was stored is kept for longer. Raises ConfigError for a class or days that are none.
    """
    rules: dict[int, list[str]] = {}
    for name, days in retention.items():
        earlier = (promised or {}).get(name, ())
        if not _NAME.fullmatch(name) or not all(_is_span(said) for said in (days, *(one.days for one in earlier))):
            hint = f"a name, and 1 to {MOST_DAYS:,} days, or for ever"
            raise ConfigError(f"retention {name!r}: {days} is none", hint=hint)
        for kept_days, span in _spans(days, earlier):
            if kept_days is not None:
                rules.setdefault(kept_days, []).append(f"retention = '{name}'{span}")
    kept = "".join(f" AND NOT ({condition})" for condition in held)
    return ", ".join(
        f"stored + toIntervalDay({days}) DELETE WHERE {said[0] if len(said) == 1 else _any(said)}{kept}"
        for days, said in rules.items()  # one rule for as many days: ClickHouse knows a rule by its expression
    )


def retained(rules: str, cluster: str = "") -> str:
    """The statement by which rows go by these rules (`ttl`)."""
    table = f'{LOCAL} ON CLUSTER "{named(cluster)}"' if cluster else TABLE
    return f"ALTER TABLE {table} MODIFY TTL {rules}" if rules else f"ALTER TABLE {table} REMOVE TTL"


def _is_span(days: int | None) -> bool:
    return days is None or 1 <= days <= MOST_DAYS


def _any(conditions: Sequence[str]) -> str:
    return f"({' OR '.join(f'({one})' for one in conditions)})"


def _spans(days: int | None, promised: Sequence[Promise]) -> list[tuple[int | None, str]]:
    """For how long what was stored in each span of time is kept, the longer of what was promised then and what is said now."""
    spans: list[tuple[int | None, int | None]] = []  # until when, and its days
    for until, said in (*((one.until, one.days) for one in promised), (None, days)):
        longest = None if said is None or days is None else max(said, days)
        if spans and spans[-1][1] == longest:
            spans.pop()
        spans.append((until, longest))
    found, since = list[tuple[int | None, str]](), ""
    for until, longest in spans:
        before = "" if until is None else f" AND stored < toDateTime({until}, 'UTC')"
        found.append((longest, since + before))
        since = f" AND stored >= toDateTime({until}, 'UTC')"
    return found


def _column(name: str, type_: Any) -> str:
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name in _PLAIN:
        return "String CODEC(ZSTD(1))"
    plain = next((arg for arg in get_args(type_) if arg is not type(None)), type_)
    if isinstance(plain, type) and issubclass(plain, enum.IntEnum):
        return "Int32 CODEC(ZSTD(1))"
    return _TYPES[plain]


def _body() -> str:
    made = [f"{name} {form}" for name, form in {**columns(), **KEPT}.items()]
    made.append("INDEX message_words message TYPE text(tokenizer = splitByNonAlpha)")
    made.append("INDEX batches batch TYPE minmax GRANULARITY 1")
    return ", ".join(made)


def _tail(retention: Mapping[str, int | None], settings: Mapping[str, int]) -> str:
    rules = f" TTL {found}" if (found := ttl(retention)) else ""
    said = ", ".join(f"{name} = {value}" for name, value in settings.items())
    return f"PARTITION BY toYYYYMMDD(stored) ORDER BY (product, class_uid, time_us){rules} SETTINGS {said}"


def _additions(table: str, on: str) -> list[str]:
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {form}" for name, form in {**columns(), **KEPT}.items())
    return [f"ALTER TABLE {table}{on} {added}"]
