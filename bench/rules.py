"""What judging events costs: a line per figure with its goal. `make bench-rules` runs it.

Events are CloudTrail's, generated with a fixed seed: mostly reads, some of everything that a rule of ours asks about. Zircolite is
not on the package index: `--zircolite PATH` names its script, `--python PATH` an interpreter that has what it needs.
"""

from __future__ import annotations

import argparse
import json
import random
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
from garrison.watch.rules.narrow import elsewhere, simplified
from garrison.watch.rules.read import pack, read_rules
from garrison.watch.rules.rule import Logsource, Rule
from garrison.watch.rules.term import Op, Predicate
from measure import line, run

EVENTS = 50_000
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
            "userAgent": "[aws-sdk-python/1.44]",
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
    """Events a CPU-second, the best of five, after one that makes things ready."""
    work()
    found = []
    for _ in range(5):
        began = time.process_time()
        work()
        found.append(EVENTS / (time.process_time() - began))
    return max(found)


def judging(rules: Sequence[Rule], records: Sequence[dict[str, Any]]) -> float:
    """How many decoded events a CPU-second are judged."""
    judge, event = Judge(rules), Event(time_us=0, class_uid=0)  # type: ignore[arg-type]

    def work() -> None:
        for record in records:
            judge.judge(FORM.NAME, record, event)

    return rate(work)


def against(zircolite: Path, python: str, wanted: int, lines: Sequence[bytes]) -> None:
    """The same events and rules for both: rules about fields at the top, which both read alike."""
    records = [msgspec.json.decode(raw) for raw in lines]
    names = sorted({r["eventName"] for r in records})
    said = [
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
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        (top / "rules").mkdir()
        for number, rule in enumerate(said):
            (top / "rules" / f"{number}.yml").write_text(yaml.safe_dump(rule, sort_keys=False))
        (top / "events.json").write_bytes(b"\n".join(lines))
        (top / "one.json").write_bytes(lines[0])
        rules = read_rules([top / "rules"]).rules
        judge, event = Judge(rules), Event(time_us=0, class_uid=0)  # type: ignore[arg-type]
        ours: Counter[str] = Counter(r.about.title for record in records for r in judge.judge(FORM.NAME, record, event))
        began = time.process_time()
        for raw in lines:
            judge.judge(FORM.NAME, msgspec.json.decode(raw), event)
        spent = time.process_time() - began
        command = [
            python,
            str(zircolite),
            "--jsonl",
            "-r",
            str(top / "rules"),
            "-o",
            str(top / "out.json"),
            "-q",
            "-l",
            str(top / "log"),
        ]
        start = run([*command, "-e", str(top / "one.json")], str(zircolite.parent))
        cost = run([*command, "-e", str(top / "events.json")], str(zircolite.parent))
        if cost.exit_code or start.exit_code:
            sys.exit(f"zircolite ended with {cost.exit_code}")
        theirs = Counter({r["title"]: r["count"] for r in json.loads((top / "out.json").read_bytes())})
    line(
        f"zircolite, {wanted} rules, events a CPU-second, its start taken off",
        len(lines) / (cost.cpu_s - start.cpu_s),
        None,
        "",
    )
    line(
        f"ours, {wanted} rules, decoding too, by zircolite's",
        (cost.cpu_s - start.cpu_s) / spent,
        25,
        "times",
        at_least=True,
    )
    line(
        "rules of which both tell the same matches",
        sum(ours[t] == theirs[t] for t in ours | theirs),
        len(ours),
        "",
        at_least=True,
    )


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
        for wanted in (60, 800):
            against(given.zircolite, given.python, wanted, lines[:10_000])


if __name__ == "__main__":
    main()
