"""The key of digests: made once, kept from others, and refused where it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.errors import ConfigError
from garrison.gateway.digests import KEY, make_key, read_key


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    assert read_key(tmp_path) == b""
    make_key(tmp_path)
    made = read_key(tmp_path)
    make_key(tmp_path)
    assert len(made) == 32
    assert read_key(tmp_path) == made
    assert (tmp_path / KEY).stat().st_mode & 0o077 == 0
    make_key(tmp_path / "other")
    assert read_key(tmp_path / "other") != made


@pytest.mark.parametrize("damaged", ["", "00", "xyz", "\u00e9", "0" * 66])
def test_a_key_that_is_damaged_is_not_used(tmp_path: Path, damaged: str) -> None:
    (tmp_path / KEY).write_text(damaged)
    with pytest.raises(ConfigError, match=r"is not a key|bytes, not 32"):
        read_key(tmp_path)
