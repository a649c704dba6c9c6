"""The page on limits: its file is right, its commands run, and print what it shows."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import subprocess
import sys
from pathlib import Path

from garrison.gateway.certificates.authority import make
from garrison.gateway.envoy.bounds import Bound, of_caller
from garrison.gateway.file.form import Quota, Rate
from garrison.gateway.file.read import read
from garrison.gateway.planning import planned
from garrison.gateway.quota.days import day_of
from garrison.gateway.quota.feed import Position
from garrison.gateway.quota.store import Store
from garrison.gateway.quota.tally import Key, Used

PAGE = (Path(__file__).parents[2] / "docs/limits.md").read_text("utf8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    (file,) = blocks("toml")
    (tmp_path / "gateway.toml").write_text(file)
    (tmp_path / "redis.password").write_text("secret")
    make(tmp_path, [], [])
    now = dt.datetime.now(dt.UTC)
    plan = planned(read(tmp_path / "gateway.toml"), now).plan
    assert plan.budgets.client_model == {"fraud": Quota(2000)}
    assert plan.budgets.of_client("corp:ada") == Quota(None, 5_000_000)

    assert plan.rates["client"] == {"corp:ada": Rate(200)}
    assert of_caller(plan.gateway, "service", "batch") == Bound(64, 128, 5)

    (tmp_path / "state").mkdir()
    with Store(tmp_path / "state/usage.db") as store:
        ada, scorer = Key("corp:ada", "service", "llama"), Key("scorer", "service", "fraud")
        used = {ada: Used(3000, 4_999_000), scorer: Used(2_000)}
        store.count({day_of(now, "Europe/Zurich"): used}, Position())
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) == 6
    told = [_run(command, tmp_path) for command in commands]
    (shown,) = blocks("text")
    assert shown in told[0]
    assert '"tokens": 4999000' in told[1]
    assert 'garrison_gateway_used{kind="client",name="scorer",model="",unit="requests"} 2000' in told[2]
    assert "batch is held to 0.1 a second until " in told[3]
    assert "batch: 0.1 a second until " in told[4]
    assert told[5] == "batch is held to less no more\n"


def _run(command: str, folder: Path) -> str:
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout
