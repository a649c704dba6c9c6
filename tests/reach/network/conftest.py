"""Estates out of a few lines of code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from garrison.estate.estate import Estate
from garrison.scan.scan import Settings, estate_of


@pytest.fixture
def estate(tmp_path: Path) -> Callable[..., Estate]:
    """Writes files (by default `main.tf`), reads and links them."""

    def made(text: str, name: str = "main.tf") -> Estate:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        return estate_of([tmp_path], Settings())[0]

    return made
