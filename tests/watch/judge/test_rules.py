"""Rules as they run: correlations that survive, files that change, and what the ledger hears."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.watch.judge.conftest import NOW_US, refused

from garrison.events.event import Severity
from garrison.ledger import Ledger
from garrison.ledger.note import Ed25519Signer
from garrison.watch.alerts import owed
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.alerts.store import Alerts
from garrison.watch.judge import rules as judging
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.rulebook import Change, Known, changes
from garrison.watch.judge.rules import RuleDetector
from garrison.watch.judge.settings import Rules

RULES = """
title: A client is refused
name: refused
id: 11111111-0000-4000-8000-000000000001
logsource: {product: garrison, service: gateway}
detection: {denied: {decision: deny}, condition: denied}
level: low
---
title: A client probes the gateway
id: 11111111-0000-4000-8000-000000000002
correlation: {type: event_count, rules: [refused], group-by: [client], timespan: 10m, condition: {gte: 5}}
level: high
---
title: An administrator's action is refused
id: 11111111-0000-4000-8000-000000000003
logsource: {product: garrison, service: gateway}
detection: {denied: {decision: deny, action: admin}, condition: denied}
level: medium
tags: [attack.t1078]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yml"
    path.write_text(RULES)
    return path


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_LOOK_S", 0.0)


def of(file: Path, memory: Memory, said: list[str] | None = None, **settings: object) -> RuleDetector:
    chosen = Rules(pack=False, **settings)  # type: ignore[arg-type]
    return RuleDetector(chosen, [file], memory, (said if said is not None else []).append)


def refuse(detector: RuleDetector, *numbers: int, **more: object) -> list[Signal]:
    return [s for n in numbers for s in detector.observe(refused(n, **more), NOW_US)]  # type: ignore[arg-type]


def test_a_match_says_who_what_and_why(file: Path, memory: Memory) -> None:
    (signal,) = refuse(of(file, memory), 1, action="admin")
    assert signal == Signal(
        detector=Detector.RULE, name="11111111-0000-4000-8000-000000000003", title="An administrator's action is refused",
        severity=Severity.MEDIUM, since_us=NOW_US, time_us=NOW_US, principal="eve", asset="fraud", asset_type="model",
        src_ip="10.0.0.9", text="admin, permission, from 10.0.0.9", tags=("attack.t1078",), uids=("r1-eve",),
    )  # fmt: skip


def test_a_date_to_come_is_not_believed(file: Path, memory: Memory) -> None:
    (signal,) = of(file, memory).observe(refused(1, action="admin", at_us=NOW_US + 10**13), NOW_US)
    assert signal.time_us == NOW_US + 60_000_000


def test_a_correlation_goes_on_after_a_restart(file: Path, alerts: Alerts) -> None:
    memory = Memory(alerts)
    first = of(file, memory)
    assert refuse(first, 0, 1, 2) == []  # what is only counted tells nothing
    memory.note(first.remember())
    memory.write([])
    second = of(file, Memory(alerts))
    (signal,) = refuse(second, 3, 4)
    assert (signal.title, signal.principal, signal.events) == ("A client probes the gateway", "eve", 5)
    assert (
        signal.text == "5 or more events within 10 minutes for client eve; the last: infer, permission, from 10.0.0.9"
    )
    assert signal.uids == tuple(f"r{n}-eve" for n in range(5))
    (gone,) = (data for name, data in second.remember().items() if name.startswith("rules/group/"))
    assert gone is None


def test_levels_and_disabled_rules(file: Path, memory: Memory) -> None:
    assert refuse(of(file, memory, level="high"), 1, action="admin") == []
    third = "11111111-0000-4000-8000-000000000003"
    assert refuse(of(file, memory, disabled=(third,)), 1, action="admin") == []
    assert refuse(of(file, memory, disabled=("An administrator's action is refused",)), 1, action="admin") == []
    nothing = of(file, memory, disabled=("refused",))
    assert [(one.line, one.message) for one in nothing.book.rules.broken] == [
        (9, "it needs what is left out, or cannot be used: refused")
    ]
    alone = of(file, memory, disabled=("11111111-0000-4000-8000-000000000002",))
    assert [s.title for s in refuse(alone, 1)] == ["A client is refused"]  # nothing counts it any more


def test_rules_are_read_again_when_they_change_and_keep_their_groups(file: Path, memory: Memory) -> None:
    said: list[str] = []
    detector = of(file, memory, said)
    refuse(detector, 0, 1, 2)
    file.write_text(RULES.replace("gte: 5", "gte: 4") + "---\ntitle: broken\n")
    (told,) = detector.tick(NOW_US)
    assert (told.name, told.asset, told.detector) == ("broken rule", str(file), Detector.WATCH)
    assert said == [f"a rule cannot be used: {told.text}"]
    assert told.text.startswith(f"{file}:21  it is no Sigma rule")
    assert [s.title for s in refuse(detector, 3)] == ["A client probes the gateway"]
    memory.note(detector.remember())
    again = of(file, memory, said)
    assert list(again.tick(NOW_US)) == []  # told once
    file.write_text(RULES)
    assert list(again.tick(NOW_US)) == []


def test_a_folder_that_is_taken_away_leaves_the_rules_that_were_read(
    tmp_path: Path, file: Path, memory: Memory
) -> None:
    detector = of(file, memory)
    file.rename(tmp_path / "elsewhere.yml")
    (told,) = detector.tick(NOW_US)
    assert told.name == "rules cannot be read"
    assert list(detector.tick(NOW_US)) == []
    assert len(refuse(detector, 1, action="admin")) == 1
    again = of(file, memory)  # started again, it judges by what is there
    (told,) = again.tick(NOW_US)
    assert (told.name, told.text) == ("broken rule", f"{file}  there is no such file or folder")


def test_changes_of_rules_are_entries_of_the_ledger(tmp_path: Path, file: Path, alerts: Alerts) -> None:
    folder = tmp_path / "ledger"
    Ledger.create(folder, Ed25519Signer.generate("example.com/audit")).close()
    memory = Memory(alerts)
    detector = of(file, memory)
    assert list(detector.tick(NOW_US)) == []  # no ledger is known: nothing is recorded, nothing forgotten
    owed.bind(alerts, folder)

    def told() -> list[tuple[str, str]]:
        assert list(detector.tick(NOW_US)) == []
        memory.note(detector.remember())
        memory.write([])
        rows = alerts.database.rows("SELECT fields FROM owed ORDER BY number")
        with alerts.database.change():
            alerts.database.do("DELETE FROM owed")
        import json

        return [(said["action"], said["object"]["name"][-1]) for said in (json.loads(row[0]) for row in rows)]

    assert told() == [("create", "1"), ("create", "2"), ("create", "3")]
    assert told() == []
    file.write_text(RULES.replace("gte: 5", "gte: 4").replace("---\ntitle: An admin", "# ---\n---\ntitle: An Admin"))
    assert told() == [("change", "2"), ("change", "3")]
    detector = of(file, memory, disabled=("11111111-0000-4000-8000-000000000003",))
    assert told() == [("disable", "3")]
    file.write_text(RULES.partition("---")[0])
    assert told() == [("delete", "2"), ("delete", "3")]


def test_what_has_become_of_rules() -> None:
    one, other = Known("sha256:1", "One", True), Known("sha256:2", "One", False)
    assert list(changes({"a": one}, {"a": other})) == [
        Change("change", "a", "sha256:2", "One"),
        Change("disable", "a", "sha256:2", "One"),
    ]
    assert list(changes({"a": other}, {"a": Known("sha256:2", "One", True)})) == [
        Change("enable", "a", "sha256:2", "One")
    ]
    assert list(changes({}, {"a": other}))[1].action == "disable"


def test_rules_that_cannot_be_taken_leave_those_before_whole(
    file: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    detector = of(file, memory, said)
    assert list(detector.tick(NOW_US)) == []
    refuse(detector, 0, 1, 2)
    before = detector.book

    def fails(*_: object, **__: object) -> None:
        raise ArithmeticError("it does not count")

    with monkeypatch.context() as patched:
        patched.setattr(judging, "Correlator", fails)
        file.write_text(RULES.replace("gte: 5", "gte: 4").replace("action: admin", "action: metadata"))
        (told,) = detector.tick(NOW_US)
        assert (told.name, told.text) == ("rules cannot be read", f"it does not count; changed: {file}")
        assert said == [f"rules cannot be read again: {told.text}"]
        assert detector.book is before
        assert [s.title for s in refuse(detector, 3, action="admin")] == ["An administrator's action is refused"]
    file.write_text(RULES.replace("gte: 5", "gte: 4") + "\n")
    assert list(detector.tick(NOW_US)) == []
    assert [s.title for s in refuse(detector, 4)] == ["A client probes the gateway"]  # with what had been counted


def test_what_is_broken_is_told_though_rules_change_before_it_could_be(file: Path, memory: Memory) -> None:
    file.write_text(RULES + "---\ntitle: broken\n")
    detector = of(file, memory)
    memory.note(detector.remember())  # the judge writes down where it begins
    file.write_text(RULES + "---\ntitle: broken\n---\ntitle: too\n")
    assert [signal.name for signal in detector.tick(NOW_US)] == ["broken rule", "broken rule"]
    memory.note(detector.remember())
    assert list(of(file, memory).tick(NOW_US)) == []
