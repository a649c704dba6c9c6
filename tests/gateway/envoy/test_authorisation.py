"""What Envoy decides by the compiled table is what the policies say: every client, role, action and model is asked of both."""

from __future__ import annotations

import http.client
import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.gateway.envoy.conftest import FILE, OPERATOR, SCIENTIST, START_S, Gateway, free_port, made_ready

from garrison.gateway.envoy import names
from garrison.gateway.envoy.authorisation import table
from garrison.gateway.envoy.bootstrap import bootstrap
from garrison.gateway.envoy.compiled import written
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.typed import extension, socket_address
from garrison.gateway.planning import policies_of
from garrison.gateway.run import child
from garrison.gateway.run.program import find_envoy
from garrison.policy.actions import Action
from garrison.policy.decide import Judge, Outcome
from garrison.policy.request import Model
from garrison.running.child import stop

pytestmark = pytest.mark.slow

POLICIES = """
@id("not-web")
forbid (principal == Client::"web", action, resource == Model::"iris");
@id("not-hers")
forbid (principal == Client::"olga", action in [Action::"health", Action::"load-model"], resource);
@id("his-too")
permit (principal == Client::"ada", action == Action::"train", resource == Model::"other");
@id("nobody-trains-elsewhere")
forbid (principal, action == Action::"train", resource == Model::"third") unless { principal == Client::"ada" };
"""
OWN = FILE.replace("[upstream.server]", '[policy]\ncedar = ["own.cedar"]\n\n[upstream.server]').replace(
    "[model.other]", '[model.third]\nupstream = "server"\nlabels = ["restricted"]\n\n[model.other]'
)


@pytest.fixture
def plan(made: Callable[..., Plan], tmp_path: Path) -> Plan:
    (tmp_path / "own.cedar").write_text(POLICIES)
    return made(tmp_path, OWN)


def test_a_client_that_is_forbidden_is_not_let_in_by_its_role(of: Callable[..., Gateway], tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_text(POLICIES.replace('"web"', '"ada"'))
    gateway = of(OWN)
    assert gateway.infer("iris").status == 403
    assert gateway.infer("other").status == 200
    assert gateway.call("GET", "/v2/models/iris", key=SCIENTIST).status == 403
    assert gateway.call("GET", "/v2/models/iris", key=OPERATOR).status == 200
    assert gateway.call("GET", "/v2/models/iris/ready", key=OPERATOR).status == 403
    assert gateway.call("GET", "/v2/models/iris/ready", key=SCIENTIST).status == 403


def test_envoy_says_what_cedar_says(plan: Plan, tmp_path: Path) -> None:
    """For clients that policies name, and one that none does."""
    policies = policies_of(plan.loaded)
    models = [Model(name, frozenset(model.labels)) for name, model in plan.gateway.model.items()]
    judge = Judge(policies, models)
    roles = policies.vocabulary.role
    asked = list(itertools.product(("web", "olga", "ada", "nobody"), roles, Action, (m.name for m in models)))
    port = free_port()
    process = child.start(find_envoy(), _only_the_table(plan, port, tmp_path), workers=1, drain_s=1)
    try:
        made_ready(process, tmp_path / "a.sock", START_S)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        found: dict[bool, int] = {True: 0, False: 0}
        for client, role, action, model in asked:
            said = {names.CLIENT: client, names.ROLE: role, names.ACTION: action.value, names.MODEL: model}
            connection.request("GET", "/", headers=said)
            answer = connection.getresponse()
            answer.read()
            outcome = judge.decide_ahead(role, action, model, client).outcome
            assert outcome is not Outcome.RESIDUE
            allowed = outcome is Outcome.ALLOW
            assert answer.status == (200 if allowed else 403), said
            found[allowed] += 1
        connection.close()
    finally:
        stop(process)
    assert min(found.values()) > 50


def _only_the_table(plan: Plan, port: int, folder: Path) -> Path:
    """A configuration of the table alone, which takes from requests what else our own filters say."""
    manager = extension(
        "http",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="table",
        route_config={
            "name": "all",
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}],
                }
            ],
        },
        http_filters=[table(plan), extension("router", "envoy.extensions.filters.http.router.v3.Router")],
    )
    listener = {
        "name": "all",
        "address": socket_address(f"127.0.0.1:{port}"),
        "filter_chains": [{"filters": [manager]}],
    }
    made = msgspec.json.decode(written(bootstrap(plan, str(folder / "a.sock"))))
    made["static_resources"] = {"listeners": [listener]}
    path = folder / "only.json"
    path.write_text(written(made))
    return path
