"""What a request is told, by whom, and what the model server sees of it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message

import pytest
from tests.gateway.envoy.conftest import EXPIRED, FILE, OPERATOR, SCIENTIST, STRANGER, VALID, Gateway, Upstream

pytestmark = pytest.mark.slow


def test_who_is_known_and_may_gets_an_answer(gateway: Gateway, upstream: Upstream) -> None:
    answer = gateway.infer()
    assert answer.status == 200
    seen = upstream.seen[-1]
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/v2/models/iris/infer", VALID.decode())
    assert seen["headers"]["x-garrison-client"] == "ada"
    assert seen["headers"]["x-garrison-role"] == "data-scientist"


@pytest.mark.parametrize("key", ["", STRANGER, EXPIRED, SCIENTIST + "x", SCIENTIST[:-1], "x" * 4000])
def test_who_is_not_known_gets_nothing(gateway: Gateway, upstream: Upstream, key: str) -> None:
    before = len(upstream.seen)
    answer = gateway.infer(key=key)
    assert answer.status == 401
    assert answer.json["error"].startswith("the request carries no valid credential (request ")
    assert "www-authenticate" in answer.headers
    assert len(upstream.seen) == before


def test_a_key_can_be_a_bearer_token_and_goes_no_further(gateway: Gateway, upstream: Upstream) -> None:
    answer = gateway.call("GET", "/v2/health/ready", headers={"authorization": f"Bearer {SCIENTIST}"})
    assert answer.status == 200
    assert SCIENTIST not in json.dumps(upstream.seen[-1])
    gateway.infer()
    assert SCIENTIST not in json.dumps(upstream.seen[-1])


def test_two_keys_are_no_key(gateway: Gateway) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.putrequest("GET", "/v2/health/ready")
    connection.putheader("x-api-key", SCIENTIST)
    connection.putheader("x-api-key", OPERATOR)
    connection.endheaders()
    assert connection.getresponse().status == 401
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("GET", "/v2/models/iris", SCIENTIST, 200),
        ("GET", "/v2/models/iris/versions/1/ready", SCIENTIST, 200),
        ("POST", "/v2/repository/index", SCIENTIST, 200),
        ("POST", "/v2/repository/models/iris/load", SCIENTIST, 403),
        ("POST", "/v2/repository/models/iris/unload", SCIENTIST, 403),
        ("POST", "/v2/repository/models/iris/load", OPERATOR, 200),
        ("GET", "/v2/logging", SCIENTIST, 403),
        ("GET", "/v2/logging", OPERATOR, 200),
        ("GET", "/metrics", SCIENTIST, 403),
    ],
)
def test_each_may_what_its_role_may(gateway: Gateway, method: str, path: str, key: str, status: int) -> None:
    assert gateway.call(method, path, key=key).status == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/nothing"),
        ("DELETE", "/v2/models/iris"),
        ("GET", "/v2/models/iris/infer"),
        ("POST", "/v2/models/iris/infer/more"),
        ("POST", "/v2/models/absent/infer"),
        ("POST", "/v2/models/@server/infer"),
        ("POST", "/v2/models/*/infer"),
        ("POST", "/v2/models/iris/versions/x/infer"),
        ("GET", "/v3"),
    ],
)
def test_what_is_not_listed_is_not_there(gateway: Gateway, upstream: Upstream, method: str, path: str) -> None:
    before = len(upstream.seen)
    assert gateway.call(method, path, key=OPERATOR).status == 404
    assert len(upstream.seen) == before


def test_headers_of_clients_that_only_the_gateway_sets_are_gone(gateway: Gateway, upstream: Upstream) -> None:
    forged = {
        "x-garrison-client": "root", "X-Garrison-Role": "operations", "x-garrison-model": "iris",
        "x-garrison-action": "load-model", "x-garrison-mount": "open-inference", "x-garrison-other": "1",
    }  # fmt: skip
    assert gateway.call("POST", "/v2/repository/models/iris/load", key=SCIENTIST, headers=forged).status == 403
    assert gateway.call("POST", "/v2/models/iris/infer", body=VALID, headers=forged).status == 401
    assert gateway.infer(headers=forged).status == 200
    sent = {name.lower(): value for name, value in upstream.seen[-1]["headers"].items()}
    assert sent["x-garrison-client"] == "ada"
    assert "x-garrison-other" not in sent


def test_clients_cannot_tell_envoy_what_to_do(gateway: Gateway, upstream: Upstream) -> None:
    told = {
        "x-envoy-upstream-rq-timeout-ms": "1",
        "x-envoy-retry-on": "5xx",
        "x-envoy-max-retries": "5",
        "x-envoy-original-path": "/v2/logging",
        "x-request-id": "chosen-by-the-client",
        "x-delay": "0.05",
        "x-status": "503",
    }
    before = len(upstream.seen)
    answer = gateway.infer(headers=told)
    assert answer.status == 502
    assert len(upstream.seen) == before + 1
    assert answer.headers["x-request-id"] != "chosen-by-the-client"
    assert not {"x-envoy-retry-on", "x-envoy-original-path"} & upstream.seen[-1]["headers"].keys()


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (VALID, 200, ""),
        (VALID.replace(b"[1, 2]", b"[1, 3]"), 400, "/inputs/0"),
        (VALID.replace(b"]}]}", b"]}, {}, {}]}"), 400, "/inputs"),
        (VALID.replace(b"]}]}", b']}], "more": 1}'), 400, ""),
        (VALID.replace(b"]}]}", b']}], "inputs": []}'), 400, ""),  # trap 6: parsers take the first or the last of them
        (b'{"inputs": [NaN]}', 400, ""),
        (b'{"inputs": [' + b"[" * 100 + b"]" * 100 + b"]}", 400, ""),
        (b'{"inputs": "\xff"}', 400, ""),
        (b"{", 400, ""),
        (b"", 400, ""),
        (b" " * (1024 * 1024 + 1), 413, ""),
    ],
)
def test_a_body_is_held_against_the_schema(
    gateway: Gateway, upstream: Upstream, body: bytes, status: int, word: str
) -> None:
    before = len(upstream.seen)
    answer = gateway.infer(body=body, headers={"content-type": "application/json"})
    assert answer.status == status
    assert word in answer.body.decode()
    assert (len(upstream.seen) > before) is (status == 200)


@pytest.mark.parametrize("headers", [{"content-encoding": "gzip"}, {"content-type": "text/csv"}])
def test_what_cannot_be_looked_into_is_refused(gateway: Gateway, upstream: Upstream, headers: dict[str, str]) -> None:
    """Trap 15: the kind of content decides what can be enforced."""
    before = len(upstream.seen)
    answer = gateway.infer(headers=headers)
    assert answer.status == 415
    assert answer.json["error"].startswith("the content ")
    assert len(upstream.seen) == before


def test_one_that_calls_itself_grpc_is_refused_in_its_own_way(gateway: Gateway, upstream: Upstream) -> None:
    before = len(upstream.seen)
    answer = gateway.infer(headers={"content-type": "application/grpc"})
    assert answer.status == 200
    assert answer.headers["grpc-status"] != "0"
    assert len(upstream.seen) == before


def test_a_model_with_a_schema_refuses_routes_that_cannot_be_held_to_it(gateway: Gateway) -> None:
    path = "/v2/models/{}/generate_stream"
    assert gateway.call("POST", path.format("iris"), key=SCIENTIST, body=VALID).status == 415
    assert gateway.call("POST", path.format("other"), key=SCIENTIST, body=VALID).status == 200


def test_only_what_is_listed_in_the_file_is_asked(gateway: Gateway) -> None:
    assert gateway.infer("other", body=b"anything", headers={"content-type": "text/plain"}).status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v2/models/other/../iris/infer", 400),  # looked at as what it is: a body for iris
        ("//v2///models//iris//infer", 400),
        ("/v2/models/iris%2Finfer", 400),
        ("/v2/models/%2e%2e/repository/models/iris/load", 403),
        ("/v2/models/iri%73/infer", 400),
        ("/v2/models/iris\\infer", 400),
    ],
)
def test_paths_are_decided_on_as_everyone_understands_them(gateway: Gateway, path: str, status: int) -> None:
    """Trap 13."""
    assert gateway.call("POST", path, key=SCIENTIST, body=b"{}").status == status


def test_a_prefix_is_the_gateways_own(of: Callable[..., Gateway], upstream: Upstream) -> None:
    text = FILE.replace("[model.iris]", 'prefix = "/fraud"\n[model.iris]')
    gateway = of(text)
    assert gateway.call("POST", "/fraud/v2/models/iris/infer", key=SCIENTIST, body=VALID).status == 200
    assert upstream.seen[-1]["path"] == "/v2/models/iris/infer"
    assert gateway.infer().status == 404


def raw(port: int, asked: bytes) -> tuple[bytes, Message, bytes]:
    """What comes back on a connection until that ends: the first line, the headers, the body."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as taken:
        taken.sendall(asked)
        head, _, body = b"".join(iter(lambda: taken.recv(65536), b"")).partition(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    return first, message_from_bytes(rest), body


KEY = f"x-api-key: {SCIENTIST}\r\n".encode()
CODEC = [
    (b"GET /v2 HTTP/1.0\r\nhost: a\r\n\r\n", 426, "HTTP/1.1 or HTTP/2 is needed"),
    (b"GET /v2 HTTP/1.0\r\n" + KEY + b"\r\n", 426, "HTTP/1.1 or HTTP/2 is needed"),
    (b"\x16\x03\x01\r\n\r\n", 400, "the request is not valid"),
    (b"GET /v2 HTTP/1.1\r\nhost: a\r\nlarge: " + b"x" * 60_000 + b"\r\n\r\n", 431, "the headers of the request are too large"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "status", "message"), CODEC)
def test_what_is_no_request_is_refused_in_json_and_can_be_asked_about(
    of: Callable[..., Gateway], asked: bytes, status: int, message: str
) -> None:
    gateway = of()
    first, headers, body = raw(gateway.port, asked)
    assert first.startswith(b"HTTP/1.1 %d " % status)
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"
    (line,) = gateway.log(1)
    assert (line["status"], line["decision"]) == (status, "deny")
    assert json.loads(body)["error"] == f"{message} (request {line['connection']})"


@pytest.mark.parametrize("key", [b"", KEY])
def test_connect_leads_nowhere(of: Callable[..., Gateway], upstream: Upstream, key: bytes) -> None:
    gateway, before = of(), len(upstream.seen)
    first, headers, body = raw(gateway.port, b"CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n" + key + b"\r\n")
    assert first.startswith(b"HTTP/1.1 405 ")
    assert headers["allow"] == ""
    (line,) = gateway.log(1)
    assert (line["status"], line["decision"], line["reason"]) == (405, "deny", "unknown-route")
    assert json.loads(body)["error"] == f"this method is not taken here (request {line['request_id']})"
    assert len(upstream.seen) == before
