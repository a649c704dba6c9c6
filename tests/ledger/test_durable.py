"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from garrison.errors import LedgerError, UnreachedError
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


def test_what_is_kept_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert durable.read(path) is None
    durable.keep(path, b"one")
    assert durable.read(path) == b"one"
    with pytest.raises(UnreachedError, match="cannot be written"):
        durable.keep(tmp_path / "none" / "a", b"one")
    with pytest.raises(UnreachedError, match="cannot be read"):
        durable.read(tmp_path)


def test_what_is_too_much_or_never_ends_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(LedgerError, match="more than"):
        durable.read(tmp_path / "a")
    os.mkfifo(tmp_path / "pipe")
    assert durable.read(tmp_path / "pipe") == b""


def test_folders_are_made_with_those_above_them(tmp_path: Path) -> None:
    durable.make_folder(tmp_path / "a/b/c")
    durable.make_folder(tmp_path / "a/b/c")
    assert (tmp_path / "a/b/c").is_dir()
