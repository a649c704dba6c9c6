"""The peers themselves, without the gateway: what its tests say of it is worth nothing if they do not work."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.gateway.conftest import MLServer, OpenAIUpstream

pytestmark = pytest.mark.slow


def test_mlserver_answers_tritonclient(mlserver: MLServer, as_client: Callable[..., str]) -> None:
    for transport, address in (("http", mlserver.http), ("grpc", mlserver.grpc)):
        assert json.loads(as_client("call_triton.py", transport, address, "infer", "iris")) == {"ok": [0]}
        assert json.loads(as_client("call_triton.py", transport, address, "metadata", "other")) == {"ok": "other"}
        assert "not found" in json.loads(as_client("call_triton.py", transport, address, "infer", "none"))["message"]


def test_the_openai_upstream_answers_openai(openai_upstream: OpenAIUpstream, as_client: Callable[..., str]) -> None:
    base = f"http://{openai_upstream.http}/v1"
    assert json.loads(as_client("call_openai.py", base, "chat", "tiny-chat")) == {"ok": "say this"}
    assert json.loads(as_client("call_openai.py", base, "stream", "tiny-chat")) == {"ok": ["say ", "this "]}
    assert json.loads(as_client("call_openai.py", base, "completions", "tiny-chat")) == {"ok": "say this"}
    assert json.loads(as_client("call_openai.py", base, "embeddings", "tiny-chat")) == {"ok": [8.0, 0.123456789, 1.0]}
    assert json.loads(as_client("call_openai.py", base, "models", "-")) == {"ok": ["tiny-chat", "other-chat"]}
    assert openai_upstream.seen()[-1]["headers"]["authorization"] == "Bearer key"
