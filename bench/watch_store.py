"""The store of events: `make bench-watch`.

    python bench/watch_store.py [--events 1000000] [--folder FOLDER]

Import: lines of the gateway and records of CloudTrail, redacted, mapped, spooled in the intake's slices and stored; CPU seconds of this
process and of the store's, so that the figure is that of one core whatever else runs. Then searches among those events; what they cost is the store's CPU and the time
that somebody waits. Goals are for 10 million events: with fewer, costs are scaled to them, and the line says so.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from garrison.events.mappers import mapped, mapper
from garrison.watch.redact.redactor import Redactor
from garrison.watch.rules.hunt import Hunted, hunt, named
from garrison.watch.rules.read import pack, read_rules
from garrison.watch.spool import Spool
from garrison.watch.store.client import Node, connected, start
from garrison.watch.store.guard import Role
from garrison.watch.store.rows import COLUMNS, batch
from garrison.watch.store.search import Search, read, stats
from garrison.watch.store.write import keep
from measure import cpu_s, line

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from garrison.watch.rules.rule import Rules

GOAL_EVENTS = 10_000_000
BEGIN_US = 1_795_000_000_000_000  # when the events begin
GROUP = 20_000
SLICE = 1_000  # as the intake takes them
RARE = "needle-7f3a91"
_ACTIONS = (
    "GetObject",
    "PutObject",
    "ListBucket",
    "AssumeRole",
    "InvokeModel",
    "DescribeInstances",
    "CreateTrainingJob",
    "DeleteObject",
)


def gateway(count: int, chance: random.Random) -> Iterator[bytes]:
    """Lines as the gateway writes them, a minute of one client much like the next."""
    for number in range(count):
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_795_000_000 + number // 400))
        model = f"model-{chance.randrange(40)}"
        refused = chance.random() < 0.02
        yield json.dumps({
            "time": f"{at}.{number % 1000:03}Z", "decision": "deny" if refused else "allow", "request_id": f"{chance.getrandbits(128):032x}",
            "client": f"client-{chance.randrange(500)}", "role": "service", "model": model, "action": "infer", "protocol": "v2",
            "reason": "no policy allows it" if refused else "", "method": "POST", "path": f"/v2/models/{model}/infer",
            "status": 403 if refused else 200, "request_bytes": chance.randrange(200, 9000), "response_bytes": chance.randrange(80, 900),
            "duration_ms": chance.randrange(2, 300), "upstream_address": "10.0.0.5:8080", "ip": f"10.1.{chance.randrange(8)}.{chance.randrange(250)}",
            "listener": "0.0.0.0:8443", "policy": "serve",
        }).encode()  # fmt: skip


def cloudtrail(count: int, chance: random.Random) -> Iterator[bytes]:
    """Records as CloudTrail writes them, about a kilobyte each."""
    for number in range(count):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_795_000_000 + number // 400))
        user, name = f"user-{chance.randrange(200)}", _ACTIONS[min(int(chance.expovariate(0.6)), len(_ACTIONS) - 1)]
        key = RARE if number == count // 2 else f"part-{chance.randrange(100_000):06}.parquet"
        yield json.dumps({
            "eventVersion": "1.09", "userIdentity": {"type": "IAMUser", "principalId": f"AIDA{user.upper()}", "arn": f"arn:aws:iam::111122223333:user/{user}",
            "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLEEXAMPLE00", "userName": user}, "eventTime": at, "eventSource": "s3.amazonaws.com",
            "eventName": name, "awsRegion": "eu-west-1", "sourceIPAddress": f"198.51.100.{chance.randrange(250)}",
            "userAgent": "[aws-cli/2.15.30 Python/3.11.8 Linux/6.1 exe/x86_64]", "requestParameters": {"bucketName": f"training-{chance.randrange(20)}", "key": f"sets/{key}"},
            "responseElements": None, "additionalEventData": {"SignatureVersion": "SigV4", "bytesTransferredOut": chance.randrange(1_000_000)},
            "requestID": f"{chance.getrandbits(64):016X}", "eventID": f"{chance.getrandbits(128):032x}", "readOnly": True, "eventType": "AwsApiCall",
            "managementEvent": False, "recipientAccountId": "111122223333", "eventCategory": "Data",
        }).encode()  # fmt: skip


def load(folder: Path, node: Node, log: str, lines: Iterator[bytes], count: int) -> float:
    """Import lines; CPU microseconds of an event. Making the lines is not counted."""
    form, redactor, used, before = mapper(log), Redactor.make([], b"k" * 32), 0.0, cpu_s(node.pid)
    with Spool.open(folder / "spool", COLUMNS) as spool, connected(folder / "store", Role.WRITER) as client:
        for at in range(0, count, GROUP):
            group = [one for _, one in zip(range(min(GROUP, count - at)), lines, strict=False)]
            began = time.process_time()
            for first in range(0, len(group), SLICE):
                some = group[first : first + SLICE]
                plain = zip(some, redactor.plain(form, some), strict=True)
                spool.append(
                    batch(mapped(form, one if told else redactor.line(form, one), log, at) for one, told in plain)
                )
            keep(client, spool, None)
            used += time.process_time() - began
    return (used + cpu_s(node.pid) - before) / count * 1e6


def cost(node: Node, ask: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of the store and seconds of waiting. Once: the store remembers where a condition found nothing."""
    cpu, began = cpu_s(node.pid), time.perf_counter()
    ask()
    return cpu_s(node.pid) - cpu, time.perf_counter() - began


def hunted(client: Client, found: Rules) -> int:
    """Look back with a rule of the pack; how many matches."""
    rule = named(found, "The account's trail is stopped or taken away")
    return sum(
        1
        for _ in hunt(
            client,
            found,
            rule,
            since_us=BEGIN_US - 30 * 86_400_000_000,
            until_us=BEGIN_US + 86_400_000_000,
            hunted=Hunted(),
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--events", type=int, default=1_000_000, help="half of the gateway, half of CloudTrail")
    parser.add_argument("--folder", type=Path, help="on the disk where a store would be")
    said = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=said.folder))
    half, chance, node = said.events // 2, random.Random(7), start(folder / "store")
    try:
        for name, log, lines in (
            ("gateway lines", "garrison-gateway", gateway),
            ("CloudTrail", "aws-cloudtrail", cloudtrail),
        ):
            spent = load(folder, node, log, lines(half, chance), half)
            line(f"import {name}, events a CPU second (goal at most 60000)", 1e6 / spent, 35_000, "ev/s", at_least=True)
        with connected(folder / "store", Role.READER) as client:
            found = stats(client)
            line(f"stored of {found['events']:,} events, each", found["bytes"] / found["events"], 250, "B")
            scale = GOAL_EVENTS / found["events"]
            note = "" if scale == 1 else f", scaled from {found['events']:,}"
            list(read(client, "SELECT 1", {}, "TSV"))
            _, idle = cost(node, lambda: list(read(client, "SELECT 2", {}, "TSV")))  # of asking, however few events

            def scaled(wall: float) -> float:
                total: float = idle + max(wall - idle, 0.0) * scale
                return total

            for name, goal, in_cpu, where in (
                ("rare text in the line", 6, True, f'"{RARE}"'),
                ("word of the message", 2, False, "message:nothing7f3a"),
            ):
                condition, values = Search(where).where()
                sql = f"SELECT count() FROM garrison.events WHERE {condition}"
                cpu, wall = cost(node, lambda sql=sql, values=values: list(read(client, sql, values, "TSV")))  # type: ignore[misc]
                line(f"{name}{note}", cpu * scale if in_cpu else scaled(wall), goal, "CPU s" if in_cpu else "s")
            by = "SELECT actor_user, count() FROM garrison.events GROUP BY actor_user"
            _, wall = cost(node, lambda: list(read(client, by, {}, "TSV")))
            line(f"group by actor{note}", scaled(wall), 1, "s")
            rules = read_rules([pack()])
            _, wall = cost(node, lambda: hunted(client, rules))
            line(f"hunt of a CloudTrail rule{note}", scaled(wall), 10, "s")
    finally:
        node.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
