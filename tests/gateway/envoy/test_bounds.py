"""Sizes and times that roles and clients are held to, beside what their model takes: the least of all holds."""

from __future__ import annotations

import http.client
import json
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from tests.gateway.envoy.conftest import FILE, SCIENTIST, VALID, Answer, Gateway, Upstream, keys, serving

from garrison.errors import ConfigError
from garrison.gateway.envoy.bounds import Bound, bounds_table, hold, of_caller, of_callers, of_model, warnings
from garrison.gateway.envoy.compiled import Layout, files
from garrison.gateway.envoy.names import ASK
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.routes import TABLE
from garrison.gateway.file.form import MOST_KB, MOST_S
from garrison.gateway.file.form import Gateway as File
from garrison.gateway.file.read import read

BATCH, WEB, FREE = "grs_batch_0123456789", "grs_web_0123456789", "grs_free_0123456789"
CALLERS = {
    SCIENTIST: ("ada", "data-scientist", 0),
    BATCH: ("batch", "service", 0),
    WEB: ("web", "service", 0),
    FREE: ("free", "ml-engineer", 0),
}
LIMITS = """request-kb = 16
clients.ada = {{ request-kb = 2, response-kb = 1 }}
clients.batch = {{ request-kb = 6, timeout-s = 2 }}
role.service = {{ request-kb = 4, response-kb = 3, timeout-s = 0.6 }}
"""
CHAT = """
[model.small]
upstream = "server"
limits = {{ request-kb = 1, timeout-s = 5 }}

[model.shaped]
upstream = "server"
response = {{ decimals = 1 }}

[upstream.llm]
protocol = "openai"
prefix = "/llm"
url = "http://127.0.0.1:{upstream}"

[model.llama]
upstream = "llm"

[model.tiny]
upstream = "llm"
limits = {{ request-kb = 1 }}

[model.huge]
upstream = "llm"
limits = {{ request-kb = 32 }}
"""
TEXT = FILE + LIMITS + CHAT
KB = 1024
SHORT = {"x-say": "{}"}


@pytest.fixture(scope="module")
def bounded(made: Callable[..., Plan], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(made(tmp_path_factory.mktemp("b"), TEXT, keys=keys(CALLERS))) as running:
        yield running


def chunked(gateway: Gateway, path: str, body: bytes, key: str) -> int:
    """The status of a request that does not say its length."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    said = {"x-api-key": key, "content-type": "application/json", **SHORT}
    parts: Iterable[bytes] = (body[at : at + 500] for at in range(0, len(body), 500))
    try:
        connection.request("POST", path, parts, said, encode_chunked=True)
        return connection.getresponse().status
    finally:
        connection.close()


def sized(gateway: Gateway, path: str, body: bytes, key: str) -> int:
    return gateway.call("POST", path, SHORT, key=key, body=body).status


def asked(
    gateway: Gateway, key: str, headers: Mapping[str, str], *, model: str = "other", path: str = "infer"
) -> Answer:
    return gateway.call("POST", f"/v2/models/{model}/{path}", headers, key=key, body=VALID)


@pytest.mark.slow
@pytest.mark.parametrize("send", [sized, chunked])
@pytest.mark.parametrize(
    ("key", "model", "kb"),
    [
        (FREE, "other", 16),
        (SCIENTIST, "other", 2),
        (BATCH, "other", 4),  # the role's is less than the client's
        (WEB, "other", 4),
        (FREE, "small", 1),
        (BATCH, "small", 1),
    ],
)
def test_bodies_are_held_to_the_least(
    bounded: Gateway, send: Callable[..., int], key: str, model: str, kb: int
) -> None:
    path = f"/v2/models/{model}/infer"
    assert send(bounded, path, b"x" * (kb * KB), key) == 200
    assert send(bounded, path, b"x" * (kb * KB + 1), key) == 413


@pytest.mark.slow
@pytest.mark.parametrize("send", [sized, chunked])
@pytest.mark.parametrize(
    ("key", "model", "kb"),
    [(FREE, "llama", 16), (FREE, "tiny", 1), (FREE, "huge", 32), (WEB, "llama", 4), (WEB, "huge", 4), (WEB, "tiny", 1)],
)
def test_so_are_those_that_name_their_model(
    bounded: Gateway, send: Callable[..., int], key: str, model: str, kb: int
) -> None:
    """One that has a size of its own lowers it for no other, and is not helped by those that have more."""
    body = json.dumps({"model": model, "messages": [], "user": ""}).encode()
    body = body.replace(b'"user": "', b'"user": "' + b"x" * (kb * KB - len(body)))
    assert len(body) == kb * KB
    path = "/llm/v1/chat/completions"
    assert send(bounded, path, body, key) == 200
    assert send(bounded, path, body + b" ", key) == 413


@pytest.mark.slow
def test_what_is_too_large_says_so_in_the_protocols_form(made: Callable[..., Plan], tmp_path: Path) -> None:
    body = json.dumps({"model": "tiny", "messages": [], "user": "x" * KB}).encode()
    with serving(made(tmp_path, TEXT, keys=keys(CALLERS))) as gateway:
        refused = gateway.call("POST", "/llm/v1/chat/completions", key=FREE, body=body)
        assert refused.json["error"]["message"].startswith("the request is too large (request ")
        assert sized(gateway, "/v2/models/other/infer", b"x" * (2 * KB + 1), SCIENTIST) == 413
        lines = gateway.log(2)
    assert [(line["status"], line["decision"], line["reason"]) for line in lines] == [
        (413, "deny", "too-large"),
        (413, "deny", "request_payload_too_large"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("key", "kb"), [(SCIENTIST, 1), (WEB, 3), (FREE, 10)])
def test_answers_are_held_to_the_least(bounded: Gateway, key: str, kb: int) -> None:
    text = "y" * (kb * KB)
    assert answer_of(bounded, key, text) == (200, kb * KB)
    assert answer_of(bounded, key, text, chunk=700) == (200, kb * KB)
    if key != FREE:
        assert answer_of(bounded, key, text + "y")[0] == 502
        assert answer_of(bounded, key, text + "y", chunk=700) == (200, kb * KB)  # cut


def answer_of(gateway: Gateway, key: str, text: str, chunk: int = 0) -> tuple[int, int]:
    """What comes of an answer: status and size."""
    answer = asked(gateway, key, {"x-say": text, **({"x-chunked": str(chunk)} if chunk else {})})
    return answer.status, len(answer.body)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", [{}, {"x-chunked": "700"}])
def test_so_are_those_that_are_written_anew(bounded: Gateway, chunk: dict[str, str]) -> None:
    """By what goes out: what a model server says may be larger."""
    output = {"name": "p", "datatype": "FP64", "shape": [300], "data": [0.123456789] * 300}
    long = json.dumps({"outputs": [output]})  # 4 KB
    (free, web, ada) = (asked(bounded, k, chunk | {"x-say": long}, model="shaped") for k in (FREE, WEB, SCIENTIST))
    assert (free.status, web.status, ada.status) == (200, 200, 502)
    assert len(free.body) == len(web.body) < 3 * KB < len(long)
    assert sized(bounded, "/v2/models/shaped/infer", VALID + b" " * (4 * KB - len(VALID)), WEB) == 200
    assert sized(bounded, "/v2/models/shaped/infer", VALID + b" " * (4 * KB), WEB) == 413


@pytest.mark.slow
def test_answers_have_the_least_time(bounded: Gateway) -> None:
    cases = [(WEB, "1.2", 504), (BATCH, "1.2", 504), (WEB, "0.2", 200), (SCIENTIST, "1.2", 200), (FREE, "1.2", 200)]
    with ThreadPoolExecutor(len(cases)) as pool:
        answers = list(pool.map(lambda case: asked(bounded, case[0], {"x-delay": case[1]}), cases))
    assert [answer.status for answer in answers] == [status for *_, status in cases]


@pytest.mark.slow
def test_a_stream_may_go_on_but_not_wait(bounded: Gateway) -> None:
    events = {"x-kind": "text/event-stream", "x-chunked": "1", "x-say": "0123456789"}
    often, seldom = events | {"x-pause": "0.15"}, events | {"x-pause": "1", "x-say": "01"}
    assert asked(bounded, WEB, often, path="generate_stream").body == b"0123456789"
    assert asked(bounded, FREE, seldom, path="generate_stream").body == b"01"
    with pytest.raises(http.client.IncompleteRead):
        asked(bounded, WEB, seldom, path="generate_stream")


@pytest.mark.slow
def test_a_client_can_say_nothing_of_it_and_a_server_hears_nothing(bounded: Gateway, upstream: Upstream) -> None:
    own = of_caller(bounded.plan.gateway, "service", "").name
    path, body = "/v2/models/other/infer", b"x" * (8 * KB)
    assert bounded.call("POST", path, SHORT | {"x-garrison-limit-bound": own}, key=FREE, body=body).status == 200
    assert sized(bounded, path, b"x", WEB) == 200
    assert not [name for name in upstream.seen[-1]["headers"] if "bound" in name.lower()]


@pytest.mark.slow
def test_a_new_bound_fills_no_bucket_and_ends_no_connection(made: Callable[..., Plan], tmp_path: Path) -> None:
    scarce = FILE.replace("client = {{ per-second = 100000 }}", "client = {{ per-second = 0.01, burst = 5 }}")
    plan = made(tmp_path, scarce, keys=keys(CALLERS))
    other = read(_beside(tmp_path, plan, "clients.ada = { request-kb = 1 }\n"))
    with serving(plan) as gateway:
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
        connection.request("GET", "/v2/models/iris", headers={"x-api-key": FREE})
        assert connection.getresponse().read()
        socket = connection.sock
        assert [gateway.infer(key=WEB).status for _ in range(6)] == [200] * 5 + [429]
        pushed = gateway.push(msgspec.structs.replace(plan, loaded=other))
        assert pushed == [f"filters/{ASK}.json", f"routes/{TABLE}.json"]
        until = time.monotonic() + 5
        while (said := sized(gateway, "/v2/models/other/infer", b"x" * 2 * KB, SCIENTIST)) != 413:
            assert (said, time.monotonic() < until) == (200, True)
            time.sleep(1)  # it has five requests only
        assert gateway.infer(key=WEB).status == 429
        connection.request("GET", "/v2/models/iris", headers={"x-api-key": FREE})
        assert connection.getresponse().status == 200
        assert connection.sock is socket
        connection.close()


def _beside(folder: Path, plan: Plan, more: str) -> Path:
    path = folder / "other.toml"
    path.write_text(plan.loaded.path.read_text() + more)
    return path


def form(text: str) -> File:
    return msgspec.convert(tomllib.loads(text.format(port=1, upstream=1)), File)


def test_the_least_of_model_role_and_client_holds() -> None:
    gateway = form(TEXT)
    assert of_model(gateway, "small") == Bound(1, 16_384, 5)
    assert of_model(gateway, "") == of_model(gateway, "other") == Bound(16, 16_384, 30)
    assert of_caller(gateway, "service", "batch") == Bound(4, 3, 0.6)
    assert of_caller(gateway, "service", "nobody") == Bound(4, 3, 0.6)
    assert of_caller(gateway, "nobody", "batch") == Bound(6, MOST_KB, 2)
    assert of_caller(gateway, "nobody", "nobody") == Bound()
    assert of_callers(gateway) == [Bound(2, 1, 0.6), Bound(2, 1, MOST_S), Bound(4, 3, 0.6), Bound(6, MOST_KB, 2)]


def test_lua_finds_what_python_says() -> None:
    gateway = form(TEXT)
    table = bounds_table(gateway)
    assert table is not None
    for client in ("ada", "batch", "nobody"):
        for role in ("service", "data-scientist"):
            row = table["rows"][table["clients"].get(client, table["others"])]
            bound = of_caller(gateway, role, client)
            assert row.get(role, row.get("")) == (None if bound == Bound() else bound.name)


def test_without_bounds_nothing_of_them_is_compiled(made: Callable[..., Plan], tmp_path: Path) -> None:
    plan = made(tmp_path, FILE + "clients.ada = {{ per-second = 5 }}\n")
    assert of_callers(plan.gateway) == []
    assert bounds_table(plan.gateway) is None
    compiled = files(plan, Layout(tmp_path), "a.sock")
    assert [name for name, text in compiled.items() if "limit-bound" in text] == [f"filters/{ASK}.json"]
    assert "BOUNDS = nil" in compiled[f"filters/{ASK}.json"]


def test_what_is_said_in_vain_is_told(made: Callable[..., Plan], tmp_path: Path) -> None:
    made(
        tmp_path,
        FILE + "clients.ada = {{ request-kb = 4096 }}\nrole.service = {{ timeout-s = 45.5, response-kb = 1 }}\n",
    )
    assert list(warnings(read(tmp_path / "gateway.toml"))) == [
        "limits.role.service: timeout-s = 45.5 holds nobody to anything: no model has more than 30",
        "limits.clients.ada: request-kb = 4096 holds nobody to anything: no model has more than 1024",
    ]


def test_each_bound_has_routes_so_there_are_not_too_many(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    named = "".join(f"clients.c{n} = {{{{ request-kb = {n + 1} }}}}\n" for n in range(33))
    path.write_text((FILE + named).format(port=1, upstream=1))
    with pytest.raises(ConfigError, match="33 different sets of sizes and times, more than 32"):
        hold(read(path))
