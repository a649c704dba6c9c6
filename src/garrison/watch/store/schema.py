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


def ttl(retention: Mapping[str, int | None], held: Sequence[str] = ()) -> str:
    """When rows go: of each class after its days, but for those that any of the conditions `held` is true of. Empty where none ever goes.

    Raises ConfigError for a class or days that are none.
    """
    rules = []
    kept = "".join(f" AND NOT ({condition})" for condition in held)
    for name, days in retention.items():
        if not _NAME.fullmatch(name) or (days is not None and days < 1):
            raise ConfigError(f"retention {name!r}: {days} is none", hint="a name, and at least one day")
        if days is not None:
            rules.append(f"stored + toIntervalDay({days}) DELETE WHERE retention = '{name}'{kept}")
    return ", ".join(rules)


def retained(retention: Mapping[str, int | None], held: Sequence[str], cluster: str = "") -> str:
    """The statement by which other rows go than before."""
    table = f'{LOCAL} ON CLUSTER "{named(cluster)}"' if cluster else TABLE
    rules = ttl(retention, held)
    return f"ALTER TABLE {table} MODIFY TTL {rules}" if rules else f"ALTER TABLE {table} REMOVE TTL"


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
