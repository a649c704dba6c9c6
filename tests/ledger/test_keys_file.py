"""Keys in files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from garrison.errors import LedgerError
from garrison.ledger.keys import file


def test_a_key_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    before = os.umask(0)
    try:
        made = file.create(path, "example.com/ledger")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert file.load(path).vkey == made.vkey
    assert path.read_text().startswith("PRIVATE+KEY+example.com/ledger+")


def test_a_key_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    made = file.create(path, "example.com/ledger")
    with pytest.raises(LedgerError, match="not overwritten"):
        file.create(path, "example.com/ledger")
    assert file.load(path).vkey == made.vkey


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_a_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "audit.key"
    file.create(path, "example.com/ledger")
    path.chmod(mode)
    with pytest.raises(LedgerError, match=f"mode 0{mode:o}") as raised:
        file.load(path)
    assert raised.value.hint.startswith(f"chmod 600 {path}")
    path.chmod(0o400)
    assert file.load(path)


def test_what_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    with pytest.raises(LedgerError, match="No such file"):
        file.load(path)
    with pytest.raises(LedgerError, match="Is a directory"):
        file.load(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(LedgerError, match="not in a plain file"):
        file.load(tmp_path / "pipe")
    for content in (b"", b"\xff\xfe", b"a" * 100_000, b"PRIVATE+KEY+a+00000000+AAAA"):
        path.unlink(missing_ok=True)
        file.write_secret(path, content)
        with pytest.raises(LedgerError) as raised:
            file.load(path)
        assert raised.value.path == str(path)


def test_where_no_key_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be written"):
        file.create(tmp_path / "none" / "audit.key", "example.com/ledger")
