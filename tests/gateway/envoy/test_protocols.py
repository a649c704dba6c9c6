"""Every request of the protocols' tables, through what the compiler makes of them: its action, its model, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.gateway.envoy.conftest import SCIENTIST, Gateway, Upstream, serving

from garrison.gateway.envoy.plan import Plan
from garrison.gateway.protocols.protocol import Transport, names, protocol
from garrison.gateway.protocols.route import Body, ModelIn

pytestmark = pytest.mark.slow
TABLES = Path(__file__).parents[1] / "protocols" / "requests"
OVER_HTTP = [name for name in names() if protocol(name).transport is Transport.HTTP]
HEAD = """
[gateway]
state = "s"

[listener.local]
address = "127.0.0.1:{port}"

[identity.keys]

[policy]
cedar = ["all.cedar"]

[limits]
client = {{ per-second = 100000 }}
ip = {{ per-second = 100000 }}
"""
SERVED = """
[upstream.{name}]
protocol = "{name}"
prefix = "/{name}"
url = "http://127.0.0.1:UPSTREAM"
"""


@pytest.fixture(scope="module")
def open_to_all(
    made: Callable[..., Plan], upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway to every protocol over HTTP, each below its name, where everybody who is known may do everything."""
    folder = tmp_path_factory.mktemp("protocols")
    (folder / "all.cedar").write_text("permit (principal, action, resource);")
    served: dict[str, list[str]] = {}
    for name in OVER_HTTP:
        for model in {model for _, model, _ in rows(name)} - {"-"} or {"iris"}:
            served.setdefault(model, []).append(name)
    models = "".join(f"[model.{model}]\nupstream = {json.dumps(some)}\n" for model, some in served.items())
    upstreams = "".join(SERVED.format(name=name) for name in OVER_HTTP).replace("UPSTREAM", str(upstream.port))
    with serving(made(folder, HEAD + upstreams + models)) as running:
        yield running


def rows(name: str) -> list[list[str]]:
    lines = (TABLES / f"{name}.txt").read_text().splitlines()
    return [line.split(maxsplit=2) for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("name", OVER_HTTP)
def test_each_request_of_the_table_is_logged_as_what_it_is(open_to_all: Gateway, upstream: Upstream, name: str) -> None:
    before = len(open_to_all.log(0))
    for action, _, request in rows(name):
        method, path = request.split(" ", 1)
        seen = len(upstream.seen)
        body = b'{"model": "ft-gpt"}' if method in {"POST", "PUT"} else b""
        answer = open_to_all.call(method, f"/{name}{path}", key=SCIENTIST, body=body)
        if action == "denied":
            assert answer.status in {400, 404}, request
            assert len(upstream.seen) == seen, request
            assert "content-type" in answer.headers
        elif method in {"GET", "POST", "DELETE"}:  # of which the upstream knows
            assert answer.status == 200, (request, answer)
            assert upstream.seen[-1]["path"] == path
    logged = open_to_all.log(before + len(rows(name)))[before:]
    for (action, model, request), line in zip(rows(name), logged, strict=True):
        if action != "denied":
            assert (line["action"], line["decision"]) == (action, "allow"), (request, line)
            assert model in {"-", line["model"]}, (request, line)


def test_which_routes_are_for_all_models_or_none() -> None:
    """What the gateway cannot see the model of, it allows only for all of them; these are all of those."""
    assert [(name, route.path) for name in names() for route in protocol(name).routes if not route.decides_model] == [
        ("open-inference-grpc", "/inference.GRPCInferenceService/ModelStreamInfer"),
        ("openai", "/v1/audio/transcriptions"),
        ("openai", "/v1/audio/translations"),
    ]
    for name in names():
        for route in protocol(name).routes:
            assert route.model is not ModelIn.BODY or route.body in {Body.JSON, Body.MULTIPART}


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v2//models/iris/infer", "iris"),  # the path is normalised first
        ("/v2/models/llama/../iris/infer", "iris"),
        ("/v2/models/iris/./infer?x=1", "iris"),
        ("/v2/%6dodels/iris/infer", "iris"),
        ("/v2/models/iris%2Finfer", ""),
        ("/v2/models%5Ciris/infer", ""),
        ("/v2/models/iris/../../models/infer", ""),
        ("/v2/models/iris/infer;x=1", ""),
        ("/v2/models/iris%00/infer", ""),
        ("/v2/models/iris/infer/..", ""),
    ],
)
def test_what_normalising_changes_is_decided_on_after_it(open_to_all: Gateway, path: str, model: str) -> None:
    before = len(open_to_all.log(0))
    answer = open_to_all.call("POST", f"/open-inference{path}", key=SCIENTIST, body=b"{}")
    line = open_to_all.log(before + 1)[-1]
    assert (answer.status == 200, line["decision"]) == (bool(model), "allow" if model else "deny")
    if model:
        assert (line["action"], line["model"]) == ("infer", model)
