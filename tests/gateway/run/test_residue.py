"""What the table cannot decide ahead: the service is asked, and where it is away nobody is let in."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gateway.run.conftest import FILE, Running

pytestmark = pytest.mark.slow

POLICY = """
@id("only-the-short-form")
forbid (principal, action == Action::"read-metadata", resource == Model::"iris")
unless { context.request.path == "/v2/models/iris" && context.claims has team && context.claims.team == "fraud" };
"""
ROLES = '[claims]\nteam = "string"\n'


def test_policies_that_need_the_request_are_asked(run: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_text(POLICY)
    (tmp_path / "roles.toml").write_text(ROLES)
    text = FILE.replace(
        "[upstream.server]", '[policy]\ncedar = ["own.cedar"]\nroles = "roles.toml"\n\n[upstream.server]'
    )
    gateway = run(text).ready()
    member = gateway.issuer.token(team="fraud")
    gateway.until(lambda: gateway.status(token=member) == 200, 10)
    assert gateway.status("/v2/models/iris/config", token=member) == 403
    assert gateway.status(token=gateway.issuer.token(team="other")) == 403
    assert gateway.status() == 403
    assert gateway.status("/v2/models/iris/ready") == 200  # nothing is asked about health

    children = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text().split()
    service = next(int(c) for c in children if b"authorise" in Path(f"/proc/{c}/cmdline").read_bytes())
    os.kill(service, signal.SIGKILL)
    gateway.until_said("the authorisation service ended by itself (SIGKILL)")
    gateway.until(lambda: gateway.status(token=member) == 200, 20)

    (tmp_path / "own.cedar").write_text(POLICY.replace("fraud", "risk"))
    gateway.until(lambda: gateway.status(token=member) == 403, 10)
    assert gateway.status(token=gateway.issuer.token(team="risk")) == 200
    (tmp_path / "own.cedar").write_text("forbid (principal, action, nothing);")
    gateway.until_said("nothing has been changed")
    assert gateway.status(token=gateway.issuer.token(team="risk")) == 200

    lines = [json.loads(line) for line in (gateway.folder / "s/audit.jsonl").read_text().splitlines()]
    assert any("only-the-short-form" in line.get("policy", "") for line in lines)


def test_a_service_that_hangs_lets_nobody_in(run: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_text(POLICY)
    (tmp_path / "roles.toml").write_text(ROLES)
    text = FILE.replace(
        "[upstream.server]", '[policy]\ncedar = ["own.cedar"]\nroles = "roles.toml"\n\n[upstream.server]'
    )
    gateway = run(text).ready()
    member = gateway.issuer.token(team="fraud")
    gateway.until(lambda: gateway.status(token=member) == 200, 10)
    stopped = [int(p.name) for p in Path("/proc").glob("[0-9]*") if _is_service(p, tmp_path)]
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    assert gateway.status(token=member) in {403, 503}
    for process in stopped:
        os.kill(process, signal.SIGCONT)
    gateway.until(lambda: gateway.status(token=member) == 200, 10)


def _is_service(process: Path, folder: Path) -> bool:
    try:
        said = (process / "cmdline").read_bytes()
    except OSError:
        return False
    return b"garrison.gateway.authorise" in said and str(folder).encode() in said
