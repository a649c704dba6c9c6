"""Changes that are seen, whenever they happen."""

from __future__ import annotations

import os
import time
from pathlib import Path

from garrison.running.stamps import as_read, stamps


def test_writing_replacing_and_removing_change_the_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a"
    found = [stamps([path])]
    path.write_text("1")
    found.append(stamps([path]))
    path.write_text("12")
    found.append(stamps([path]))
    other = tmp_path / "b"
    other.write_text("12")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.rename(path)
    found.append(stamps([path]))
    path.unlink()
    assert len({tuple(s.values()) for s in found}) == len(found)
    assert stamps([path]) == {path: None}


def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    known, fresh = tmp_path / "known", tmp_path / "fresh"
    known.write_text("1")
    fresh.write_text("1")
    before, began_ns = stamps([known]), time.time_ns() + 2_000_000_000
    seen = as_read([known, fresh], before, began_ns)
    assert seen == stamps([known, fresh])
    known.write_text("now longer")
    assert as_read([known, fresh], before, began_ns)[known] != stamps([known])[known]
    assert as_read([known, fresh], before, time.time_ns() - 10_000_000_000)[fresh] is None
