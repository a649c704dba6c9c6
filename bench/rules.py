"""What judging events costs: a line per figure with its goal. `make bench-rules` runs it.

Events are CloudTrail's, generated with a fixed seed: mostly reads by some hundred programs, some of everything that a rule of ours asks
about. Zircolite is not on the package index: `--zircolite PATH` names its script, `--python PATH` an interpreter that has what it needs.
What is found of a field is remembered, so it is compared a second time where no user agent comes twice.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from garrison.events.event import Event
from garrison.events.mappers import mapper
from garrison.watch.rules.judge import Judge
from garrison.watch.rules.look import Looked, matches
from garrison.watch.rules.narrow import elsewhere, simplified
from garrison.watch.rules.read import pack, read_rules
from garrison.watch.rules.rule import Logsource, Rule, Rules
from garrison.watch.rules.term import Op, Predicate
from measure import line, median

EVENTS = 50_000
AGENTS = 300
FORM = mapper("aws-cloudtrail")
TRAIL = Logsource(product="aws", service="cloudtrail")
_READS = (
    "GetObject",
    "HeadObject",
    "Decrypt",
    "DescribeInstances",
    "ListBuckets",
    "AssumeRole",
    "GetCallerIdentity",
    "InvokeModel",
)


def events(rules: Sequence[Rule]) -> list[bytes]:
    """Lines: nine of ten are what an account does all day, the tenth is an example of a rule."""
    chance = random.Random(7)
    agents = [
        f"aws-sdk-java/1.12.{n} Linux/5.10.{n % 40} OpenJDK_64-Bit_Server_VM/17.0.{n % 12}" for n in range(AGENTS)
    ]
    told = [example for rule in rules for example in (*rule.examples.match, *rule.examples.miss)]
    found = []
    for number in range(EVENTS):
        record: dict[str, Any] = {
            "eventVersion": "1.11",
            "eventTime": f"2026-11-24T10:{number // 60 % 60:02}:{number % 60:02}Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": chance.choice(_READS),
            "awsRegion": "eu-west-1",
            "sourceIPAddress": f"10.0.{chance.randrange(256)}.{chance.randrange(256)}",
            "userAgent": agents[min(int(chance.paretovariate(0.6)), AGENTS) - 1],  # a few say most of all
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLE:training",
                "arn": "arn:aws:sts::111122223333:assumed-role/training/nightly",
                "accountId": "111122223333",
                "accessKeyId": "ASIAEXAMPLE",
                "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "training"}, "attributes": {"mfaAuthenticated": "false"}},
            },
            "requestParameters": {"bucketName": "fraud-training", "key": f"2026/11/{number}.parquet"},
            "responseElements": None,
            "requestID": f"R{number}",
            "eventID": f"{number:08x}-0000-4000-8000-000000000000",
            "readOnly": True,
            "recipientAccountId": "111122223333",
        }  # fmt: skip
        if number % 10 == 0:
            record |= chance.choice(told)
        found.append(json.dumps(record).encode())
    return found


def many(rules: Sequence[Rule], wanted: int) -> list[Rule]:
    """So many rules: ours, and those of ours that ask for a call, about calls of other names."""

    def renamed(rule: Rule, number: int) -> Rule:
        def other(test: Predicate) -> Predicate:
            named = test.field == "eventName" and test.op is Op.EQUALS
            return msgspec.structs.replace(test, value=f"{test.value}V{number}") if named else test

        return msgspec.structs.replace(rule, term=simplified(rule.term, other))

    calls = [rule for rule in rules if elsewhere(rule.term, "eventName") is False]
    more = wanted - len(rules)
    return [*rules[:wanted], *(renamed(calls[n % len(calls)], n // len(calls)) for n in range(more))]


def rate(work: Callable[[], object]) -> float:
    """Events a CPU-second."""
    return EVENTS / seconds(work)


def judging(rules: Sequence[Rule], records: Sequence[dict[str, Any]]) -> float:
    """How many decoded events a CPU-second are judged."""
    judge, event = Judge(rules), Event(time_us=0, class_uid=0)  # type: ignore[arg-type]

    def work() -> None:
        for record in records:
            judge.judge(FORM.NAME, record, event)

    return rate(work)


def for_both(names: Sequence[str], wanted: int) -> list[dict[str, Any]]:
    """Rules about fields at the top, which both read alike."""
    return [
        {
            "title": f"rule {number}",
            "id": f"00000000-0000-4000-8000-{number:012}",
            "status": "test",
            "logsource": {"product": "aws", "service": "cloudtrail"},
            "detection": {
                "call": {
                    "eventName": [names[(number + k) % len(names)] for k in range(3)],
                    "eventSource|endswith": ".amazonaws.com",
                },
                "tool": {"userAgent|contains": ["kali", "pacu", f"tool-{number}"]},
                "refused": {"errorCode": "*"},
                "condition": "(call or tool) and not refused",
            },
            "level": "low",
        }
        for number in range(wanted)
    ]


def strangers(lines: Sequence[bytes]) -> list[bytes]:
    """The same events, by as many programs."""
    records = (json.loads(raw) for raw in lines)
    return [
        json.dumps(r | {"userAgent": f"{number} {r.get('userAgent')}"}).encode() for number, r in enumerate(records)
    ]


def against(peer: tuple[str, Path], wanted: int, lines: Sequence[bytes], what: str, goal: float | None) -> None:
    """The same events and rules for both, what each does once for all events taken off. `peer` is an interpreter and its script."""
    python, zircolite = peer
    records = [msgspec.json.decode(raw) for raw in lines]
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        (top / "rules").mkdir()
        for number, rule in enumerate(for_both(sorted({r["eventName"] for r in records}), wanted)):
            (top / "rules" / f"{number}.yml").write_text(yaml.safe_dump(rule, sort_keys=False))
        (top / "events.json").write_bytes(b"\n".join(lines))
        (top / "one.json").write_bytes(lines[0])
        rules = read_rules([top / "rules"])
        ours, spent, told = at_work(rules, lines)
        command = [python, str(zircolite), "--jsonl", "-q", "-r", str(top / "rules"), "-o", str(top / "out.json"), "-l", str(top / "log")]  # fmt: skip
        start = median([*command, "-e", str(top / "one.json")], 3, str(zircolite.parent))
        cost = median([*command, "-e", str(top / "events.json")], 3, str(zircolite.parent))
        if cost.exit_code or start.exit_code:
            sys.exit(f"zircolite ended with {cost.exit_code}")
        theirs = Counter({r["title"]: r["count"] for r in json.loads((top / "out.json").read_bytes())})
    theirs_s = cost.cpu_s - start.cpu_s
    line(f"zircolite, {what}, events a CPU-second", len(lines) / theirs_s, None, "")
    line(f"ours, {what}, decoding too, by zircolite's", theirs_s / spent, goal, "times", at_least=True)
    line("the same, told with the events, as `garrison rules match`", theirs_s / told, None, "times")
    same = sum(ours[title] == theirs[title] for title in ours | theirs)
    line("rules of which both tell the same matches", same, len(ours | theirs), "", at_least=True)


def at_work(rules: Rules, lines: Sequence[bytes]) -> tuple[Counter[str], float, float]:
    """How often each rule matches, and the CPU-seconds of decoding and judging, and of telling matches with their events."""
    judge, event = Judge(rules.rules), Event(time_us=0, class_uid=0)  # type: ignore[arg-type]

    def judged() -> None:
        for raw in lines:
            judge.judge(FORM.NAME, msgspec.json.decode(raw), event)

    def told(times: int) -> float:
        return seconds(lambda: sum(1 for _ in matches(rules, FORM, [*lines] * times, Looked())))

    found = Counter(match.about.title for match in matches(rules, FORM, lines, Looked()))
    return found, seconds(judged), (told(5) - told(1)) / 4


def seconds(work: Callable[[], object]) -> float:
    """The median CPU-seconds of five times, after one that makes things ready."""
    work()
    found = []
    for _ in range(5):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return statistics.median(found)


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--zircolite", type=Path, metavar="PATH", help="zircolite.py")
    options.add_argument(
        "--python", default=sys.executable, metavar="PATH", help="an interpreter that has what it needs"
    )
    given = options.parse_args()
    rules = [rule for rule in read_rules([pack()]).rules if rule.logsource == TRAIL]
    lines = events(rules)
    records = [msgspec.json.decode(raw) for raw in lines]
    line(
        "decoding, events a CPU-second", rate(lambda: [None for raw in lines if not msgspec.json.decode(raw)]), None, ""
    )
    line(
        "to events, decoding too, events a CPU-second",
        rate(lambda: [None for raw in lines if not FORM.event(raw).uid]),
        None,
        "",
    )
    for wanted, goal in ((60, 150_000), (800, 60_000)):
        line(
            f"{wanted} rules, decoded events a CPU-second",
            judging(many(rules, wanted), records),
            goal,
            "",
            at_least=True,
        )
    if given.zircolite is None:
        print("no zircolite given, no ratio")
    else:
        peer, lines = (given.python, given.zircolite), lines[:10_000]
        against(peer, 60, lines, "60 rules", 25)
        against(peer, 60, strangers(lines), "60 rules, agents once", None)
        against(peer, 800, lines, "800 rules", 25)


if __name__ == "__main__":
    main()
