"""The feed: each line once, whatever is done to the log, and whenever the reader ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from garrison.gateway.quota.feed import Feed, Position


class Log:
    """A log that is written, moved and opened anew as Envoy and its operators do, and one who reads it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "audit.jsonl"
        self.writer = self.path.open("ab")
        self.moved = 0
        self.said: list[str] = []
        self.feed = Feed(self.path, Position(), self.said.append)
        self.position = self.feed.position  # what is kept of it

    def write(self, text: bytes) -> None:
        self.writer.write(text)
        self.writer.flush()

    def move(self) -> None:
        self.moved += 1
        self.path.rename(self.path.with_name(f"audit.jsonl.{self.moved}"))

    def reopen(self) -> None:
        self.writer.close()
        self.writer = self.path.open("ab")

    def read(self) -> list[bytes]:
        found = []
        for _ in range(100):
            lines = self.feed.read()
            found += lines
            self.position = self.feed.position
            if not lines and not self.feed.behind:
                break
        return found

    def kill(self) -> None:
        self.feed.close()
        self.feed = Feed(self.path, self.position, self.said.append)

    def close(self) -> None:
        self.feed.close()
        self.writer.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    yield made
    made.close()


def test_lines_are_read_when_they_are_whole(log: Log) -> None:
    log.write(b"one\ntw")
    assert log.read() == [b"one"]
    log.kill()
    log.write(b"o\n")
    assert log.read() == [b"two"]


def test_a_log_that_is_moved_is_read_to_its_end(log: Log) -> None:
    log.write(b"one\n")
    assert log.read() == [b"one"]
    log.move()
    log.write(b"two\n")
    assert log.read() == [b"two"]
    log.path.touch()  # by who moves logs, before Envoy opens it
    log.write(b"three\n")
    assert log.read() == [b"three"]
    log.reopen()
    log.write(b"four\n")
    assert log.read() == [b"four"]


def test_logs_that_were_moved_while_nobody_read_are_read_in_their_order(log: Log) -> None:
    log.write(b"one\n")
    log.feed.close()
    for number in range(3):
        log.move()
        log.reopen()
        log.write(b"%d\n" % number)
    log.kill()
    assert log.read() == [b"one", b"0", b"1", b"2"]
    assert not log.said


def test_a_log_that_is_lost_is_told(log: Log) -> None:
    log.write(b"one\n")
    log.read()
    log.write(b"two\n")
    log.path.unlink()
    log.reopen()
    log.write(b"three\n")
    log.kill()
    assert log.read() == [b"three"]
    assert "what was still to be read is not counted" in log.said[0]


def test_a_log_that_is_cut_short_is_told(log: Log) -> None:
    log.write(b"one\n" * 1000)
    assert len(log.read()) == 1000
    log.writer.truncate(0)
    log.write(b"two\n")
    assert log.read() == [b"two"]
    assert "cut short" in log.said[0]


def test_another_log_at_the_same_inode_is_not_taken_for_the_one_before(log: Log) -> None:
    log.write(b"one\n")
    log.read()
    log.writer.truncate(0)
    log.write(b"another that is longer\n")
    log.kill()
    assert log.read() == [b"another that is longer"]
    assert log.said


def test_a_line_without_end_stops_nobody(log: Log) -> None:
    log.write(b"x" * 3_000_000 + b"\none\n")
    assert log.read()[-1] == b"one"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["write", "half", "move", "reopen", "read", "kill"]), max_size=40))
def test_each_line_is_read_once(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    log, written, found = Log(tmp_path_factory.mktemp("log")), 0, []
    rest, away = b"", False
    for step in steps:
        if step in {"write", "half"}:
            line = b"%d\n" % written
            log.write(rest + line[: 1 if step == "half" else None])
            rest = line[1:] if step == "half" else b""
            written += 1
        elif step == "move" and not away:
            log.move()
            away = True
        elif step == "reopen" and away and not rest:
            log.reopen()
            away = False
        elif step == "read":
            found += log.read()
        elif step == "kill":
            log.kill()
    log.write(rest)
    if away:
        log.reopen()
    log.write(b"end\n")
    found += log.read()
    assert found == [*(b"%d" % number for number in range(written)), b"end"]
    log.close()
