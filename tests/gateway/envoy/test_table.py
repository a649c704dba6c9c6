"""Clients that policies tell apart: what holds for everybody does not hold for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gateway.envoy.conftest import FILE, OPERATOR, SCIENTIST, Gateway

pytestmark = pytest.mark.slow
POLICY = FILE.replace("[upstream.server]", '[policy]\ncedar = ["own.cedar"]\n\n[upstream.server]')
NOT_ADA = 'forbid (principal == Client::"ada", action == Action::"infer", resource == Model::"other");'
ADA_AS_OPERATOR = """
forbid (principal == Client::"ada", action == Action::"infer", resource == Model::"other")
unless { principal in Role::"operations" };
"""


@pytest.mark.parametrize("policy", [NOT_ADA, ADA_AS_OPERATOR], ids=["in no role", "in another role only"])
def test_a_client_that_is_forbidden_does_not_come_to_what_its_role_may(
    policy: str, of: Callable[..., Gateway], tmp_path: Path
) -> None:
    (tmp_path / "own.cedar").write_text(policy)
    gateway = of(POLICY)
    assert gateway.infer("other").status == 403
    assert gateway.infer("iris").status == 200
    assert gateway.infer("other", key=OPERATOR).status == 200
    assert gateway.call("GET", "/v2/models/other", key=SCIENTIST).status == 200
