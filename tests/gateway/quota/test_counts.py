"""Lines, days, sums and the store: what a request counts for, when, and that it counts once."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import StoreError
from garrison.gateway.file.form import Quota
from garrison.gateway.quota.budgets import Budgets, Spent
from garrison.gateway.quota.counter import Counter
from garrison.gateway.quota.days import day_of, end_of
from garrison.gateway.quota.feed import Position
from garrison.gateway.quota.job import ALIVE, SPENT, Job
from garrison.gateway.quota.lines import charges, read_line
from garrison.gateway.quota.store import Store
from garrison.gateway.quota.tally import Key, Tally, Used

NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
LINE: dict[str, Any] = {
    "time": "2026-11-25T12:00:00.000Z", "decision": "allow", "action": "infer", "client": "ada",
    "role": "service", "model": "chat", "protocol": "openai", "status": 200, "request_bytes": 100, "response_bytes": 900,
}  # fmt: skip
TELLING = frozenset({"openai"})


def charged(**changes: Any) -> dict[Key, Used]:
    line = read_line(json.dumps(LINE | changes).encode())
    assert line is not None
    return charges(line, {"*v2": ("iris", "other")}, TELLING)


@pytest.mark.parametrize(
    ("changes", "tokens"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "text_bytes": 50}, 10),
        ({"prompt_tokens": 7, "total_tokens": 7, "text_bytes": 0}, 7),
        ({"prompt_tokens": 7, "completion_tokens": 3}, 10),
        ({"total_tokens": 12}, 12),
        ({"total_tokens": 1e300}, 10**12),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "text_bytes": 9}, 0),
        ({"text_bytes": 50}, 150),
        ({}, 1000),  # nothing could be read of the answer
        ({"status": 500}, 0),
        ({"protocol": "open-inference"}, 0),
    ],
)
def test_tokens_are_those_told_or_as_many_as_there_can_be(changes: dict[str, Any], tokens: int) -> None:
    assert charged(**changes) == {Key("ada", "service", "chat"): Used(1, tokens)}


def test_what_is_not_let_through_and_what_does_not_infer_counts_nothing() -> None:
    assert charged(decision="deny") == {}
    assert charged(action="read-metadata") == {}


def test_a_stream_counts_for_each_model_that_it_may_speak_of() -> None:
    assert {key.model for key in charged(model="*v2")} == {"iris", "other"}


def test_a_line_behind_what_a_killed_envoy_has_left_is_read() -> None:
    whole = json.dumps(LINE).encode()
    assert read_line(whole[:40] + whole) == read_line(whole)
    assert read_line(whole[:40]) is None
    assert read_line(b"\xff\x00" * 1000) is None
    assert read_line(b"{" * 10_000) is None
    assert read_line(json.dumps(LINE | {"status": "two hundred"}).encode()) is None


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("UTC", "2026-11-25", 24), ("Europe/Zurich", "2026-03-29", 23), ("Europe/Zurich", "2026-10-25", 25),
     ("America/Havana", "2026-03-08", 23), ("Pacific/Kiritimati", "2026-11-25", 24)],
)  # fmt: skip
def test_days_end_where_the_next_begins(zone: str, day: str, hours: int) -> None:
    this = dt.date.fromisoformat(day)
    end, before = end_of(this, zone), end_of(this - dt.timedelta(days=1), zone)
    assert (end - before).total_seconds() == hours * 3600
    assert day_of(end - dt.timedelta(seconds=1), zone) == this
    assert day_of(end, zone) == this + dt.timedelta(days=1)


KEYS = st.builds(Key, st.sampled_from("ab"), st.sampled_from("rs"), st.sampled_from("mn"))
USED = st.builds(Used, st.integers(0, 3), st.integers(0, 30))
QUOTAS = st.builds(Quota, st.none() | st.integers(1, 10), st.none() | st.integers(1, 90))
BUDGETS = st.builds(
    Budgets, client=QUOTAS, clients=st.dictionaries(st.sampled_from("ab"), QUOTAS),
    role=st.dictionaries(st.sampled_from("rs"), QUOTAS), model=st.dictionaries(st.sampled_from("mn"), QUOTAS),
    client_model=st.dictionaries(st.sampled_from("mn"), QUOTAS),
)  # fmt: skip


@given(BUDGETS, st.lists(st.dictionaries(KEYS, USED), max_size=8))
def test_sums_kept_up_are_sums_added_up(budgets: Budgets, many: list[dict[Key, Used]]) -> None:
    tally = Tally(budgets)
    for used in many:
        tally.add(used)
    all_ = [(key, more) for used in many for key, more in used.items()]

    def spent(quota: Quota, **of: str) -> str:
        mine = [more for key, more in all_ if all(getattr(key, name) == value for name, value in of.items())]
        return sum(mine, Used()).spends(quota)

    seen = {key.client for key, _ in all_}
    pairs = {(key.model, key.client) for key, _ in all_ if key.model in budgets.client_model}
    found = tally.spent(7)
    assert found.clients == {name: what for name in seen if (what := spent(budgets.of_client(name), client=name))}
    assert found.roles == {name: what for name, quota in budgets.role.items() if (what := spent(quota, role=name))}
    assert found.models == {name: what for name, quota in budgets.model.items() if (what := spent(quota, model=name))}
    assert {(m, c): what for m, some in found.pairs.items() for c, what in some.items()} == {
        (m, c): what for m, c in pairs if (what := spent(budgets.client_model[m], model=m, client=c))
    }


def test_counts_and_position_change_together(tmp_path: Path) -> None:
    ada, at = Key("ada", "service", "chat"), Position(5, b"head", 99)
    with Store(tmp_path / "usage.db") as store:
        store.count({NOON.date(): {ada: Used(2, 30)}}, at)
        nothing: Any = None
        with pytest.raises(StoreError):  # it holds no such count, and keeps nothing of what came with it
            store.count({NOON.date(): {ada: Used(1), Key("b", "r", "m"): Used(1, nothing)}}, Position(6))
    with Store(tmp_path / "usage.db") as store:
        assert store.used(NOON.date()) == {ada: Used(2, 30)}
        assert store.position == at
        store.forget(NOON.date() + dt.timedelta(days=40))
        assert store.used(NOON.date()) == {}
    assert (tmp_path / "usage.db").stat().st_mode & 0o077 == 0


def test_a_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        Store(path)


def job(folder: Path, **changes: Any) -> Job:
    made = Job(str(folder / "audit.jsonl"), str(folder), "UTC", Budgets(client=Quota(requests=2)), telling=TELLING)
    return msgspec.structs.replace(made, **changes)


def spent(folder: Path) -> Spent:
    return msgspec.json.decode((folder / SPENT).read_bytes(), type=Spent)


def test_a_day_begins_with_nothing_spent(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_text(f"{json.dumps(LINE)}\n" * 2)
    said: list[str] = []
    counter = Counter(job(tmp_path), NOON, said.append)
    assert counter.look(NOON)
    assert spent(tmp_path) == Spent(int(end_of(NOON.date(), "UTC").timestamp()), {"ada": "requests"})
    assert (tmp_path / ALIVE).exists()
    tomorrow = NOON + dt.timedelta(days=1)
    with log.open("a") as file:  # one of the day before, and what cannot be read
        file.write(f"{json.dumps(LINE)}\n{{}}\n")
    counter.look(tomorrow)
    assert spent(tmp_path) == Spent(int(end_of(tomorrow.date(), "UTC").timestamp()))
    assert counter.store.used(NOON.date()) == {Key("ada", "service", "chat"): Used(3, 3000)}
    assert said == [f"1 lines of {log} cannot be read, and are not counted"]
    counter.close()


def test_a_clock_that_goes_back_gives_nothing_back(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text(f"{json.dumps(LINE)}\n" * 2)
    counter = Counter(job(tmp_path), NOON, print)
    counter.look(NOON)
    used = spent(tmp_path)
    assert used.clients == {"ada": "requests"}
    for days in (1, 30, -1):
        counter.look(NOON + dt.timedelta(days=days))
        assert spent(tmp_path).clients == {}
        counter.look(NOON)
        assert spent(tmp_path) == used
    counter.close()


def test_a_counter_begins_where_another_was_killed(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_text(f"{json.dumps(LINE)}\n")
    for number in range(1, 4):
        counter = Counter(job(tmp_path), NOON, print)
        counter.look(NOON)
        assert counter.store.used(NOON.date()) == {Key("ada", "service", "chat"): Used(number, number * 1000)}
        counter.close()
        with log.open("a") as file:
            file.write(f"{json.dumps(LINE)}\n")
