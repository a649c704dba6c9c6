"""Which servers a model gateway of the same folder stands before, and whose findings that mends."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.checks.check import Outcome
from garrison.estate.assets.gateway import GatewayUpstream, ModelGateway
from garrison.estate.relations import Relation
from garrison.scan.config import Settings
from garrison.scan.scan import estate_of, scan

GATEWAY = """[listener.public]
address = "0.0.0.0:8443"
tls = {{ certificate = "server.pem", key = "server.key" }}

[upstream.llm]
protocol = "openai"
url = "{url}"
"""
COMPOSE = """services:
  llm:
    image: vllm/vllm-openai:v0.11.0
    command: ["--model", "Qwen/Qwen3-8B"]
{more}
"""
UNIT = """[Service]
ExecStart=/usr/bin/vllm serve Qwen/Qwen3-8B --host {host} --port 8000
"""
CLUSTER = """apiVersion: v1
kind: Service
metadata: {name: llm, namespace: models}
spec: {selector: {app: llm}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: server, namespace: models}
spec:
  template:
    metadata: {labels: {app: llm}}
    spec: {containers: [{name: vllm, image: "vllm/vllm-openai:v0.11.0", args: ["--model", "x"]}]}
"""


def shielded(top: Path) -> set[str]:
    """The names of what upstreams stand before."""
    estate, _, tree = estate_of([top], Settings())
    assert not tree.problems
    (gateway,) = estate.of(ModelGateway)
    edges = [edge for upstream in gateway.upstreams for edge in estate.graph.out(upstream, Relation.SHIELDS)]
    assert all(isinstance(edge.start, GatewayUpstream) for edge in edges)
    return {edge.end.name.text() for edge in edges if edge.end}


def no_key(top: Path) -> bool:
    """Whether the language model is said to be served without a key."""
    result = scan([top])
    assert not result.problems
    return any(f.check.id == "llm-server-no-key" and f.outcome is Outcome.FAIL for f in result.findings)


@pytest.mark.parametrize(
    ("url", "more", "behind", "told"),
    [
        ("http://llm:8000", "", {"llm"}, False),
        ("http://llm:8000", '    ports: ["127.0.0.1:8000:8000"]', {"llm"}, False),
        ("http://127.0.0.1:8000", '    ports: ["127.0.0.1:8000:8000"]', {"llm"}, False),
        ("http://llm:8000", '    ports: ["8000:8000"]', {"llm"}, True),
        ("http://llm:8000", "    network_mode: host", {"llm"}, True),
        ("http://llm:8000", "    networks: [shared]\nnetworks: {shared: {external: true}}", {"llm"}, True),
        ("http://127.0.0.1:8001", '    ports: ["127.0.0.1:8000:8000"]', set(), True),
        ("http://other:8000", "", set(), True),
    ],
)
def test_a_service_that_only_the_gateway_leads_to_needs_no_key(
    tmp_path: Path, url: str, more: str, behind: set[str], told: bool
) -> None:
    (tmp_path / "gateway.toml").write_text(GATEWAY.format(url=url))
    (tmp_path / "compose.yaml").write_text(COMPOSE.format(more=more))
    assert shielded(tmp_path) == behind
    assert no_key(tmp_path) is told


@pytest.mark.parametrize(("host", "told"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_a_process_on_the_loopback_is_behind_the_gateway(tmp_path: Path, host: str, told: bool) -> None:
    (tmp_path / "gateway.toml").write_text(GATEWAY.format(url="http://localhost:8000"))
    (tmp_path / "llm.service").write_text(UNIT.format(host=host))
    assert shielded(tmp_path)
    assert no_key(tmp_path) is told


@pytest.mark.parametrize("host", ["llm", "llm.models", "llm.models.svc", "llm.models.svc.cluster.local"])
def test_a_service_of_a_cluster_is_known_but_may_be_gone_past(tmp_path: Path, host: str) -> None:
    (tmp_path / "gateway.toml").write_text(GATEWAY.format(url=f"http://{host}"))
    (tmp_path / "llm.yaml").write_text(CLUSTER)
    assert {"llm", "server", "vllm"} <= shielded(tmp_path)
    assert no_key(tmp_path)


def test_another_namespace_or_folder_is_another_service(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(GATEWAY.format(url="http://llm.staging.svc"))
    (tmp_path / "llm.yaml").write_text(CLUSTER)
    assert not shielded(tmp_path)
    (tmp_path / "gateway.toml").write_text(GATEWAY.format(url="http://llm:8000"))
    (tmp_path / "llm.yaml").unlink()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "compose.yaml").write_text(COMPOSE.format(more=""))
    assert not shielded(tmp_path)
