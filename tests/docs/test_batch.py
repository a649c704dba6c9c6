"""The page on queues: its table is held, its reasons are those of the guard, and its rights are what is tried."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

from tests.gateway.batch import users
from tests.gateway.batch.test_access import GUARD

from garrison.gateway.batch import guard, judge
from garrison.gateway.certificates.authority import make
from garrison.gateway.file import batch, rules
from garrison.gateway.file.read import read

PAGE = (Path(__file__).parents[2] / "docs/batch.md").read_text("utf8")
REASONS = {"no-credential", "unknown-model", "denied", "too-large", "quota", "invalid", "gateway-error"}
REST = """
[listener.local]
address = "127.0.0.1:1"

[upstream.server]
protocol = "open-inference"
url = "http://127.0.0.1:8080"

[identity.keys]
"""


def test_the_table_is_held(tmp_path: Path) -> None:
    (table,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    make(tmp_path, ["127.0.0.1"], [])
    (tmp_path / "ca.pem").rename(tmp_path / "nats-ca.pem")
    (tmp_path / "garrison.creds").write_text(users.operator().credentials(["a"], ["b"]))
    (tmp_path / "gateway.toml").write_text(REST + table)
    loaded = read(tmp_path / "gateway.toml")
    rules.hold(loaded)
    batch.hold(loaded)
    assert loaded.gateway.batch
    assert loaded.gateway.batch.per_day == 10_000


def test_the_reasons_are_told() -> None:
    nodes = [node for module in (judge, guard) for node in ast.walk(ast.parse(inspect.getsource(module)))]
    said = {node.value for node in nodes if isinstance(node, ast.Constant)}
    assert set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == REASONS
    assert said >= REASONS


def test_the_rights_are_those_that_are_tried() -> None:
    (passage,) = re.findall(r"The guard publishes to (.*?), and subscribes", PAGE, re.DOTALL)
    assert set(re.findall(r"`([^`]+)`", passage)) == set(GUARD)
