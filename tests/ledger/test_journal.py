"""The journal, torn and damaged at every byte."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from garrison.errors import TamperedError
from garrison.ledger.journal import Segment, replay, segments
from garrison.ledger.tiles import frame

GROUPS = ([b"zero", b"one"], [b"two"], [b"three", b"", b"five" * 9])
FRAMED = [frame(entry) for group in GROUPS for entry in group]


def written(folder: Path) -> tuple[bytes, list[int]]:
    """A segment of three frames, and the bytes at which they end."""
    segment = Segment.create(folder, 0)
    ends = []
    first = 0
    for group in GROUPS:
        segment.append(first, b"".join(map(frame, group)))
        first += len(group)
        ends.append(segment.end_byte)
    segment.close()
    (path,) = segments(folder)
    return path.read_bytes()[: ends[-1]], ends


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written(tmp_path)
    assert replay(tmp_path, 0).framed == FRAMED
    assert replay(tmp_path, 0).dropped_bytes == 0
    assert replay(tmp_path, 2).framed == FRAMED[2:]
    assert replay(tmp_path, 5).framed == FRAMED[5:]
    assert replay(tmp_path, 6).framed == []


def test_a_write_torn_at_any_byte_loses_the_last_frame_only(tmp_path: Path) -> None:
    data, ends = written(tmp_path)
    (path,) = segments(tmp_path)
    whole = dict(zip([0, *ends], [0, 2, 3, 6], strict=True))
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        kept = max(end for end in whole if end <= cut)
        found = replay(tmp_path, 0)
        assert found.framed == FRAMED[: whole[kept]]
        assert found.dropped_bytes == len(data[kept:cut].rstrip(b"\0"))


def test_a_write_whose_beginning_is_missing_loses_the_last_frame_only(tmp_path: Path) -> None:
    data, ends = written(tmp_path)
    (path,) = segments(tmp_path)
    for cut in range(ends[1] + 1, len(data)):
        path.write_bytes(data[: ends[1]] + bytes(cut - ends[1]) + data[cut:] + bytes(100))
        assert replay(tmp_path, 0).framed == FRAMED[:3]


def test_a_changed_byte_is_no_torn_write_where_another_frame_follows(tmp_path: Path) -> None:
    data, ends = written(tmp_path)
    (path,) = segments(tmp_path)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x40
        path.write_bytes(changed)
        if at < ends[1]:
            with pytest.raises(TamperedError, match="the frame at byte") as caught:
                replay(tmp_path, 0)
            assert caught.value.path == str(path)
        else:
            found = replay(tmp_path, 0)
            assert found.framed == FRAMED[:3]
            assert found.dropped_bytes


def test_a_missing_segment_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    segment = Segment.create(tmp_path, 9)
    segment.append(9, frame(b"nine"))
    segment.close()
    with pytest.raises(TamperedError, match="3 entries before entry 9 are missing"):
        replay(tmp_path, 0)
    with pytest.raises(TamperedError, match="1 entries before entry 9 are missing"):
        replay(tmp_path, 8)


def test_a_torn_frame_in_a_segment_that_is_not_the_last_is_damage(tmp_path: Path) -> None:
    data, _ = written(tmp_path)
    (path,) = segments(tmp_path)
    path.write_bytes(data[:-1])
    segment = Segment.create(tmp_path, 3)
    segment.append(3, frame(b"three"))
    segment.close()
    with pytest.raises(TamperedError, match="follows a segment with a torn frame"):
        replay(tmp_path, 0)


def test_a_frame_that_ends_within_an_entry_is_damage(tmp_path: Path) -> None:
    segment = Segment.create(tmp_path, 0)
    segment.append(0, b"\0\x09short")
    segment.close()
    with pytest.raises(TamperedError, match="is cut off"):
        replay(tmp_path, 0)


def test_a_full_disk_leaves_the_segment_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = Segment.create(tmp_path, 0)
    segment.append(0, frame(b"kept"))
    write = os.pwrite

    def full(descriptor: int, data: memoryview, at: int) -> int:
        if at > 40:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[:3], at)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space left"):
            segment.append(1, frame(b"lost" * 9))
    assert segment.sound
    assert replay(tmp_path, 0).framed == [frame(b"kept")]
    assert replay(tmp_path, 0).dropped_bytes == 0
    segment.append(1, frame(b"later"))
    segment.close()
    assert replay(tmp_path, 0).framed == [frame(b"kept"), frame(b"later")]


def test_after_a_failed_sync_the_segment_is_not_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = Segment.create(tmp_path, 0)

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(OSError, match="Input/output error"):
        segment.append(0, frame(b"unknown"))
    assert not segment.sound
    segment.close()
