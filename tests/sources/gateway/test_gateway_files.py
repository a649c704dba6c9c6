"""Gateway files are known by what is in them, in TOML and in YAML, and are read with their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.assets.gateway import ModelGateway
from garrison.sources import gateway
from garrison.sources.discover import discover
from garrison.sources.interface import Tree
from garrison.sources.mapping.assemble import assets_of

TOML = """
[listener.public]
address = "0.0.0.0:8443"
tls.certificate = "server.pem"
[upstream."iris.grpc"]
url = "https://iris:8443"
[model.iris]
upstream = "iris.grpc"
"""
YAML = """
listener:
  public: {address: "0.0.0.0:8443", tls: {certificate: server.pem}}
upstream:
  iris.grpc: {url: https://iris:8443}
model:
  iris: {upstream: iris.grpc}
"""


def read(top: Path, name: str, text: str) -> tuple[list[ModelGateway], Tree]:
    (top / name).write_text(text)
    tree = discover(top)
    files = [file for file in tree.files.values() if gateway.claims(file)]
    return [a for a in assets_of("gateway", gateway.read(files, tree)) if isinstance(a, ModelGateway)], tree


@pytest.mark.parametrize(("name", "text"), [("gateway.toml", TOML), ("gateway.yaml", YAML), ("prod-gateway.yml", YAML)])
def test_both_forms_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    (found,), tree = read(tmp_path, name, text)
    assert not tree.problems
    (listener,), (upstream,), (model,) = found.listeners, found.upstreams, found.models
    assert (listener.name.text(), listener.listens_at.text(), listener.plain.no) == ("public", "0.0.0.0:8443", True)
    assert (upstream.name.text(), upstream.host.text(), upstream.port.content) == ("iris.grpc", "iris", 8443)
    assert model.schema.is_absent().yes
    assert found.requests_per_second.content == 50
    assert upstream.url.place
    assert "https://iris:8443" in upstream.url.place.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gateway.yaml", "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nspec: {listeners: []}\n"),
        ("gateway.toml", "[listener.public]\naddress = '127.0.0.1:80'\n"),
        ("other.toml", TOML),
    ],
)
def test_what_only_has_the_name_is_none(tmp_path: Path, name: str, text: str) -> None:
    assert read(tmp_path, name, text)[0] == []


@pytest.mark.parametrize(
    "text",
    [
        "listener = 1\nupstream = []\n",
        "[listener]\na = 1\n[upstream]\nb.url = 'http://[::1'\n",
        "[listener.a]\naddress = 5\n[upstream.a]\nurl = 'http://h:999999'\n[identity]\njwt = 3\n",
    ],
)
def test_nonsense_is_read_without_an_error(tmp_path: Path, text: str) -> None:
    (found,), tree = read(tmp_path, "gateway.toml", text)
    assert not tree.problems
    assert all(listener.plain.yes in {True, False} for listener in found.listeners)


def test_what_is_no_toml_is_a_problem_with_its_line(tmp_path: Path) -> None:
    found, tree = read(tmp_path, "gateway.toml", "[listener.a]\naddress = \n[upstream.b]\n")
    assert found == []
    assert [(problem.path, problem.line) for problem in tree.problems] == [("gateway.toml", 2)]
