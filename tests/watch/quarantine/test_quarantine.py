"""Lines that are no events: kept durably, for who has the key, for a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pyrage
import pytest

from garrison.errors import BusyError, ConfigError
from garrison.watch.quarantine import quarantine as module
from garrison.watch.quarantine import segment
from garrison.watch.quarantine.quarantine import IDENTITY, Quarantine, segments
from garrison.watch.quarantine.reading import lines, sums
from garrison.watch.quarantine.settings import Settings

SECRET = b'{"password":"hunter2\x1b[31m\xff"}'
REASON = "this is no line of Falco: Expected `str`, got hunter2"


def test_what_is_put_in_is_read_by_who_has_the_key_and_nobody_else(tmp_path: Path) -> None:
    quarantine = Quarantine.open(tmp_path / "q", Settings())
    quarantine.put("sensor", "falco", SECRET, REASON)
    quarantine.put_all("sensor", "falco", [(b"x", REASON), (b"", "empty")])
    quarantine.close()
    quarantine.put("trail", "aws-cloudtrail", b"{", "half")
    found = list(lines(tmp_path / "q", tmp_path / IDENTITY))
    assert [(k.head.input, k.line, k.reason) for k in found] == [
        ("sensor", SECRET, REASON), ("sensor", b"x", REASON), ("sensor", b"", "empty"), ("trail", b"{", "half"),
    ]  # fmt: skip
    assert len({k.at for k in found}) == 4
    assert len(segments(tmp_path / "q")) == 2
    whole = b"".join(path.read_bytes() for path in segments(tmp_path / "q"))
    assert b"hunter2" not in whole
    assert all(
        path.stat().st_mode & 0o077 == 0 for path in [*segments(tmp_path / "q"), tmp_path / "q", tmp_path / IDENTITY]
    )
    first = sums(tmp_path / "q")[0]
    assert (first.input, first.form, first.why, first.lines) == ("sensor", "falco", "this is no line of Falco", 2)
    assert first.bytes == len(SECRET) + 1


def test_a_recipient_that_is_named_alone_can_read(tmp_path: Path) -> None:
    mine, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    quarantine = Quarantine.open(tmp_path / "q", Settings(recipient=str(mine.to_public())))
    quarantine.put("a", "syslog", b"line", "no")
    assert not (tmp_path / IDENTITY).exists()
    (tmp_path / "mine").write_text(f"# made\n{mine}\n")
    (tmp_path / "other").write_text(str(other))
    assert [k.line for k in lines(tmp_path / "q", tmp_path / "mine")] == [b"line"]
    with pytest.raises(ConfigError, match="cannot be read"):
        list(lines(tmp_path / "q", tmp_path / "other"))
    (tmp_path / "empty").write_text("")
    with pytest.raises(ConfigError, match="no key of age"):
        list(lines(tmp_path / "q", tmp_path / "empty"))
    with pytest.raises(ConfigError, match="is no recipient"):
        Quarantine.open(tmp_path / "q", Settings(recipient="age1nobody"))


def test_when_it_is_full_nothing_is_acknowledged(tmp_path: Path) -> None:
    quarantine = Quarantine.open(tmp_path / "q", Settings(size_mb=1))
    for _ in range(10):
        quarantine.put("a", "syslog", os.urandom(100_000), "no")
    with pytest.raises(BusyError, match="is full"):
        quarantine.put("a", "syslog", os.urandom(100_000), "no")
    kept = list(lines(tmp_path / "q", tmp_path / IDENTITY))
    assert len(kept) == 10
    again = Quarantine.open(tmp_path / "q", Settings(size_mb=1))
    with pytest.raises(BusyError, match="is full"):
        again.put("a", "syslog", os.urandom(200_000), "no")


def test_what_is_old_is_deleted_and_counted(tmp_path: Path) -> None:
    quarantine = Quarantine.open(tmp_path / "q", Settings(days=7))
    quarantine.put("a", "syslog", b"new", "no")
    quarantine.close()
    new = set(segments(tmp_path / "q"))
    quarantine.put("a", "syslog", b"old", "no")
    (old,) = set(segments(tmp_path / "q")) - new
    os.utime(old, (time.time() - 8 * 86_400,) * 2)
    assert quarantine.sweep() == 1
    assert quarantine.deleted == 1
    assert [k.line for k in lines(tmp_path / "q", tmp_path / IDENTITY)] == [b"new"]


def test_what_is_deleted_makes_room_and_is_not_written_to(tmp_path: Path) -> None:
    quarantine = Quarantine.open(tmp_path / "q", Settings(size_mb=1))
    for _ in range(3):
        quarantine.put("a", "syslog", os.urandom(900_000), "no")
        (path,) = segments(tmp_path / "q")
        os.utime(path, (time.time() - 8 * 86_400,) * 2)
        assert quarantine.sweep() == 1
    quarantine.put("a", "syslog", b"new", "no")
    assert [k.line for k in lines(tmp_path / "q", tmp_path / IDENTITY)] == [b"new"]


def test_a_change_is_found_and_a_torn_end_is_nothing(tmp_path: Path) -> None:
    quarantine = Quarantine.open(tmp_path / "q", Settings())
    quarantine.put_all("a", "syslog", [(b"one", "no"), (b"two", "no")])
    (path,) = segments(tmp_path / "q")
    data = path.read_bytes()
    path.write_bytes(data[:-3])
    assert [k.line for k in lines(tmp_path / "q", tmp_path / IDENTITY)] == [b"one"]
    frame = list(segment.frames(data))[1]
    other = frame.raw_head.replace(b'"input":"a"', b'"input":"b"')
    changed = (
        segment._LENGTHS.pack(len(other), len(frame.body), zlib.crc32(frame.body, zlib.crc32(other)))
        + other
        + frame.body
    )
    path.write_bytes(
        data[: data.index(frame.raw_head, data.index(frame.raw_head) + 1) - segment._LENGTHS.size] + changed
    )
    with pytest.raises(ConfigError, match="changed since"):
        list(lines(tmp_path / "q", tmp_path / IDENTITY))
    path.write_bytes(b"garbage")
    with pytest.raises(ConfigError, match="no file of the quarantine"):
        list(lines(tmp_path / "q", tmp_path / IDENTITY))


WRITER = """
import sys
from pathlib import Path
from garrison.watch.quarantine.quarantine import Quarantine
from garrison.watch.quarantine.settings import Settings

quarantine = Quarantine.open(Path(sys.argv[1]), Settings())
number = 0
while True:
    quarantine.put("a", "syslog", b"%d" % number, "no")
    print(number, flush=True)
    number += 1
"""


@pytest.mark.slow
def test_what_was_put_in_survives_kill(tmp_path: Path) -> None:
    total = 0
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "q")], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(0.05)
            os.kill(writer.pid, signal.SIGKILL)
            total += 1 + len(writer.stdout.read().split())
    kept = sum(1 for _ in lines(tmp_path / "q", tmp_path / IDENTITY))
    assert total <= kept <= total + 5


def test_a_segment_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SEGMENT_BYTES", 1_000)
    quarantine = Quarantine.open(tmp_path / "q", Settings())
    for _ in range(10):
        quarantine.put("a", "syslog", b"x" * 300, "no")
    assert len(segments(tmp_path / "q")) > 2
