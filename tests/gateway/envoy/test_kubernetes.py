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
from tests.gateway.certificates.conftest import revocation_list

from garrison.cli import program
from garrison.errors import ConfigError, UsageError
from garrison.gateway.authorise.bundle import read_bundle
from garrison.gateway.certificates.authority import make
from garrison.gateway.envoy.compiled import BOOTSTRAP, Layout, files
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.file.read import read
from garrison.gateway.kubernetes import manifests, secrets
from garrison.gateway.planning import Planned, planned

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
def gateway(tmp_path: Path) -> Planned:
    make(tmp_path, [], [])
    (tmp_path / "gateway.toml").write_text(FILE)
    return planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC))


def test_a_scan_finds_nothing_in_them(gateway: Planned, tmp_path: Path) -> None:
    folder = tmp_path / "k8s"
    folder.mkdir()
    (folder / "gateway.yaml").write_text(manifests(gateway, image=IMAGE, namespace="models-gateway")["gateway.yaml"])
    done = CliRunner().invoke(program, ["scan", str(folder), "--format", "json"], catch_exceptions=False)
    assert json.loads(done.stdout)["findings"] == []
    assert done.exit_code == 0


def test_what_they_hold(gateway: Planned) -> None:
    objects: list[Any] = list(yaml.safe_load_all(manifests(gateway, image=IMAGE, namespace="n")["gateway.yaml"]))
    by_kind = {(x["kind"], x["metadata"]["name"]): x for x in objects}
    pod = by_kind["Deployment", "garrison-gateway"]["spec"]["template"]["spec"]
    (envoy,) = pod["containers"]
    assert envoy["securityContext"]["readOnlyRootFilesystem"] is True
    assert envoy["args"] == [
        "-c", "/etc/garrison/envoy/bootstrap.json", "--disable-hot-restart", "--log-level", "warn",
        "--file-flush-interval-msec", "50", "--file-flush-min-size-kb", "1",
        "--drain-time-s", "10", "--drain-strategy", "immediate",
    ]  # fmt: skip
    assert pod["securityContext"]["runAsNonRoot"] is True
    held = by_kind["ConfigMap", "garrison-gateway"]["data"]
    callers = by_kind["Secret", "garrison-gateway-callers"]["stringData"]
    assert list(callers) == ["filters.garrison.ask.json", "filters.garrison.body.json"]
    listener = json.loads(held["listeners.garrison.json"])["resources"][0]
    assert listener["address"]["socket_address"] == {"address": "0.0.0.0", "port_value": 8443}
    assert "/dev/stdout" in held["listeners.garrison.json"]
    assert "/etc/garrison/tls/public/tls.crt" in held["secrets.public-certificate.json"]
    assert {v["name"] for v in pod["volumes"]} == {"envoy", "run", "public-tls"}
    ways = by_kind["NetworkPolicy", "garrison-gateway"]["spec"]["egress"]
    assert {port["port"] for way in ways for port in way["ports"]} == {53, 8080, 443}
    assert "127.0.0.1" not in held["listeners.garrison.json"]


def test_two_listeners_that_a_cluster_would_put_at_one_port(tmp_path: Path) -> None:
    make(tmp_path, [], [])
    tls = 'tls = { certificate = "server.pem", key = "server.key" }\n'
    (tmp_path / "two.toml").write_text(f'{FILE}[listener.inner]\naddress = "10.0.0.7:8443"\n{tls}')
    made = planned(read(tmp_path / "two.toml"), dt.datetime.now(dt.UTC))
    with pytest.raises(ConfigError, match="another is at port 8443 too") as caught:
        manifests(made, image=IMAGE, namespace="n")
    assert caught.value.line == len(FILE.splitlines()) + 2


def test_revocation_lists_are_in_them(gateway: Planned, tmp_path: Path) -> None:
    """Envoy takes a file that is emptied for no list, and lets revoked clients in."""
    revoked = revocation_list(tmp_path)
    (tmp_path / "crl.pem").write_bytes(b"# of today\n" + revoked)
    (tmp_path / "gateway.toml").write_text(FILE.replace('"ca.pem"', '"ca.pem", client-crl = "crl.pem"'))
    made = planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC))
    objects = yaml.safe_load_all(manifests(made, image=IMAGE, namespace="n")["gateway.yaml"])
    held = next(x["data"] for x in objects if x["kind"] == "ConfigMap")
    (secret,) = json.loads(held["secrets.public-clients.json"])["resources"]
    context = secret["validation_context"]
    assert context["trusted_ca"] == {"filename": "/etc/garrison/tls/public/ca.crt"}
    assert context["crl"] == {"inline_string": revoked.decode()}


def test_what_cannot_be_run_in_a_cluster_is_refused(gateway: Planned, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not pinned"):
        manifests(gateway, image="envoyproxy/envoy:latest", namespace="n")
    (tmp_path / "plain.toml").write_text(
        FILE.replace('tls = { certificate = "server.pem", key = "server.key", client-ca = "ca.pem" }', "")
    )
    plain = planned(read(tmp_path / "plain.toml"), dt.datetime.now(dt.UTC))
    with pytest.raises(ConfigError, match="takes plaintext"):
        manifests(plain, image=IMAGE, namespace="n")


@pytest.mark.parametrize(
    ("url", "namespace", "message"),
    [
        ("http://127.0.0.1:8080", "n", "127.0.0.1 would be the gateway's own pod"),
        ("http://localhost:8080", "n", "localhost would be"),
        ("http://[::1]:8080", "n", "::1 would be"),
        ("http://triton:8080", "garrison", "in namespace garrison nobody but the gateway is let in"),
        ("http://mlserver.models.svc:8080", "Bad NS", "'Bad NS' is no name of a namespace"),
    ],
)
def test_upstreams_that_are_elsewhere_in_a_cluster(
    gateway: Planned, tmp_path: Path, url: str, namespace: str, message: str
) -> None:
    (tmp_path / "gateway.toml").write_text(FILE.replace("http://mlserver.models.svc:8080", url))
    made = planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC))
    with pytest.raises((ConfigError, UsageError), match=message):
        manifests(made, image=IMAGE, namespace=namespace)


def test_a_namespace_that_is_there_is_left_as_it_is(gateway: Planned, tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(FILE.replace("mlserver.models.svc", "mlserver"))
    made = planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC))
    objects: list[Any] = list(yaml.safe_load_all(manifests(made, image=IMAGE, namespace="ml")["gateway.yaml"]))
    assert "Namespace" not in {one["kind"] for one in objects}
    (policy,) = (one["spec"] for one in objects if one["kind"] == "NetworkPolicy")
    assert policy["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "garrison-gateway"}
    assert {"kubernetes.io/metadata.name": "ml"} in [
        peer["namespaceSelector"]["matchLabels"]
        for way in policy["egress"]
        for peer in way["to"]
        if "namespaceSelector" in peer
    ]
    own: list[Any] = list(yaml.safe_load_all(manifests(gateway, image=IMAGE, namespace="garrison")["gateway.yaml"]))
    assert [one["metadata"]["name"] for one in own[:2]] == ["garrison", "default-deny"]


def test_the_way_to_an_address(gateway: Planned, tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(FILE.replace("mlserver.models.svc", "[fd00::5]"))
    made = planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC))
    assert "cidr: fd00::5/128" in manifests(made, image=IMAGE, namespace="n")["gateway.yaml"]


def test_many_models_stand_in_several_objects(gateway: Planned, tmp_path: Path) -> None:
    models = "".join(f'[model.m{n}]\nupstream = "server"\n' for n in range(100))
    (tmp_path / "gateway.toml").write_text(FILE + models)
    made = planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC))
    objects: list[Any] = list(yaml.safe_load_all(manifests(made, image=IMAGE, namespace="n")["gateway.yaml"]))
    held = {one["metadata"]["name"]: one["data"] for one in objects if one["kind"] == "ConfigMap"}
    assert len(held) > 1
    assert all(sum(map(len, files.values())) <= 1_000_000 for files in held.values())
    (pod,) = (one["spec"]["template"]["spec"] for one in objects if one["kind"] == "Deployment")
    mounted = {
        item["path"]: source["configMap"]["name"]
        for source in pod["volumes"][0]["projected"]["sources"]
        if "configMap" in source
        for item in source["configMap"]["items"]
    }
    assert mounted == {file: name for name, files in held.items() for file in files}
    more = "".join(f'[model.n{n}]\nupstream = "server"\n' for n in range(300))
    (tmp_path / "gateway.toml").write_text(FILE + models + more)
    made = planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC))
    with pytest.raises(UsageError, match="and an object of a cluster takes 1,000,000"):
        manifests(made, image=IMAGE, namespace="n")


def test_what_must_be_there_is_told(gateway: Planned, tmp_path: Path) -> None:
    assert secrets(gateway) == {"public-tls": ("tls.crt", "tls.key", "ca.crt")}
    own = """
[limits.service]
url = "https://limits.shared.svc:8081"
domain = "models"
tls = { ca = "ca.pem", certificate = "server.pem", key = "server.key" }

[identity.jwt.corp]
issuer = "https://login.example.com/"
audiences = ["models"]
jwks = "https://login.example.com/jwks"
ca = "ca.pem"
role = "groups"
"""
    (tmp_path / "gateway.toml").write_text(FILE + own)
    made = planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC))
    assert secrets(made) == {
        "public-tls": ("tls.crt", "tls.key", "ca.crt"),
        "rate-limit": ("tls.crt", "tls.key", "ca.crt"),
        "corp-issuer": ("ca.crt",),
    }
    text = manifests(made, image=IMAGE, namespace="n")["gateway.yaml"]
    assert str(tmp_path) not in text
    assert "/etc/garrison/tls/to-corp-issuer/ca.crt" in text
    arguments = ["gateway", "compile", str(tmp_path / "gateway.toml"), "-o", str(tmp_path / "k8s")]
    done = CliRunner().invoke(program, [*arguments, "--target", "kubernetes", "--image", IMAGE], catch_exceptions=False)
    assert "namespace garrison: Secret public-tls with tls.crt, tls.key, ca.crt" in done.stderr


OPEN = """
forbid (principal in Role::"service", action == Action::"infer", resource) when { context.hour < 6 };
"""


def test_a_service_stands_beside_envoy_where_policies_depend_on_the_request(gateway: Planned, tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_text(OPEN)
    (tmp_path / "gateway.toml").write_text(FILE + '\n[policy]\ncedar = ["own.cedar"]\n')
    made = planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC))
    with pytest.raises(UsageError, match="depend on the request"):
        manifests(made, image=IMAGE, namespace="n")
    folder = tmp_path / "k8s"
    folder.mkdir()
    text = manifests(made, image=IMAGE, namespace="n", service_image=IMAGE.replace("envoy", "garrison"))["gateway.yaml"]
    (folder / "gateway.yaml").write_text(text)
    done = CliRunner().invoke(program, ["scan", str(folder), "--format", "json"], catch_exceptions=False)
    assert json.loads(done.stdout)["findings"] == []
    by_kind = {(x["kind"], x["metadata"]["name"]): x for x in yaml.safe_load_all(text)}
    envoy, service = by_kind["Deployment", "garrison-gateway"]["spec"]["template"]["spec"]["containers"]
    held = by_kind["ConfigMap", "garrison-gateway"]["data"]
    (tmp_path / "policies.json").write_text(held["policies.json"])
    assert read_bundle(tmp_path / "policies.json") == made.bundle
    assert service["args"][-1] == "/run/garrison/authorise.sock"
    assert service["args"][-1] in held["clusters.garrison.json"]
    assert {m["name"] for m in service["volumeMounts"]} <= {m["name"] for m in envoy["volumeMounts"]}


@pytest.mark.slow
def test_files_that_a_kubelet_swaps_take_effect(made: Callable[..., Plan], tmp_path: Path) -> None:
    from tests.gateway.envoy.conftest import Gateway

    from garrison.gateway.run import admin, child
    from garrison.gateway.run.program import find_envoy
    from garrison.running.child import stop

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
    process = child.start(find_envoy(), mount / BOOTSTRAP, workers=1, drain_s=1)
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
        stop(process)
