"""The inputs that the page shows are inputs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from garrison.watch.receive.input import InputSettings
from garrison.watch.receive.inputs import inputs

PAGE = (Path(__file__).parents[2] / "docs/receiving-files.md").read_text("utf8")
SHOWN = [one for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) for one in tomllib.loads(block)["input"]]


@pytest.mark.parametrize("said", SHOWN, ids=lambda said: str(said["name"]))
def test_an_input_is_read(said: dict[str, object]) -> None:
    settings: InputSettings = msgspec.convert(said, inputs()[str(said["type"])].Settings)
    assert settings.name == said["name"]


def test_every_type_is_shown() -> None:
    assert {one["type"] for one in SHOWN} == {"file", "journald", "prometheus", "s3", "syslog"}
