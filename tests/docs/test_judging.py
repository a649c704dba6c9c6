"""The page on judging: its sections are a watch file, and show what holds where nothing is said."""

from __future__ import annotations

import re
from pathlib import Path

from garrison.watch.file.read import read
from garrison.watch.judge.settings import Baselines, Silence

PAGE = (Path(__file__).parents[2] / "docs/judging.md").read_text("utf8")


def test_its_sections_are_a_watch_file(tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    path = tmp_path / "watch.toml"
    path.write_text("\n".join(blocks))
    loaded = read(path)
    assert (loaded.watch.baselines, loaded.watch.silence) == (Baselines(), Silence())
    assert loaded.judging.quiet_after_s == {"trail": 3600}
    assert (loaded.watch.rules.pack, loaded.watch.rules.folders) == (True, ("rules",))
