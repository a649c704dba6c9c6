"""The gateway as manifests: nothing in them is open, and the files they mount work as a kubelet changes them."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from click.testing import CliRunner

from garrison.cli import program
from garrison.errors import ConfigError, UsageError
from garrison.gateway.certificates.authority import make
from garrison.gateway.envoy.compiled import BOOTSTRAP, Layout, files
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.file.read import read
from garrison.gateway.kubernetes import manifests
from garrison.gateway.planning import planned

IMAGE = f"registry.example.com/envoy@sha256:{'a' * 64}"
FILE = """
[listener.public]
address = "127.0.0.1:8443"
tls = { certificate = "server.pem", key = "server.key", client-ca = "ca.pem" }

[identity.keys]

[upstream.server]
protocol = "open-inference"
url = "http://mlserver.models.svc:8080"

[upstream.outside]
protocol = "openai"
url = "https://llm.example.com"

[model.iris]
upstream = "server"
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    make(tmp_path, [], [])
    (tmp_path / "gateway.toml").write_text(FILE)
    return planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC)).plan


def test_a_scan_finds_nothing_in_them(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "k8s"
    folder.mkdir()
    (folder / "gateway.yaml").write_text(manifests(plan, image=IMAGE, namespace="models-gateway")["gateway.yaml"])
    done = CliRunner().invoke(program, ["scan", str(folder), "--format", "json"], catch_exceptions=False)
    assert json.loads(done.stdout)["findings"] == []
    assert done.exit_code == 0


def test_what_they_hold(plan: Plan) -> None:
    objects: list[Any] = list(yaml.safe_load_all(manifests(plan, image=IMAGE, namespace="n")["gateway.yaml"]))
    by_kind = {(x["kind"], x["metadata"]["name"]): x for x in objects}
    pod = by_kind["Deployment", "garrison-gateway"]["spec"]["template"]["spec"]
    (envoy,) = pod["containers"]
    assert envoy["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True
    held = by_kind["ConfigMap", "garrison-gateway"]["data"]
    callers = by_kind["Secret", "garrison-gateway-callers"]["stringData"]
    assert list(callers) == ["filters.garrison.ask.json", "filters.garrison.body.json"]
    listener = json.loads(held["listeners.garrison.json"])["resources"][0]
    assert listener["address"]["socket_address"] == {"address": "0.0.0.0", "port_value": 8443}
    assert "/dev/stdout" in held["listeners.garrison.json"]
    assert "/etc/garrison/tls/public/tls.crt" in held["secrets.public-certificate.json"]
    assert {v["name"] for v in pod["volumes"]} == {"envoy", "run", "tls-public"}
    ways = by_kind["NetworkPolicy", "garrison-gateway"]["spec"]["egress"]
    assert {port["port"] for way in ways for port in way["ports"]} == {53, 8080, 443}
    assert "127.0.0.1" not in held["listeners.garrison.json"]


def test_what_cannot_be_run_in_a_cluster_is_refused(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not pinned"):
        manifests(plan, image="envoyproxy/envoy:latest", namespace="n")
    (tmp_path / "plain.toml").write_text(
        FILE.replace('tls = { certificate = "server.pem", key = "server.key", client-ca = "ca.pem" }', "")
    )
    plain = planned(read(tmp_path / "plain.toml"), dt.datetime.now(dt.UTC)).plan
    with pytest.raises(ConfigError, match="takes plaintext"):
        manifests(plain, image=IMAGE, namespace="n")


@pytest.mark.slow
def test_files_that_a_kubelet_swaps_take_effect(made: Callable[..., Plan], tmp_path: Path) -> None:
    from tests.gateway.envoy.conftest import Gateway

    from garrison.gateway.run import admin, child
    from garrison.gateway.run.program import find_envoy

    plan = made(tmp_path)
    mount = tmp_path / "m"
    mount.mkdir()

    def swap(name: str, held: dict[str, str]) -> None:
        """As the kubelet's atomic writer: a new folder, and one link that is renamed to it."""
        (mount / name).mkdir()
        for file, text in held.items():
            (mount / name / file).write_text(text)
            if not (mount / file).is_symlink():
                (mount / file).symlink_to(f"..data/{file}")
        (mount / "..new").symlink_to(name)
        (mount / "..new").rename(mount / "..data")

    layout, socket = Layout(mount, flat=True), tmp_path / "a.sock"
    swap("..1", files(plan, layout, str(socket)))
    process = child.start(find_envoy(), mount / BOOTSTRAP, plan.loaded.log, workers=1, drain_s=1)
    try:
        until = time.monotonic() + 15
        while not admin.is_ready(socket) and time.monotonic() < until:
            time.sleep(0.02)
        port = int(plan.gateway.listener["local"].address.rpartition(":")[2])
        gateway = Gateway(port, mount, plan, process)
        assert gateway.infer().status == 200
        swap("..2", files(msgspec.structs.replace(plan, keys=()), layout, str(socket)))
        while gateway.infer().status == 200 and time.monotonic() < until:
            time.sleep(0.02)
        assert gateway.infer().status == 401
    finally:
        child.stop(process)
