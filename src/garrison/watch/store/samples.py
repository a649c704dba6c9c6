"""Measurements of machines, in a table beside that of events, and what baselines want of them: use of CPU, GPU and network by the hour.

A counter's use is the sum of its rises: where it falls it was begun anew. They come through a spool of their own, and a batch that is
stored again, under its name, is stored once.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from garrison.errors import BusyError
from garrison.watch.receive.input import Sample
from garrison.watch.spool import Batch, Spool, Taken
from garrison.watch.store.schema import CLUSTER_SETTINGS, DATABASE, SETTINGS, named, once

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TABLE = f"{DATABASE}.samples"
LOCAL = f"{DATABASE}.samples_local"  # on each node of a cluster
RETENTION_DAYS = 90

_COLUMNS = {
    "time_us": "DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1))",
    "name": "LowCardinality(String)",
    "value": "Float64 CODEC(Gorilla, ZSTD(1))",
    "host": "LowCardinality(String)",
    "labels": "Map(LowCardinality(String), String) CODEC(ZSTD(1))",
    "source": "LowCardinality(String)",
}
COLUMNS = tuple(_COLUMNS)
_STORED = "stored DateTime('UTC') DEFAULT now('UTC') CODEC(Delta, ZSTD(1))"
_encode = msgspec.msgpack.Encoder().encode

_WINDOW = "intDiv(toUnixTimestamp64Micro(time_us), {step:Int64}) * {step:Int64}"
_SPAN = "time_us >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') AND time_us < fromUnixTimestamp64Micro({until:Int64}, 'UTC')"
_RISES = (
    f"SELECT host, {_WINDOW} AS start, name, labels, deltaSumTimestamp(value, toUnixTimestamp64Micro(time_us)) AS rise, "  # noqa: S608 - values are parameters
    "toUnixTimestamp64Micro(max(time_us)) - toUnixTimestamp64Micro(min(time_us)) AS span_us "
    f"FROM {TABLE} WHERE {_SPAN} AND name IN {{names:Array(String)}} GROUP BY host, start, name, labels"
)
_CPU = (
    f"SELECT host, start, 1 - sumIf(rise, labels['mode'] IN ('idle', 'iowait')) / sum(rise) FROM ({_RISES}) "  # noqa: S608
    "GROUP BY host, start HAVING sum(rise) > 0"
)
_NETWORK = (
    f"SELECT host, start, sum(rise) / (max(span_us) / 1e6) FROM ({_RISES}) "  # noqa: S608
    "GROUP BY host, start HAVING max(span_us) > 0"
)
_GPU = (
    f"SELECT host, {_WINDOW} AS start, avg(value) / 100 FROM {TABLE} "  # noqa: S608
    f"WHERE {_SPAN} AND name IN {{names:Array(String)}} GROUP BY host, start"
)


class Resource(enum.StrEnum):
    """What of a machine is used; the words of baselines."""

    CPU = "cpu"  # share, 0 to 1
    GPU = "gpu"  # share, 0 to 1, of all its GPUs
    NETWORK = "network"  # bytes a second, both ways


_ASKED = {
    Resource.CPU: (_CPU, ["node_cpu_seconds_total"]),
    Resource.GPU: (_GPU, ["DCGM_FI_DEV_GPU_UTIL"]),
    Resource.NETWORK: (_NETWORK, ["node_network_receive_bytes_total", "node_network_transmit_bytes_total"]),
}


class Use(msgspec.Struct, frozen=True):
    """How much of a resource of a host was used in the time from `start_us` on."""

    host: str
    resource: Resource
    start_us: int
    value: float


def embedded() -> list[str]:
    """What makes the table on this machine."""
    return [f"CREATE TABLE IF NOT EXISTS {TABLE} ({_body()}) ENGINE = MergeTree {_tail(SETTINGS)}"]


def clustered(cluster: str) -> list[str]:
    """The same for a cluster, behind `schema.clustered`. Raises ConfigError for a name that is none."""
    on = f' ON CLUSTER "{named(cluster)}"'
    engine = f"ReplicatedMergeTree('/clickhouse/tables/{{shard}}/{LOCAL}', '{{replica}}')"
    spread = f"Distributed('{cluster}', '{DATABASE}', 'samples_local', cityHash64(host))"
    return [
        f"CREATE TABLE IF NOT EXISTS {LOCAL}{on} ({_body()}) ENGINE = {engine} {_tail(CLUSTER_SETTINGS)}",
        f"CREATE TABLE IF NOT EXISTS {TABLE}{on} AS {LOCAL} ENGINE = {spread}",
    ]


def keep(spool: Spool, source: str, samples: Sequence[Sample]) -> None:
    """Have samples of an input on the disk, in a spool of `COLUMNS`. Raises BusyError."""
    if not samples:
        return
    rows = [(one.time_us, one.name, one.value, one.host, one.labels, source) for one in samples]
    block = b"".join(_encode(value) for values in rows for value in values)
    spool.append(Batch([(source, one.name, one.time_us) for one in samples], [], [(len(rows), block)]))


def store(client: Client, taken: Taken) -> int:
    """Store a batch, once; how many samples. Raises BusyError."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        client.raw_insert(
            TABLE,
            column_names=list(taken.columns),
            insert_block=b"".join(block for _, block in taken.batch.blocks),
            settings=once(taken.name),
            fmt="MsgPack",
        )
    except (ClickHouseError, OSError) as error:
        raise BusyError(f"the store takes nothing: {error}", hint="samples wait in the spool until it does") from error
    return len(taken.batch.keys)


def use(client: Client, since_us: int, until_us: int, *, step_s: int = 3_600) -> Iterator[Use]:
    """What hosts used, in steps of time: of samples since the one moment and before the other."""
    for resource, (sql, names) in _ASKED.items():
        asked: dict[str, object] = {"since": since_us, "until": until_us, "step": step_s * 1_000_000, "names": names}
        for host, start_us, value in client.query(f"{sql} ORDER BY start, host", parameters=asked).result_rows:
            yield Use(str(host), resource, int(start_us), float(value))


def _body() -> str:
    return ", ".join([*(f"{name} {form}" for name, form in _COLUMNS.items()), _STORED])


def _tail(settings: dict[str, int]) -> str:
    said = ", ".join(f"{name} = {value}" for name, value in settings.items())
    ttl = f"TTL stored + toIntervalDay({RETENTION_DAYS})"
    return f"PARTITION BY toYYYYMMDD(stored) ORDER BY (name, host, time_us) {ttl} SETTINGS {said}"
