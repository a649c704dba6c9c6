"""The audit feed of a queue: what is in it survives, what is torn is cut off, and quotas are counted from it."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from garrison.errors import StoreError, UsageError
from garrison.gateway.batch.feed import Feed, Line

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


def line(id_: str, decision: str = "allow", client: str = "ada", time: str = "2026-11-25T12:00:00.000Z") -> Line:
    return Line(time=time, request_id=id_, decision=decision, client=client)


def test_a_feed_is_taken_up_where_it_ended(tmp_path: Path) -> None:
    feed = Feed(tmp_path / "a" / "batch.jsonl", 0)
    for one in (line("1", time="2026-11-24T23:59:59.999Z"), line("2"), line("3", "deny"), line("4", client="eve")):
        feed.write(one)
    feed.close()
    with (tmp_path / "a" / "batch.jsonl").open("ab") as file:
        file.write(b'{"time": "2026-11-25T12:00')
    again = Feed(tmp_path / "a" / "batch.jsonl", 0)
    assert [again.has(id_) for id_ in "12345"] == [True, True, True, True, False]
    assert again.today(NOW) == {"ada": 1, "eve": 1}
    assert again.today(NOW + dt.timedelta(days=1)) == {}
    again.write(line("5"))
    again.close()
    text = (tmp_path / "a" / "batch.jsonl").read_text()
    assert text.count("\n") == 5
    assert (tmp_path / "a" / "batch.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_line_that_cannot_be_kept_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Feed(tmp_path / "batch.jsonl", 0)
    feed.write(line("1"))
    written = os.write
    monkeypatch.setattr(os, "write", lambda file, data: written(file, data[:10]))
    with pytest.raises(OSError, match="full"):
        feed.write(line("2"))
    monkeypatch.undo()
    assert not feed.has("2")
    feed.write(line("2"))
    feed.close()
    again = Feed(tmp_path / "batch.jsonl", 0)
    assert [again.has(id_) for id_ in "12"] == [True, True]


def test_what_is_no_feed_is_told(tmp_path: Path) -> None:
    (tmp_path / "batch.jsonl").write_text("{}\n")
    with pytest.raises(StoreError, match="no line of an audit feed") as raised:
        Feed(tmp_path / "batch.jsonl", 0)
    assert raised.value.line == 1


def test_room_is_what_is_to_be_kept(tmp_path: Path) -> None:
    assert Feed(tmp_path / "a", 0).has_room()
    assert not Feed(tmp_path / "b", 1 << 40).has_room()


def test_one_guard_writes_a_feed(tmp_path: Path) -> None:
    """However it is called, and wherever it is moved to; one that could not be opened is left to others."""
    path, alias = tmp_path / "batch.jsonl", tmp_path / "alias.jsonl"
    path.write_text("{}\n")
    with pytest.raises(StoreError):
        Feed(path, 0)
    path.unlink()
    first = Feed(path, 0)
    alias.symlink_to(path)
    for other in (path, tmp_path / "." / "batch.jsonl", alias):
        with pytest.raises(UsageError, match="another guard writes"):
            Feed(other, 0)
    path.rename(tmp_path / "batch.jsonl.1")
    with pytest.raises(UsageError, match="another guard writes"):
        Feed(path, 0)
    first.close()
    Feed(path, 0).close()


def test_a_feed_that_takes_over_knows_what_the_one_before_knew(tmp_path: Path) -> None:
    first, second = Feed(tmp_path / "first", 0), Feed(tmp_path / "second", 0)
    for feed, lines in ((first, (line("1"), line("2"))), (second, (line("3"), line("4", client="eve")))):
        for one in lines:
            feed.write(one)
    second.take_over(first)
    assert all(second.has(id_) for id_ in "1234")
    assert second.today(NOW) == {"ada": 2, "eve": 1}
    Feed(tmp_path / "first", 0).close()
    third = Feed(tmp_path / "third", 0)
    third.write(line("5", time="2026-11-26T00:00:00.000Z"))
    third.take_over(second)
    assert third.today(NOW + dt.timedelta(days=1)) == {"ada": 1}
