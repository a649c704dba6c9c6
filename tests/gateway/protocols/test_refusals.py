"""Refusals of the real Envoy, and what real clients make of them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from garrison.gateway.protocols.protocol import Transport, names, protocol
from garrison.gateway.protocols.refusal import MESSAGES

pytestmark = pytest.mark.slow
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
    kinds = {401: "AuthenticationError", 429: "RateLimitError"}
    for status, shown in kinds.items():
        key = f"refuse{status} not for you"
        said = client_says(as_client, "call_openai.py", f"http://{gate}/v1", "chat", "tiny", key, "host=openai")
        assert said["kind"] == shown
        assert "not for you (request " in said["message"]
        assert said["code"] == protocol("openai").refusals.words[str(status)].code
