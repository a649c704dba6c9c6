"""Rules as files: what is read of them, and what is told of those that cannot be used."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from garrison.errors import UsageError
from garrison.events.event import Class, Event, Status
from garrison.events.mappers import mapper
from garrison.watch.rules.judge import Judge, record_of
from garrison.watch.rules.narrow import predicates_of
from garrison.watch.rules.read import pack, read_rules
from garrison.watch.rules.rule import Kind, Level, Rules

RULE = """
title: A guardrail is deleted
id: 5f2a2c2e-0d4b-4d4e-9d0a-1f1f8a1c0001
name: guardrail_deleted
status: test
description: Somebody takes away what keeps a model safe.
tags: [attack.t1685]
logsource: {product: aws, service: cloudtrail}
detection:
  deleted:
    eventSource: bedrock.amazonaws.com
    eventName|startswith: Delete
    eventName|contains: Guardrail
  ours:
    userIdentity.userName|re: '^ci-[a-z]+$'
  condition: deleted and not ours
level: high
examples:
  match:
    - {eventSource: bedrock.amazonaws.com, eventName: DeleteGuardrail}
    - '{"eventSource": "BEDROCK.amazonaws.com", "eventName": "DeleteGuardrail", "userIdentity": {"userName": "ann"}}'
  miss:
    - {eventSource: bedrock.amazonaws.com, eventName: DeleteGuardrail, userIdentity: {userName: ci-deploy}}
"""
CORRELATION = """
title: Many guardrails are deleted
id: 5f2a2c2e-0d4b-4d4e-9d0a-1f1f8a1c0002
correlation:
  type: event_count
  rules: [guardrail_deleted]
  group-by: [userIdentity.arn]
  timespan: 10m
  condition: {gte: 3}
level: critical
"""


def read(folder: Path, **files: str) -> Rules:
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(textwrap.dedent(text))
    return read_rules([folder])


def test_a_rule(tmp_path: Path) -> None:
    found = read(tmp_path, one=RULE)
    (rule,) = found.rules
    assert found.broken == []
    assert (rule.about.title, rule.about.level, rule.about.tags) == (
        "A guardrail is deleted",
        Level.HIGH,
        ("attack.t1685",),
    )
    assert (rule.about.path, rule.about.line) == (str(tmp_path / "one.yml"), 2)
    judge = Judge([rule])
    event = Event(time_us=0, class_uid=Class.API)
    assert [len(judge.judge("aws-cloudtrail", e, event)) for e in rule.examples.match] == [1, 1]
    assert [len(judge.judge("aws-cloudtrail", e, event)) for e in rule.examples.miss] == [0]
    assert judge.judge("gcp-audit", rule.examples.match[0], event) == []


def test_several_in_one_file(tmp_path: Path) -> None:
    found = read(tmp_path, both=RULE + "---" + CORRELATION)
    (correlation,) = found.correlations
    assert (correlation.kind, correlation.op, correlation.count, correlation.timespan_us) == (
        Kind.EVENT_COUNT,
        "gte",
        3,
        600_000_000,
    )
    assert (correlation.rules, correlation.group_by) == (("guardrail_deleted",), ("userIdentity.arn",))
    assert correlation.about.line == RULE.count("\n") + 2


def test_what_cannot_be_used_is_told_and_stops_nothing(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        good=RULE,
        yaml="title: [",
        shape="- a\n- b\n",
        detection="title: x\nlogsource: {product: aws}\n",
        pattern=RULE.replace("'^ci-[a-z]+$'", "'(?<!ci)x'").replace("0001", "0009"),
        placeholder=RULE.replace("Guardrail\n", "'%names%'\n").replace("contains:", "contains|expand:").replace("0001", "0008"),
        twice=RULE,
        unknown=CORRELATION.replace("guardrail_deleted", "nobody"),
        kind=CORRELATION.replace("event_count", "value_sum").replace("{gte: 3}", "{gte: 3, field: n}"),
        example=RULE.replace("0001", "0007").replace("'{\"eventSource\"", "'{eventSource"),
        huge="# " + "x" * 1_000_001,
    )  # fmt: skip
    assert len(found.rules) == 1
    told = sorted((Path(b.path).name, b.line, b.message.replace(str(tmp_path), "FOLDER"), b.hint) for b in found.broken)
    assert told == snapshot(
        [
            ("detection.yml", 1, "it is no Sigma rule: Sigma rule must have a detection definitions", ""),
            ("example.yml", 2, "an example is no JSON: JSON is malformed: object keys must be strings (byte 1)", ""),
            ("huge.yml", 0, "it has more than 1,000,000 bytes", ""),
            (
                "kind.yml",
                2,
                "correlations of type value_sum are not judged here",
                "types: event_count, temporal, temporal_ordered, value_count",
            ),
            (
                "pattern.yml",
                2,
                "it is no Sigma rule: Regular expression '(?<!ci)x' is invalid: b'invalid perl operator: (?<!'",
                "",
            ),
            ("placeholder.yml", 2, "the placeholder %names% has no values", "write the values into the rule"),
            ("shape.yml", 1, "a rule is a mapping", "https://sigmahq.io/docs/basics/rules.html"),
            ("twice.yml", 2, "its id is that of FOLDER/good.yml:2", "give each rule an id of its own"),
            ("unknown.yml", 2, "it names rules that are not there, or itself: nobody", ""),
            ("yaml.yml", 2, "it is no YAML: did not find expected node content", ""),
        ]
    )


def test_rules_about_logs_that_nothing_reads_are_idle(tmp_path: Path) -> None:
    found = read(tmp_path, one=RULE.replace("product: aws, service: cloudtrail", "product: windows, service: sysmon"))
    judge = Judge(found.rules)
    assert [rule.about.title for rule in judge.idle] == ["A guardrail is deleted"]


def test_rules_about_the_columns_of_events(tmp_path: Path) -> None:
    rule = """
        title: A login fails
        id: 5f2a2c2e-0d4b-4d4e-9d0a-1f1f8a1c0003
        logsource: {product: garrison, service: events}
        detection:
          failed: {class_uid: 3002, status_id: 2, src_ip|cidr: 203.0.113.0/24}
          condition: failed
    """
    judge = Judge(read(tmp_path, one=rule).rules)
    form = mapper("syslog")
    line = b"<38>1 2026-11-24T10:11:12Z gpu-1 sshd 9 - - Failed password for root from 203.0.113.9 port 50112 ssh2"
    event = form.event(line)
    assert event.status_id is Status.FAILURE
    assert [r.about.title for r in judge.judge("syslog", record_of(form, line, event), event)] == ["A login fails"]


def test_fields_by_the_names_they_have_in_the_log(tmp_path: Path) -> None:
    rule = """
        title: A model is deleted
        id: 5f2a2c2e-0d4b-4d4e-9d0a-1f1f8a1c0004
        logsource: {product: gcp, service: gcp.audit}
        detection:
          deleted: {gcp.audit.method_name|endswith: .DeleteModel}
          condition: deleted
    """
    judge = Judge(read(tmp_path, one=rule).rules)
    record = {"protoPayload": {"methodName": "google.cloud.aiplatform.v1.ModelService.DeleteModel"}}
    assert len(judge.judge("gcp-audit", record, Event(time_us=0, class_uid=Class.API))) == 1


def test_auditd_by_its_own_words() -> None:
    form = mapper("auditd")
    line = b'type=EXECVE msg=audit(1795515072.123:456): argc=2 a0="curl" a1=687474703A2F2F78'
    assert record_of(form, line, form.event(line)) == {"type": "EXECVE", "argc": "2", "a0": "curl", "a1": "http://x"}


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no"):
        read_rules([tmp_path / "none"])


def test_what_has_the_id_of_another_is_told(tmp_path: Path) -> None:
    same = CORRELATION.replace("gte: 3", "gte: 5").replace("Many", "Very many")
    without = "\n".join(line for line in CORRELATION.splitlines() if not line.startswith("id:"))
    found = read(
        tmp_path,
        a=RULE + "---" + CORRELATION,
        b=same,
        c=without,
        d=without.replace("3}", "9}"),
        e=CORRELATION.replace("0002", "0001").replace("Many", "As the rule"),
    )
    assert [(c.about.title, c.count) for c in found.correlations] == [
        ("Many guardrails are deleted", 3), ("Many guardrails are deleted", 3),
    ]  # fmt: skip
    told = [(Path(b.path).name, b.message.replace(f"{tmp_path}/", "")) for b in found.broken]
    assert told == [
        ("b.yml", "its id is that of a.yml:25"),
        ("d.yml", "it has no id, and its title or name is that of c.yml:2"),
        ("e.yml", "its id is that of a.yml:2"),
    ]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()  # as Kubernetes mounts a ConfigMap
    (tmp_path / "..data/rule.yml").write_text(RULE)
    (tmp_path / "rule.yml").symlink_to("..data/rule.yml")
    found = read_rules([tmp_path, tmp_path / "rule.yml"])
    assert (len(found.rules), found.broken) == (1, [])


def test_a_rule_of_ones_own_takes_the_place_of_one_that_is_shipped(tmp_path: Path) -> None:
    shipped = read_rules([pack()])
    copied = next(rule.about for rule in shipped.rules if rule.about.level is Level.CRITICAL)
    mine = RULE.replace("5f2a2c2e-0d4b-4d4e-9d0a-1f1f8a1c0001", copied.id).replace(
        "guardrail_deleted", copied.name or "x"
    )
    (tmp_path / "mine.yml").write_text(mine)
    for paths in ([pack(), tmp_path], [tmp_path, pack()]):
        found = read_rules(paths)
        (about,) = (rule.about for rule in found.rules if rule.about.id == copied.id)
        assert (about.path, about.replaces) == (str(tmp_path / "mine.yml"), f"{copied.path}:{copied.line}")
        assert (len(found.rules), len(found.correlations)) == (len(shipped.rules), len(shipped.correlations))
        assert found.broken == []
    counts = next(one.about for one in shipped.correlations)
    lost = CORRELATION.replace("5f2a2c2e-0d4b-4d4e-9d0a-1f1f8a1c0002", counts.id).replace("guardrail_deleted", "nobody")
    (tmp_path / "mine.yml").write_text(lost)
    assert counts in (one.about for one in read_rules([pack(), tmp_path]).correlations)
    (tmp_path / "mine.yml").write_text(mine.replace("condition:", "conditions:"))
    assert copied in (rule.about for rule in read_rules([pack(), tmp_path]).rules)  # what is broken replaces nothing


def test_utf16le_is_wide(tmp_path: Path) -> None:
    rule = RULE.replace("eventName|contains: Guardrail", "who|utf16le|base64offset|contains: whoami")
    one, other = read(tmp_path, a=rule, b=rule.replace("utf16le", "wide").replace("0001", "0009")).rules
    assert [part.value for part in predicates_of(one.term)] == [part.value for part in predicates_of(other.term)]
    assert "dwBoAG8AYQBtAG" in repr(one.term)


def test_aliases_that_grow_without_end_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    found = read(tmp_path, good=RULE, grows="\n".join(lines), itself="title: &t [*t]")
    assert [rule.about.title for rule in found.rules] == ["A guardrail is deleted"]
    assert {b.message for b in found.broken} == {"with its aliases written out it has more than 100,000 values"}
    assert len(found.broken) == 2
    reused = RULE.replace("high", "&level high") + "references: [*level]\n"
    assert read(tmp_path, good=reused).rules[0].about.references == ("high",)
