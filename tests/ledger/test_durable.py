"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.ledger import durable


def test_create(tmp_path: Path) -> None:
    path = tmp_path / "a"
    durable.create(path, b"one", mode=0o640)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"one", 0o640)
    with pytest.raises(FileExistsError):
        durable.create(path, b"two")
    assert path.read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_replace(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for data in (b"one", b"two"):
        durable.replace(path, data)
        assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_what_cannot_be_named_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        durable.replace(tmp_path / "folder", b"one")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]
