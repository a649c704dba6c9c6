"""What the compiled gateway says to clients of gRPC that lie, and to curl in front of an interface with a description."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.gateway.conftest import PEERS
from tests.gateway.envoy.conftest import SCIENTIST, STRANGER, Upstream, serving

from garrison.gateway.envoy.plan import Plan

if TYPE_CHECKING:
    from tests.gateway.conftest import MLServer

pytestmark = pytest.mark.slow
HEAD = '[gateway]\nstate = "s"\n\n[listener.local]\naddress = "127.0.0.1:{port}"\n\n[identity.keys]\n'
GRPC = """
[policy]
cedar = ["iris.cedar"]

[upstream.grpc]
protocol = "open-inference-grpc"
url = "http://MLSERVER"

[model.iris]
upstream = "grpc"

[model.other]
upstream = "grpc"
"""
ONLY_IRIS = 'forbid (principal, action, resource == Model::"other");'
DESCRIBED = """
[upstream.credit]
protocol = "openapi"
description = "api.yaml"
url = "http://127.0.0.1:UPSTREAM"
actions = {{ customer = "read-metadata" }}

[model.credit]
upstream = "credit"
"""
API = """
openapi: 3.1.0
info: {title: Credit scoring}
paths:
  /predict: {post: {requestBody: {content: {application/json: {}}}}}
  /customers/{id}: {get: {operationId: customer}, delete: {}}
  /healthz: {get: {}}
"""


def named(model: str) -> bytes:
    return b"\x0a" + bytes([len(model)]) + model.encode()


def two_faced(shown: str, hidden: str) -> bytes:
    """A message that names one model to who takes field 1 for a string whatever its wire type, and another to parsers."""
    inner = b"pad" + named(hidden)
    return b"\x08" + bytes([len(shown)]) + shown.encode() + b"\x3a" + bytes([len(inner)]) + inner


def tensor() -> bytes:
    """An input of four numbers, as `inputs` of a ModelInferRequest."""
    numbers = b"".join(b"\x00\x00\x00\x00\x00\x00\xf0\x3f" for _ in range(4))
    contents = b"\x3a" + bytes([len(numbers)]) + numbers  # fp64_contents
    said = b"\x0a\x07predict" + b"\x12\x04FP64" + b"\x1a\x02\x01\x04" + b"\x2a" + bytes([len(contents)]) + contents
    return b"\x2a" + bytes([len(said)]) + said


def test_a_message_of_grpc_cannot_name_one_model_and_ask_another(
    made: Callable[..., Plan], mlserver: MLServer, as_client: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "iris.cedar").write_text(ONLY_IRIS)
    messages = [
        named("iris") + tensor(),
        named("other") + tensor(),
        named("iris") + tensor() + named("other"),
        named("other") + tensor() + named("iris"),
        two_faced("iris", "other") + tensor(),
        tensor(),
    ]
    with serving(made(tmp_path, HEAD + GRPC.replace("MLSERVER", mlserver.grpc))) as running:
        sent = [message.hex() for message in messages]
        answers = json.loads(as_client("send_message.py", f"127.0.0.1:{running.port}", SCIENTIST, *sent))
    assert answers[0] == {"ok": "iris"}
    assert [answer.get("status") for answer in answers[1:]] == ["PERMISSION_DENIED", *["INVALID_ARGUMENT"] * 4]
    assert all("(request " in answer["message"] for answer in answers[1:])
    assert "ok" not in str(answers[1:])


@pytest.fixture
def failing(peer_python: Path) -> Iterator[int]:
    """The port of tests/peers/failing.py."""
    command = [str(peer_python), str(PEERS / "failing.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield int(server.stdout.readline())
        server.terminate()


def test_what_a_server_of_grpc_says_of_its_failure_stays_inside(
    made: Callable[..., Plan], failing: int, as_client: Callable[..., str], tmp_path: Path
) -> None:
    said = {
        "INTERNAL": False, "late-INTERNAL": False, "UNKNOWN": False, "late-UNAVAILABLE": False,
        "INVALID_ARGUMENT": True, "late-INVALID_ARGUMENT": True,
    }  # fmt: skip
    models = "".join(f'[model.{name}]\nupstream = "grpc"\n' for name in said)
    upstream = f'[upstream.grpc]\nprotocol = "open-inference-grpc"\nurl = "http://127.0.0.1:{failing}"\n'
    with serving(made(tmp_path, HEAD + upstream + models)) as running:
        sent = [named(name).hex() for name in said]
        answers = json.loads(as_client("send_message.py", f"127.0.0.1:{running.port}", SCIENTIST, *sent))
        asked = [line["request_id"] for line in running.log(len(said))]
    for (name, kept), answer, request_id in zip(said.items(), answers, asked, strict=True):
        own = f"the model server gave no usable answer (request {request_id})"
        message = "Traceback: secret in line 7" if kept else own
        assert answer == {"status": name.removeprefix("late-"), "message": message}


def curl(*arguments: str) -> tuple[int, str, Any]:
    """Status, content type and JSON of an answer."""
    told = "\n%{http_code} %{content_type}"
    done = subprocess.run(
        ["curl", "-s", "-w", told, *arguments], capture_output=True, text=True, check=True, timeout=20
    )
    body, _, last = done.stdout.rpartition("\n")
    status, _, kind = last.partition(" ")
    return int(status), kind, json.loads(body)


def test_curl_before_an_interface_with_a_description(
    made: Callable[..., Plan], upstream: Upstream, tmp_path: Path
) -> None:
    (tmp_path / "api.yaml").write_text(API)
    with serving(made(tmp_path, HEAD + DESCRIBED.replace("UPSTREAM", str(upstream.port)))) as running:
        base, key = f"http://127.0.0.1:{running.port}", ["-H", f"x-api-key: {SCIENTIST}"]
        asked = curl(*key, "--json", "{}", f"{base}/predict")
        customer = curl(*key, f"{base}/customers/7")
        refused = [
            curl(*key, "-X", "DELETE", f"{base}/customers/7"),
            curl(*key, f"{base}/docs"),
            curl(f"{base}/healthz"),
            curl("-H", f"x-api-key: {STRANGER}", f"{base}/healthz"),
        ]
        lines = running.log(6)
    assert asked[0] == customer[0] == 200
    assert [line.get("action") for line in lines[:2]] == ["infer", "read-metadata"]
    assert [status for status, _, _ in refused] == [404, 404, 401, 401]
    for status, kind, said in refused:
        assert kind == "application/problem+json"
        assert said["status"] == status
        assert said["title"]
        assert said["instance"].startswith("urn:uuid:")
