"""Answers under a policy: what is left of them, and that they stay what clients can read."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.gateway import response, validation
from garrison.gateway.response.policy import Response
from garrison.gateway.validation import Limits

from ..validation.conftest import Run, Serve  # noqa: TID252

V2 = "open-inference"


def shaped(run: Run, answer: Any, protocol: str, policy: dict[str, Any], *, role: str = "", **headers: str) -> Any:
    """What goes out; a text where nothing does."""
    shaper = response.shaper(msgspec.convert(policy, Response), protocol=protocol, tensors=protocol == V2)
    shape = run(f"{validation.prelude()}{response.prelude()}return {shaper}")
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    told = {"content_type": "application/json", **headers}
    given = [
        told[name].encode() if name in told else None for name in ("content_type", "content_encoding", "json_length")
    ]
    fine, out = shape(body, *given, role.encode() or None)
    return json.loads(out) if fine else out.decode()


def outputs(*tensors: tuple[str, str, list[int], list[Any]]) -> dict[str, Any]:
    named = [{"name": n, "datatype": d, "shape": s, "data": v} for n, d, s, v in tensors]
    return {"model_name": "m", "parameters": {"seed": 0.123456}, "outputs": named}


SCORES = ("p", "FP32", [2, 3], [0.123456, 0.7, 0.2, -0.0001, 0.5, 0.49])
LABEL = ("label", "INT64", [2], [7, 8])
NAMES = ("names", "BYTES", [2], ["a", "b"])


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"decimals": 2}, ([2, 3], [0.12, 0.7, 0.2, 0.0, 0.5, 0.49])),
        ({"bucket": 0.25}, ([2, 3], [0.0, 0.75, 0.25, 0.0, 0.5, 0.5])),
        ({"top": 1}, ([2, 3], [0, 0.7, 0, 0, 0.5, 0])),
        ({"top": 2, "decimals": 1}, ([2, 3], [0, 0.7, 0.2, 0, 0.5, 0.5])),
        ({"top": 3}, ([2, 3], SCORES[3])),
        ({"items": 1}, ([1, 3], [0.123456, 0.7, 0.2])),
        ({"items": 1, "top": 1, "bucket": 0.5}, ([1, 3], [0, 0.5, 0])),
        ({}, ([2, 3], SCORES[3])),
    ],
)
@pytest.mark.parametrize("nest", [False, True], ids=["flat", "nested"])
def test_tensors_keep_their_shape(
    run: Run, policy: dict[str, Any], expected: tuple[list[int], list[float]], nest: bool
) -> None:
    shape, data = expected
    rows = [SCORES[3][:3], SCORES[3][3:]]
    out = shaped(run, outputs((*SCORES[:3], rows if nest else SCORES[3]), LABEL, NAMES), V2, policy)
    scores, label, names = out["outputs"]
    assert scores["shape"] == shape
    assert scores["data"] == ([data[n : n + 3] for n in range(0, len(data), 3)] if nest else data)
    left = policy.get("items", 2)
    assert (label["shape"], label["data"]) == ([left], [7, 8][:left])
    assert (names["shape"], names["data"]) == ([left], ["a", "b"][:left])
    assert out["parameters"] == {"seed": 0.123456}


@pytest.mark.parametrize(
    ("protocol", "answer", "policy", "expected"),
    [
        ("tensorflow-serving", {"predictions": [[0.11, 0.92, 0.35], [0.5, 0.4, 0.1]]}, {"top": 1, "decimals": 1}, {"predictions": [[0, 0.9, 0], [0.5, 0, 0]]}),
        ("tensorflow-serving", {"predictions": [{"p": [0.11, 0.92], "class": 1}] * 3}, {"top": 1, "items": 2}, {"predictions": [{"p": [0, 0.92], "class": 1}] * 2}),
        ("tensorflow-serving", {"results": [[["a", 0.12], ["b", 0.99], ["c", 0.5]]]}, {"top": 2}, {"results": [[["b", 0.99], ["c", 0.5]]]}),
        ("tensorflow-serving", {"outputs": {"scores": [[0.12, 0.9]], "n": 3}}, {"decimals": 1}, {"outputs": {"scores": [[0.1, 0.9]], "n": 3}}),
        ("mlflow", {"predictions": [1.2345, 2.3456, 3], "took": 0.12345}, {"decimals": 2, "items": 2}, {"predictions": [1.23, 2.35], "took": 0.12345}),
        ("mlflow", {"predictions": [[{"label": "a", "score": 0.1}, {"label": "b", "score": 0.9}]]}, {"top": 1}, {"predictions": [[{"label": "b", "score": 0.9}]]}),
        ("openai", {"choices": [{"message": {"content": "hi"}, "logprobs": {"content": []}}], "usage": {"total_tokens": 7}}, {"strip": ["logprobs", "/usage"]}, {"choices": [{"message": {"content": "hi"}}]}),
        ("openai", {"choices": [{"logprobs": {"content": [{"token": "a", "logprob": -0.12345}]}}], "created": 1.25}, {"decimals": 1}, {"choices": [{"logprobs": {"content": [{"token": "a", "logprob": -0.1}]}}], "created": 1.25}),
        ("openai", {"data": [{"embedding": [0.123, 0.456], "index": 0}, {"embedding": [], "index": 1}]}, {"decimals": 1, "items": 1}, {"data": [{"embedding": [0.1, 0.5], "index": 0}]}),
        ("openapi", [1.23456, "x", {"a": [3.999, None, True]}], {"decimals": 2}, [1.23, "x", {"a": [4.0, None, True]}]),
        ("openapi", {"a": {"b": [{"c": 1, "d": 2}, {"c": 3}]}, "d": 4}, {"strip": ["/a/b/*/c", "/d"]}, {"a": {"b": [{"d": 2}, {}]}}),
        ("openapi", {"a/b": {"~": 1}, "x": [1, 2, 3]}, {"strip": ["/a~1b/~0", "/x/1"]}, {"a/b": {}, "x": [1, 3]}),
        ("openapi", {"trace": 1, "in": {"trace": {"deep": 1}}, "tr\u0061ce2": 1}, {"strip": ["trace", "trace2"]}, {"in": {}}),
        ("openapi", [1e300, 123456789.987654321, 1e-9, -1e-9, 7, 1e2], {"decimals": 2}, [1e300, 123456789.99, 0.0, 0.0, 7, 100.0]),
    ],
)  # fmt: skip
def test_predictions_are_found_in_every_protocol(
    run: Run, protocol: str, answer: Any, policy: dict[str, Any], expected: Any
) -> None:
    assert shaped(run, answer, protocol, policy) == expected


def test_what_is_not_touched_goes_out_as_it_was_written(run: Run) -> None:
    body = b'{"a": 1.50, "b":"\\u00e9\xc3\xa9", "c": 12345678901234567890, "d": {}, "e": [ ]}'
    shaper = response.shaper(Response(strip=("x",)), protocol="mlflow", tensors=False)
    shape = run(f"{validation.prelude()}{response.prelude()}return {shaper}")
    _, out = shape(body, b"application/json", None, None, None)
    assert out == b'{"a": 1.50,"b":"\\u00e9\xc3\xa9","c": 12345678901234567890,"d": {},"e": []}'


def test_a_key_written_with_escapes_is_stripped_too(run: Run) -> None:
    assert shaped(run, b'{"\\u006cogprobs":1,"k":2}', "openai", {"strip": ["logprobs"]}) == {"k": 2}


@pytest.mark.parametrize(
    ("answer", "headers", "message"),
    [
        (b"<html>boom</html>", {}, "the body: expected an object"),
        (b"", {}, "the body: expected an object"),
        (b"[]", {}, "the body: expected an object"),
        (b'{"a":1,"a":2}', {}, "/a: expected each key once"),
        (b'{"outputs":[{}]}', {}, "/outputs/0: expected an output with data as JSON"),
        (b'{"outputs":3}', {}, "/outputs: expected an array"),
        (outputs(("p", "FP32", [2, 3], [0.1])), {}, "/outputs/0/data: expected as many numbers as the shape says"),
        (outputs(("p", "FP32", [1], ["0.123456"])), {}, "/outputs/0/data: expected numbers"),
        (outputs(("p", "FP32", [1], [[0.1]])), {}, "/outputs/0/data: expected numbers"),
        ({"outputs": [{"name": "p", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 4}}]}, {}, "/outputs/0: expected an output with data as JSON"),
        (outputs(SCORES), {"content_type": "text/html"}, "the content type: expected application/json in UTF-8"),
        (outputs(SCORES), {"content_encoding": "gzip"}, "the content encoding: expected none"),
        (outputs(SCORES), {"json_length": "10"}, "the answer carries binary tensors"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_does_not_go_out(run: Run, answer: Any, headers: dict[str, str], message: str) -> None:
    assert shaped(run, answer, V2, {"decimals": 1}, **headers) == message


def test_too_large_or_deep_does_not_go_out(run: Run) -> None:
    shaper = response.shaper(Response(), protocol="mlflow", tensors=False, limits=Limits(size_bytes=100, depth=4))
    shape = run(f"{validation.prelude()}{response.prelude()}return {shaper}")
    assert shape(b"[[[[1]]]]", b"application/json", None, None, None)[0] is True
    assert shape(b"[[[[[1]]]]]", b"application/json", None, None, None)[1].endswith(b"less nesting")
    assert shape(b'{"a":{"a":{"a":{"a":{}}}}}', b"application/json", None, None, None)[1].endswith(b"less nesting")
    assert shape(b"[" + b"1," * 60 + b"1]", b"application/json", None, None, None)[0] is False


def test_roles_have_policies_of_their_own(run: Run) -> None:
    policy = {"decimals": 1, "role": {"ml-engineer": {}, "service": {"strip": ["predictions"]}}}
    answer = {"predictions": [0.123]}
    assert shaped(run, answer, "mlflow", policy) == {"predictions": [0.1]}
    assert shaped(run, answer, "mlflow", policy, role="data-scientist") == {"predictions": [0.1]}
    assert shaped(run, answer, "mlflow", policy, role="ml-engineer") == answer
    assert shaped(run, answer, "mlflow", policy, role="service") == {}


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.tuples(st.integers(1, 5), st.integers(1, 40)),
    st.fixed_dictionaries({"top": st.integers(1, 50), "items": st.integers(1, 6), "decimals": st.integers(0, 4)}),
)
def test_rows_show_their_highest(chance: random.Random, size: tuple[int, int], policy: dict[str, int]) -> None:
    from lupa import luajit21

    (rows, width), items, decimals = size, policy["items"], policy["decimals"]
    data = [round(chance.random(), chance.choice([1, 3, 16])) for _ in range(rows * width)]
    state = luajit21.LuaRuntime(encoding=None, unpack_returned_tuples=True)
    out = shaped(
        lambda code: state.execute(code.encode()),
        outputs(("p", "FP64", [rows, width], data)),
        V2,
        policy,
    )["outputs"][0]
    assert out["shape"] == [min(rows, items), width]
    assert len(out["data"]) == min(rows, items) * width
    for row in range(min(rows, items)):
        before, after = data[row * width :][:width], out["data"][row * width :][:width]
        best = sorted(range(width), key=lambda n: (-before[n], n))[: policy["top"]]
        for n in range(width):
            assert abs(after[n] - (before[n] if n in best else 0)) <= 0.5000001 * 10**-decimals


@pytest.mark.slow
def test_answers_are_rewritten_inside_envoy(envoy: Serve) -> None:
    shaper = response.shaper(Response(decimals=1), protocol="mlflow", tensors=False)
    code = f"""{validation.prelude()}{response.prelude()}local shape = {shaper}
    function envoy_on_request(handle)
      local body = handle:body()
      local sound, fine, out = pcall(shape, body:getBytes(0, body:length()), "application/json")
      handle:respond({{[":status"] = sound and fine and "200" or "502"}}, sound and out or fine)
    end"""
    with envoy(code) as ask:
        assert ask(b'{"predictions":[0.123,0.987]}') == (200, b'{"predictions":[0.1,1.0]}')
        assert ask(b'{"predictions":')[0] == 502
        large = json.dumps({"predictions": [[0.123456789] * 10] * 7000}).encode()
        assert len(large) > 900_000
        status, out = ask(large)
        assert (status, json.loads(out)) == (200, {"predictions": [[0.1] * 10] * 7000})
