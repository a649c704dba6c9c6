"""What comes back: what a policy lets out, no more of the server than that, and nothing of how it failed."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.gateway.envoy.conftest import FILE, OPERATOR, SCIENTIST, VALID, Answer, Gateway, serving

from garrison.gateway.envoy.plan import Plan

pytestmark = pytest.mark.slow
SAID = '{"outputs": [{"name": "p", "datatype": "FP64", "shape": [1, 3], "data": [0.123456, 0.7, 0.176544]}]}'
POLICY = 'schema = "iris.schema.json"\nresponse = {{ decimals = 2, role.operations = {{ decimals = 4 }} }}'


@pytest.fixture(scope="module")
def shaped(made: Callable[..., Plan], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(made(tmp_path_factory.mktemp("r"), FILE.replace('schema = "iris.schema.json"', POLICY))) as running:
        yield running


def test_numbers_go_out_as_the_policy_of_the_role_says(shaped: Gateway) -> None:
    answer = shaped.infer(headers={"x-say": SAID})
    assert answer.status == 200
    assert answer.json["outputs"][0]["data"] == [0.12, 0.7, 0.18]
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert shaped.infer(key=OPERATOR, headers={"x-say": SAID}).json["outputs"][0]["data"] == [0.1235, 0.7, 0.1765]
    assert shaped.infer("other", headers={"x-say": SAID}).json["outputs"][0]["data"][0] == 0.123456


@pytest.mark.parametrize(
    "headers",
    [{"x-say": "0.123456 no json"}, {"x-say": SAID, "x-kind": "text/plain"}, {"x-say": '{"a": 1, "a": 0.123456}'}],
)
def test_what_cannot_be_read_does_not_go_out(shaped: Gateway, headers: dict[str, str]) -> None:
    answer = shaped.infer(headers=headers)
    assert answer.status == 502
    assert b"0.123456" not in answer.body
    assert answer.json["error"].startswith("the model server gave no usable answer (request ")


def test_what_a_server_says_of_its_failure_stays_inside(gateway: Gateway) -> None:
    for status in ("500", "503"):
        answer = gateway.infer(headers={"x-status": status, "x-say": "Traceback: secret in line 7"})
        assert answer.status == 502
        assert b"Traceback" not in answer.body
        asked = answer.headers["x-request-id"]
        assert answer.json["error"] == f"the model server gave no usable answer (request {asked})"
    answer = gateway.infer(headers={"x-status": "404", "x-say": '{"error": "no such version"}'})
    assert (answer.status, answer.json["error"]) == (404, "no such version")


INSIDE = "http://internal-host:8080/secret"


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308", "300"])
@pytest.mark.parametrize("model", ["iris", "other"])
def test_a_server_leads_nobody_elsewhere(shaped: Gateway, model: str, status: str) -> None:
    answer = shaped.infer(model, headers={"x-status": status, "x-place": INSIDE, "x-say": f"see {INSIDE}"})
    assert answer.status == 502
    assert "location" not in answer.headers
    assert answer.json["error"].startswith("the model server gave no usable answer (request ")


def test_the_feed_tells_of_redirects(of: Callable[..., Gateway]) -> None:
    gateway = of()
    gateway.infer(headers={"x-status": "302", "x-place": INSIDE})
    (line,) = gateway.log(1)
    assert (line["decision"], line["reason"], line["status"]) == ("allow", "answer-redirects", 502)


TRACE = "Secret words of line 7;"
LONG = str(2_000_000 // len(TRACE))


@pytest.mark.parametrize(("said", "status"), [("400", 400), ("404", 404), ("422", 400), ("429", 429)])
@pytest.mark.parametrize("times", ["0", "1", LONG])
@pytest.mark.parametrize("chunked", ["", "65536"])
def test_of_a_refusal_under_a_policy_no_word_is_the_servers(
    shaped: Gateway, said: str, status: int, times: str, chunked: str
) -> None:
    headers = {"x-status": said, "x-say": TRACE, "x-times": times, "x-chunked": chunked, "x-place": INSIDE}
    answer = shaped.infer(headers=headers)
    assert answer.status == status
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.json["error"] == f"the model server refused the request (request {answer.headers['x-request-id']})"
    assert not {"location", "x-powered-by"} & answer.headers.keys()
    free = shaped.infer("other", headers={"x-status": said, "x-say": TRACE})
    assert (free.status, free.body) == (int(said), TRACE.encode())


def python_trace() -> str:
    try:
        json.loads("[")
    except ValueError:
        return traceback.format_exc()
    raise AssertionError


FRAMES = [
    python_trace(),
    python_trace().partition("\n")[2],
    "java.lang.IllegalStateException: x\n\tat org.example.Worker.run(Worker.java:12)",
    "kotlin.KotlinNullPointerException\n\tat a.B.c(B.kt:7)",
    "TypeError: x\n    at predict (/srv/app/server.mjs:31:9)",
    "System.NullReferenceException: x\n   at A.B.C() in /src/Model.cs:line 40",
    "panic: x\n\ngoroutine 17 [running]:\nmain.main()",
    "thread 'main' panicked at src/main.rs\nstack backtrace:\n   0: rust_begin_unwind",
    "/srv/app.rb:12:in `predict': x (RuntimeError)",
    "PHP Fatal error\n#0 /srv/index.php(12): predict()",
    "F0000 check failed\n    @     0x7f2c9a3b (unknown)",
]


@pytest.mark.parametrize("trace", FRAMES)
@pytest.mark.parametrize("chunked", ["", "16"])
def test_a_stack_trace_does_not_go_out(gateway: Gateway, trace: str, chunked: str) -> None:
    for status in ("400", "422", "404"):
        said = {
            "x-status": status,
            "x-say": json.dumps({"error": f"secret\n{trace}"}),
            "x-chunked": chunked,
            "x-pause": "0",
        }
        answer = gateway.infer(headers=said)
        assert answer.status == int(status.replace("422", "400"))
        assert answer.json["error"].startswith("the model server refused the request (request ")
        assert b"secret" not in answer.body


@pytest.mark.parametrize(("pad", "fine"), [(0, True), (60_000, True), (70_000, False), (3_000_000, False)])
@pytest.mark.parametrize("chunked", ["", "8192"])
def test_a_message_goes_out_if_it_is_one(gateway: Gateway, pad: int, fine: bool, chunked: str) -> None:
    said = '{"error": "line 3 of /inputs/0, at file x.json (12): expected a number"}'
    headers = {"x-status": "400", "x-say": said, "x-pad": str(pad), "x-chunked": chunked, "x-pause": "0"}
    answer = gateway.infer(headers=headers)
    if fine:
        assert (answer.status, answer.json) == (400, json.loads(said))
        assert told_of(gateway, answer)["reason"] == "via_upstream"
    else:
        assert b"inputs" not in answer.body
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.json["error"].startswith("the model server ")


def test_a_message_that_cannot_be_read_does_not_go_out(gateway: Gateway) -> None:
    answer = gateway.infer(headers={"x-status": "400", "x-say": "packed", "x-encoding": "gzip"})
    assert (answer.status, "content-encoding" in answer.headers) == (400, False)
    assert answer.json["error"].startswith("the model server refused the request (request ")


@pytest.mark.parametrize("status", ["500", "302"])
@pytest.mark.parametrize("times", ["0", "1", LONG])
@pytest.mark.parametrize("chunked", ["", "65536"])
def test_an_error_stands_in_the_place_of_any_body(gateway: Gateway, status: str, times: str, chunked: str) -> None:
    answer = gateway.infer(headers={"x-status": status, "x-say": TRACE, "x-times": times, "x-chunked": chunked})
    assert answer.status == 502
    assert answer.json["error"].startswith("the model server gave no usable answer (request ")
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["x-content-type-options"] == "nosniff"


SMALL = FILE.replace(
    '[model.other]\nupstream = "server"',
    '[model.other]\nupstream = "server"\nlimits = {{ response-kb = 1 }}',
)


@pytest.fixture(scope="module")
def small(made: Callable[..., Plan], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(made(tmp_path_factory.mktemp("s"), SMALL)) as running:
        yield running


def test_an_answer_that_says_that_it_is_too_large_does_not_go_out(small: Gateway) -> None:
    for times, status in ((1, 200), (200, 502), (900, 502)):
        said = '{"a": "%s"}' % ("secret" * times)
        answer = small.infer("other", headers={"x-say": said})
        assert answer.status == status
        assert int(answer.headers["content-length"]) == len(answer.body)
        if status == 502:
            asked = answer.headers["x-request-id"]
            assert answer.json["error"] == f"the model server gave no usable answer (request {asked})"
        assert small.infer(headers={"x-say": said}).body == said.encode()
    assert [line["reason"] for line in small.log(6)] == [
        "via_upstream", "via_upstream", "answer-too-large", "via_upstream", "answer-too-large", "via_upstream",
    ]  # fmt: skip


def test_an_answer_that_does_not_say_its_length_is_cut(small: Gateway) -> None:
    for model, size in (("other", 1024), ("iris", 4000)):
        answer = small.infer(model, headers={"x-say": "y" * 4000, "x-chunked": "100"})
        assert answer.status == 200
        assert answer.body == b"y" * size
    assert small.infer("other", headers={"x-say": "y" * 900, "x-chunked": "100"}).body == b"y" * 900
    events = {"x-say": "y" * 4000, "x-chunked": "100", "x-kind": "text/event-stream"}
    assert len(small.infer("other", headers=events).body) == 4000


NARROW = FILE.replace('schema = "iris.schema.json"', POLICY + "\nlimits = {{ response-kb = 4 }}").replace(
    '[model.other]\nupstream = "server"',
    '[model.other]\nupstream = "server"\nlimits = {{ response-kb = 3000 }}\nresponse = {{ strip = ["x"] }}',
)


def told_of(gateway: Gateway, answer: Answer) -> dict[str, Any]:
    """The line of an answer in the feed."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        for line in gateway.log(1):
            if line.get("request_id") == answer.headers["x-request-id"]:
                return line
        time.sleep(0.02)
    raise AssertionError("no line tells of it")


# Larger than the limit, than what Envoy keeps by itself, and than all that it may keep here.
LARGE = [("iris", 5), ("iris", 2000), ("iris", 4000), ("other", 3500), ("other", 9000)]


@pytest.fixture(scope="module")
def narrow(made: Callable[..., Plan], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    text = NARROW.replace("[limits]", "[limits]\nresponse-kb = 8")
    with serving(made(tmp_path_factory.mktemp("n"), text)) as running:
        yield running


@pytest.mark.parametrize(("model", "size_kb"), LARGE)
@pytest.mark.parametrize("chunked", ["", "8192"])
def test_an_answer_that_is_too_large_to_be_looked_into_does_not_go_out(
    narrow: Gateway, model: str, size_kb: int, chunked: str
) -> None:
    headers = {"x-say": SAID, "x-pad": str(size_kb * 1024), "x-chunked": chunked, "x-pause": "0"}
    answer = narrow.infer(model, headers=headers)
    assert answer.status == 502
    assert answer.json["error"] == f"the model server gave no usable answer (request {answer.headers['x-request-id']})"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert not {"x-powered-by", "server"} & answer.headers.keys()
    line = told_of(narrow, answer)
    assert (line["reason"], line["status"], line["decision"]) == ("answer-too-large", 502, "allow")


@pytest.mark.parametrize(("model", "size_kb"), [("iris", 3), ("other", 2990)])
@pytest.mark.parametrize("chunked", ["", "8192"])
def test_a_large_answer_that_fits_is_looked_into(narrow: Gateway, model: str, size_kb: int, chunked: str) -> None:
    """A model may have more than all others."""
    headers = {"x-say": SAID, "x-pad": str(size_kb * 1024), "x-chunked": chunked, "x-pause": "0"}
    answer = narrow.infer(model, headers=headers)
    assert (answer.status, answer.json["outputs"][0]["name"]) == (200, "p")
    assert len(answer.body) < 1000
    assert told_of(narrow, answer)["reason"] == "via_upstream"


def test_headers_of_every_answer(gateway: Gateway) -> None:
    for answer in (gateway.infer(), gateway.infer(key=""), gateway.call("GET", "/nothing", key=SCIENTIST, body=VALID)):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert not {"server", "x-powered-by", "x-envoy-upstream-service-time", "via"} & answer.headers.keys()
        assert answer.headers["x-request-id"]
