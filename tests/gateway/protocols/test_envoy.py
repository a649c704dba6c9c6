"""Routes and refusals in the real Envoy: what it matches, what it answers, and what real clients make of it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from garrison.gateway.protocols.protocol import Transport, names, protocol
from garrison.gateway.protocols.refusal import MESSAGES

pytestmark = pytest.mark.slow
REQUESTS = {path.stem: path.read_text() for path in (Path(__file__).parent / "requests").glob("*.txt")}
REQUEST_ID = "6b4e0c1e-7ab2-4f6d-9a53-000000000001"


def ask(
    connection: http.client.HTTPConnection, name: str, request: str, headers: dict[str, str]
) -> http.client.HTTPResponse:
    method, path = request.split(" ", 1)
    connection.request(method, path, headers={"host": name, **headers})
    return connection.getresponse()


def kind(name: str) -> dict[str, str]:
    grpc = protocol(name).transport is Transport.GRPC
    return {"content-type": "application/grpc" if grpc else "application/json"}


@pytest.mark.parametrize("name", names())
def test_envoy_takes_the_requests_of_the_table_and_no_others(gate: str, name: str) -> None:
    connection = http.client.HTTPConnection(gate)
    for line in REQUESTS[name].splitlines():
        if line.startswith("#"):
            continue
        action, _, request = line.split(maxsplit=2)
        answer = ask(connection, name, request, kind(name))
        body = answer.read() or answer.headers.get("grpc-message", "").encode()
        if action == "denied":
            assert not body.isdigit(), request
        else:
            assert protocol(name).routes[int(body)].action == action, request
    connection.close()


@pytest.mark.parametrize(
    ("request_", "taken"),
    [
        ("POST /v2//models/iris/infer", True),  # the path is normalised first
        ("POST /v2/models/other/../iris/infer", True),
        ("POST /v2/models/iris/./infer?x=1", True),
        ("POST /v2/%6dodels/iris/infer", True),
        ("POST /v2/models/iris%2Finfer", False),
        ("POST /v2/models%5Ciris/infer", False),
        ("POST /v2/models/iris/../../models/infer", False),
        ("POST /v2/models/iris/infer;x=1", False),
        ("POST /v2/models/iris%00/infer", False),
        ("POST /../v2/models/iris/infer/..", False),
    ],
)
def test_what_normalising_changes_is_decided_on_after_it(gate: str, request_: str, taken: bool) -> None:
    connection = http.client.HTTPConnection(gate)
    answer = ask(connection, "open-inference", request_, {})
    body = answer.read()
    assert (answer.status == 200 and protocol("open-inference").routes[int(body)].action == "infer") is taken
    connection.close()


def test_a_route_of_grpc_takes_no_other_content(gate: str) -> None:
    connection = http.client.HTTPConnection(gate)
    path = "POST /inference.GRPCInferenceService/ModelInfer"
    answer = ask(connection, "open-inference-grpc", path, {"content-type": "application/json"})
    answer.read()
    assert answer.status == 404
    connection.close()


@pytest.mark.parametrize("name", names())
def test_every_refusal_has_the_form_of_its_protocol(gate: str, name: str) -> None:
    connection = http.client.HTTPConnection(gate)
    forms = protocol(name).refusals
    for status, message in MESSAGES.items():
        for said in ("", 'the "shape" says 4, the data 3: é'):
            headers = {"x-refuse": f"{status} {said}".encode().decode("latin-1"), "x-request-id": REQUEST_ID}
            answer = ask(connection, name, "GET /v2", {**headers, **kind(name)})
            body, wanted = answer.read(), forms.error(status, said or message, REQUEST_ID)
            if protocol(name).transport is Transport.GRPC:
                assert unquote(answer.headers["grpc-message"]) == wanted
                assert answer.headers["grpc-status"] == str(forms.words[str(status)].grpc)
            else:
                assert (answer.status, json.loads(body)) == (status, wanted)
                assert answer.headers["content-type"] == forms.content_type
    connection.close()


def client_says(as_client: Callable[..., str], *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(as_client(*arguments))
    return answer


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_tritonclient_shows_why(gate: str, as_client: Callable[..., str], transport: str) -> None:
    statuses = {
        "http": {401: "401", 403: "403", 429: "429"},
        "grpc": {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"},
    }
    host = ["host=open-inference"] if transport == "http" else []
    for status, shown in statuses[transport].items():
        refuse = f"x-refuse={status} not for you"
        said = client_says(as_client, "call_triton.py", transport, gate, "infer", "iris", refuse, *host)
        assert said["message"].startswith("not for you (request "), said
        assert shown in said["status"]


def test_openai_shows_why(gate: str, as_client: Callable[..., str]) -> None:
    kinds = {
        401: "AuthenticationError",
        403: "PermissionDeniedError",
        429: "RateLimitError",
        503: "InternalServerError",
    }
    for status, shown in kinds.items():
        key = f"refuse{status} not for you"
        said = client_says(as_client, "call_openai.py", f"http://{gate}/v1", "chat", "tiny", key, "host=openai")
        assert said["kind"] == shown
        assert "not for you (request " in said["message"]
        assert said["code"] == protocol("openai").refusals.words[str(status)].code
