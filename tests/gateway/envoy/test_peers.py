"""Real clients through the gateway to real servers: what they are told, and that it says what it should."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.gateway.envoy.conftest import OPERATOR, SCIENTIST, Gateway, serving

from garrison.gateway.envoy.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.gateway.conftest import MLServer, OpenAIUpstream

pytestmark = pytest.mark.slow
Client = Callable[..., str]

HEAD = '[gateway]\nstate = "s"\n\n[listener.local]\naddress = "127.0.0.1:{port}"\n\n[identity.keys]\n'
INFERENCE = """
[upstream.http]
protocol = "open-inference"
url = "http://MLSERVER_HTTP"

[upstream.grpc]
protocol = "open-inference-grpc"
url = "http://MLSERVER_GRPC"

[model.iris]
upstream = ["http", "grpc"]

[model.other]
upstream = ["http", "grpc"]
"""
OPENAI = """
[upstream.llm]
protocol = "openai"
url = "http://UPSTREAM"

[model.tiny-chat]
upstream = "llm"
"""


@pytest.fixture(scope="module")
def inference(
    made: Callable[..., Plan], mlserver: MLServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    text = INFERENCE.replace("MLSERVER_HTTP", mlserver.http).replace("MLSERVER_GRPC", mlserver.grpc)
    with serving(made(tmp_path_factory.mktemp("i"), HEAD + text)) as running:
        yield running


@pytest.fixture(scope="module")
def chat(
    made: Callable[..., Plan], openai_upstream: OpenAIUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    text = OPENAI.replace("UPSTREAM", openai_upstream.http)
    with serving(made(tmp_path_factory.mktemp("o"), HEAD + text)) as running:
        yield running


def said(as_client: Client, *arguments: str) -> Any:
    return json.loads(as_client(*arguments))


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_tritonclient(inference: Gateway, as_client: Client, transport: str) -> None:
    def triton(action: str, model: str, key: str) -> Any:
        address = f"127.0.0.1:{inference.port}"
        return said(as_client, "call_triton.py", transport, address, action, model, f"x-api-key={key}")

    assert triton("infer", "iris", SCIENTIST) == {"ok": [0]}
    assert triton("metadata", "other", SCIENTIST) == {"ok": "other"}
    assert triton("live", "-", SCIENTIST) == {"ok": True}
    refused = triton("unload", "iris", SCIENTIST)
    assert refused["status"] in {"403", "StatusCode.PERMISSION_DENIED"}
    assert "this client may not do this (request " in refused["message"]
    assert triton("infer", "iris", "wrong")["status"] in {"401", "StatusCode.UNAUTHENTICATED"}
    assert "there is no such model" in triton("infer", "absent", SCIENTIST)["message"]
    assert triton("unload", "other", OPERATOR) == {"ok": None}
    assert triton("load", "other", OPERATOR) == {"ok": None}
    models = {line.get("model") for line in inference.log(8) if line["protocol"].startswith("open-inference")}
    assert {"iris", "other"} <= models


def test_openai(chat: Gateway, as_client: Client, openai_upstream: OpenAIUpstream) -> None:
    def openai(action: str, model: str = "tiny-chat", key: str = SCIENTIST) -> Any:
        return said(as_client, "call_openai.py", f"http://127.0.0.1:{chat.port}/v1", action, model, key)

    assert openai("chat") == {"ok": "say this"}
    assert openai("stream") == {"ok": ["say ", "this "]}
    assert openai("embeddings") == {"ok": [8.0, 0.123456789, 1.0]}
    assert "tiny-chat" in openai("models")["ok"]
    wrong = openai("chat", key="wrong")
    assert (wrong["status"], wrong["kind"]) == (401, "AuthenticationError")
    absent = openai("chat", "other-chat")
    assert (absent["status"], absent["kind"]) == (404, "NotFoundError")
    assert "there is no such model" in absent["message"]
    assert SCIENTIST not in json.dumps(openai_upstream.seen())
    assert {line.get("model") for line in chat.log(6)} == {"tiny-chat", "@llm", "?openai", None}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"model": "tiny-chat", "messages": [{"role": "user", "content": "x"}]}', 200),
        (b'{"model": "other-chat", "model": "tiny-chat", "messages": []}', 400),
        (b'{"model": "tiny-chat", "model": "other-chat", "messages": []}', 400),
        (b'{"mod\\u0065l": "other-chat", "model": "tiny-chat", "messages": []}', 400),
        (b'{"model": ["tiny-chat"], "messages": []}', 400),
        (b'{"model": "?openai", "messages": []}', 404),
        (b'{"model": "@llm", "messages": []}', 404),
        (b'{"messages": []}', 400),
        (b"", 400),
    ],
)
def test_the_model_of_a_body_is_the_one_that_is_decided_on(chat: Gateway, body: bytes, status: int) -> None:
    """Trap 6: a parser that takes the last of two keys is a way past a gateway that takes the first, or the reverse."""
    answer = chat.call("POST", "/v1/chat/completions", {"content-type": "application/json"}, key=SCIENTIST, body=body)
    assert answer.status == status
