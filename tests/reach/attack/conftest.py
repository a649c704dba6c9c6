"""Attack paths out of a few lines of code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from garrison.reach.path import Paths
from garrison.scan.scan import Settings, estate_of, paths_of


@pytest.fixture
def paths(tmp_path: Path) -> Callable[..., Paths]:
    """Writes files by their names (`main_tf` is main.tf), and searches them."""

    def found(**files: str) -> Paths:
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text)
        estate, book, tree = estate_of([tmp_path], Settings())
        assert not tree.problems
        return paths_of(estate, book)

    return found


def told(found: Paths, *, start: str = "", end: str = "") -> list[str]:
    """Each path in a line: where it begins, what is done to come to what, what is taken."""
    lines = []
    for path in found.found:
        hops = " | ".join(f"{h.words} {h.end.label}" for h in path.hops)
        line = f"{path.entry}: {hops}{'' if path.sure else ' ?'} = {path.jewel}"
        if line.startswith(start) and line.endswith(end):
            lines.append(line)
    return lines
