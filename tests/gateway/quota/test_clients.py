"""What is spent, as the clients that people use show it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gateway.quota.conftest import FILE, Running

pytestmark = pytest.mark.slow

OPENAI = """
import openai, sys
client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
asked = {"model": "chat", "messages": [{"role": "user", "content": "hello"}]}
try:
    events = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    print(events[-1].usage.total_tokens, client.chat.completions.create(**asked).usage.total_tokens)
except openai.RateLimitError as error:
    print(error.code, error.body["message"], 0 < int(error.response.headers["retry-after"]) <= 86400)
"""
TRITON = """
import sys, numpy, tritonclient.grpc as grpc, tritonclient.http as http
for kind in (grpc, http):
    client = kind.InferenceServerClient(sys.argv[1])
    flower = kind.InferInput("x", [1, 4], "FP32")
    flower.set_data_from_numpy(numpy.zeros((1, 4), numpy.float32), **({"binary_data": False} if kind is http else {}))
    try:
        client.infer("iris", [flower], headers={"x-api-key": sys.argv[2]})
    except Exception as error:
        print(error.status(), error.message())
"""
BOTH = FILE.replace('[model.iris]\nupstream = "v2"', '[model.iris]\nupstream = ["v2", "rpc"]').replace(
    "[model.chat]",
    '[upstream.rpc]\nprotocol = "open-inference-grpc"\nurl = "http://127.0.0.1:{upstream}"\n\n[model.chat]',
)


def say(python: Path, program: str, *arguments: str) -> list[str]:
    command = [str(python), "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()


def test_the_client_of_openai(run: Callable[..., Running], peer_python: Path) -> None:
    gateway = run("client = { tokens = 1000 }\nclients.eve = { requests = 1 }")
    address = f"http://127.0.0.1:{gateway.port}/v1"
    assert say(peer_python, OPENAI, address, gateway.keys["ada"]) == ["10 10"]
    gateway.until(lambda: gateway.usage().get("ada") == (2, 20), 10)
    gateway.until(lambda: gateway.infer(client="eve").status == 429, 10)
    (refused,) = say(peer_python, OPENAI, address, gateway.keys["eve"])
    assert refused.startswith("rate_limit_exceeded the requests of this client are used up for today (request ")
    assert refused.endswith(" True")


def test_the_clients_of_triton(run: Callable[..., Running], peer_python: Path) -> None:
    gateway = run("client = { requests = 1 }", top=BOTH)
    gateway.until(lambda: gateway.infer().status == 429, 10)
    grpc, http = say(peer_python, TRITON, f"127.0.0.1:{gateway.port}", gateway.keys["ada"])
    assert grpc.startswith("StatusCode.RESOURCE_EXHAUSTED the requests of this client are used up for today")
    assert http.startswith("429 the requests of this client are used up for today")
