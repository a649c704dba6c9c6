"""A spool keeps what it acknowledged, whatever happens, and gives the same again after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from garrison.errors import BusyError, EventsError
from garrison.watch.spool import Batch, Spool, Taken

COLUMNS = ("time_us", "raw")
PRODUCER = """
import sys
from pathlib import Path
from garrison.watch.spool import Batch, Spool

spool = Spool.open(Path(sys.argv[1]), ("time_us", "raw"))
number = int(sys.argv[2])
while True:
    keys = [("p", str(number + n), number + n) for n in range(7)]
    spool.append(Batch(keys, [b"d"] * 7, [(1, b"r%d" % (number + n) * 40) for n in range(7)]))
    number += 7
    print(number, flush=True)
"""


def batch(*numbers: int) -> Batch:
    return Batch(
        [("p", str(n), n) for n in numbers], [b"d%d" % n for n in numbers], [(1, b"row%d" % n) for n in numbers]
    )


def numbers(taken: Taken | None) -> list[int]:
    assert taken is not None
    return [time_us for _, _, time_us in taken.batch.keys]


def segment(folder: Path) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.name.isdecimal())


def test_what_goes_in_comes_out_once_and_in_order(tmp_path: Path) -> None:
    with Spool.open(tmp_path, COLUMNS) as spool:
        spool.append(batch(1, 2))
        spool.append(batch(3))
        assert spool.pending == 3
        taken = spool.take(wait_s=0)
        assert numbers(taken) == [1, 2, 3]
        assert taken is not None
        assert taken.columns == COLUMNS
        spool.done(taken)
        assert spool.take() is None
        spool.append(batch(4))
        assert numbers(spool.take(wait_s=0)) == [4]


def test_after_a_crash_the_same_comes_again_under_the_same_name(tmp_path: Path) -> None:
    with Spool.open(tmp_path, COLUMNS) as spool:
        spool.append(batch(1, 2))
        first = spool.take(wait_s=0)
        spool.append(batch(3))
    with Spool.open(tmp_path, COLUMNS) as spool:
        again = spool.take(wait_s=0)
        assert first is not None
        assert again is not None
        assert (again.name, again.batch) == (first.name, first.batch)
        spool.done(again)
        assert numbers(spool.take(wait_s=0)) == [3]


def test_a_torn_tail_is_dropped_and_told(tmp_path: Path) -> None:
    with Spool.open(tmp_path, COLUMNS) as spool:
        spool.append(batch(1))
        spool.append(batch(2))
    path = segment(tmp_path)
    path.write_bytes(path.read_bytes()[:-3])
    with Spool.open(tmp_path, COLUMNS) as spool:
        assert spool.dropped_bytes > 0
        assert numbers(spool.take(wait_s=0)) == [1]
        spool.append(batch(5))


def test_damage_before_the_tail_is_no_torn_write(tmp_path: Path) -> None:
    with Spool.open(tmp_path, COLUMNS) as spool:
        spool.append(batch(1))
        spool.append(batch(2))
    path = segment(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"row1", b"rowX"))
    with pytest.raises(EventsError, match="damaged"):
        Spool.open(tmp_path, COLUMNS)


def test_a_line_that_looks_like_a_frame_is_none(tmp_path: Path) -> None:
    with Spool.open(tmp_path, COLUMNS) as spool:
        spool.append(batch(1))
    frame = segment(tmp_path).read_bytes()
    with Spool.open(tmp_path / "other", COLUMNS) as spool:
        spool.append(Batch([("p", "1", 1)], [b""], [(1, frame)]))
    path = segment(tmp_path / "other")
    path.write_bytes(path.read_bytes()[:-1])
    with Spool.open(tmp_path / "other", COLUMNS) as spool:
        assert spool.pending == 0
        assert spool.dropped_bytes > len(frame)


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    with Spool.open(tmp_path, COLUMNS, max_bytes=1000) as spool:
        spool.append(batch(1))
        with pytest.raises(BusyError, match="full"):
            spool.append(Batch([("p", "2", 2)], [b""], [(1, b"x" * 1000)]))
        assert numbers(spool.take(wait_s=0)) == [1]


def test_one_process_has_it(tmp_path: Path) -> None:
    with Spool.open(tmp_path, COLUMNS), pytest.raises(BusyError, match="another process"):
        Spool.open(tmp_path, COLUMNS)


def test_segments_follow_each_other_and_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("garrison.watch.spool.spool._SEGMENT_BYTES", 200)
    found: list[int] = []
    with Spool.open(tmp_path, COLUMNS) as spool:
        for number in range(20):
            spool.append(batch(number))
        while (taken := spool.take(wait_s=0)) is not None:
            found += numbers(taken)
            spool.done(taken)
        assert found == list(range(20))
        assert sum(path.name.isdecimal() for path in tmp_path.iterdir()) == 1


def test_rows_of_other_columns_are_taken_apart(tmp_path: Path) -> None:
    with Spool.open(tmp_path, COLUMNS) as spool:
        spool.append(batch(1))
    with Spool.open(tmp_path, (*COLUMNS, "model")) as spool:
        spool.append(batch(2))
        old = spool.take(wait_s=0)
        assert old is not None
        assert (old.columns, numbers(old)) == (COLUMNS, [1])
        spool.done(old)
        new = spool.take(wait_s=0)
        assert new is not None
        assert (new.columns, numbers(new)) == ((*COLUMNS, "model"), [2])


def test_threads_share_a_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs, real = [], os.fdatasync
    entered, go = threading.Event(), threading.Event()

    def slow(descriptor: int) -> None:
        syncs.append(descriptor)
        if len(syncs) == 2:  # the first names the columns
            entered.set()
            go.wait(10)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    with Spool.open(tmp_path, COLUMNS) as spool:
        threads = [threading.Thread(target=spool.append, args=(batch(n),)) for n in range(8)]
        threads[0].start()
        entered.wait(10)
        for thread in threads[1:]:
            thread.start()
        while len(spool._waiting) < 7:
            pass
        go.set()
        for thread in threads:
            thread.join()
        assert len(syncs) == 3
        assert sorted(numbers(spool.take(wait_s=0))) == list(range(8))


@pytest.mark.slow
def test_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acknowledged, stored = 0, []
    for round_ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", PRODUCER, str(tmp_path), str(acknowledged)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        for _ in range(5 + round_ * 7):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        told = [line for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        child.stdout.close()
        child.wait()
        with Spool.open(tmp_path, COLUMNS) as spool:
            while (taken := spool.take(wait_s=0)) is not None:
                stored += numbers(taken)
                spool.done(taken)
        assert not told or int(told[-1]) <= stored[-1] + 1
        acknowledged = stored[-1] + 1  # at most one more batch is there than was told
    assert stored == list(range(acknowledged))
