"""Changes of what a gateway decides by are told before they hold; where they cannot be told, they do not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.gateway.run.conftest import FILE, Running

from garrison.cli import program
from garrison.ledger.opening import open_ledger

pytestmark = pytest.mark.slow


def entries(folder: Path) -> list[Any]:
    with open_ledger(folder) as ledger:
        found = [json.loads(entry) for entry in ledger.entries()]
    return [entry for entry in found if entry["kind"] == "policy.change"]


def test_a_change_is_an_entry_before_it_holds(run: Callable[..., Running], tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    done = CliRunner().invoke(
        program, ["ledger", "init", str(folder), "--origin", "example.com/audit"], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    gateway = run(FILE.replace("drain-s = 5", 'drain-s = 5\nledger = "audit"')).ready()
    (begun,) = entries(folder)
    assert (begun["action"], begun["object"]["type"], begun["object"]["name"]) == ("create", "gateway", "gateway.toml")
    gateway.change("[model.iris]", '[model.more]\nupstream = "server"\n\n[model.iris]')
    gateway.until(lambda: gateway.status("/v2/models/more") == 200, 10)
    changed = entries(folder)[-1]
    assert (changed["action"], changed["previous"]) == ("change", begun["object"]["digest"])

    shutil.move(folder, tmp_path / "away")
    gateway.change("[model.more]", "[model.less]")
    gateway.until_said("nothing has been changed")
    assert gateway.status("/v2/models/more") == 200
    assert gateway.status("/v2/models/less") == 404
    shutil.move(tmp_path / "away", folder)
    gateway.change("[model.less]", "[model.fewer]")
    gateway.until(lambda: gateway.status("/v2/models/fewer") == 200, 10)
    assert len(entries(folder)) == 3
