"""Requests of the Open Inference Protocol: what is declared, what agrees, what lies behind the JSON."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.errors import ConfigError
from garrison.gateway.validation import Limits, prelude, tensor_validator
from garrison.gateway.validation.tensors import Datatype, Tensor, Tensors

from .conftest import Run

X = {"name": "x", "shape": [2, 3], "datatype": "FP32", "data": [0.5, -1, 0, 0.25, 1e-3, 0.1]}
PLAIN = Tensors()


def tensor(name: str, datatype: str, *shape: int, **more: Any) -> Tensor:
    return Tensor(name=name, datatype=Datatype(datatype), shape=shape, **more)


def told(run: Run, tensors: Tensors, body: Any, behind: bytes | None = None, length: str = "", **more: Any) -> str:
    """The message of a refusal; empty where the request passes."""
    validate = run(f"{prelude()}return {tensor_validator(tensors, **more)}")
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    header = length or (str(len(data)) if behind is not None else "")
    answer = validate(data + (behind or b""), header.encode() if header else None)
    assert answer is True or answer[0] in (True, False)
    return "" if answer is True or answer[0] else answer[1].decode()


def asked(*inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"inputs": list(inputs), **more}


def binary(name: str, datatype: str, shape: list[int], size: int) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": size}}


DECLARED = Tensors(
    inputs=(
        tensor("x", "FP32", -1, 3, minimum=-1, maximum=0.5),
        tensor("ids", "INT64", -1, optional=True, maximum=9007199254740993),
        tensor("text", "BYTES", -1, optional=True, max_bytes=4),
    ),
    outputs=(tensor("y", "FP32", -1),),
)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (asked(X), ""),
        (asked(X, id="r", parameters={"a": 1, "b": "c", "d": False}, outputs=[{"name": "y", "parameters": {"binary_data": True}}]), ""),
        (asked({**X, "data": [[0.5, -1, 0], [0.25, 1e-3, 0.1]]}), ""),
        (asked({"data": X["data"], "shape": [2, 3], "datatype": "FP32", "name": "x"}), ""),
        (asked({"data": [*X["data"][:5], 9], "shape": [2, 3], "datatype": "FP32", "name": "x"}), "/inputs/0/data/5: expected a number from -1 to 0.5"),
        (asked({**X, "data": [[0.5, -1], [0, 0.25], [1e-3, 0.1]]}), "/inputs/0/data/0: expected as many items as the shape says"),
        (asked({**X, "data": [[0.5, -1, 0]]}), "/inputs/0/data: expected as many items as the shape says"),
        (asked({**X, "data": [0.5]}), "/inputs/0/data: expected as many items as the shape says"),
        (asked({**X, "data": [[0.5, -1, 0], 0, 0, 0]}), "/inputs/0/data/1: expected data nested as the shape says, or flat"),
        (asked({**X, "data": [*X["data"][:5], "a"]}), "/inputs/0/data/5: expected a number"),
        (asked({**X, "data": [*X["data"][:5], 0.5000001]}), "/inputs/0/data/5: expected a number from -1 to 0.5"),
        (asked({**X, "data": 1}), "/inputs/0/data: expected an array"),
        (asked({**X, "shape": [2, 4]}), "/inputs/0/shape/1: expected 3"),
        (asked({**X, "shape": [6]}), "/inputs/0/shape: expected 2 dimensions"),
        (asked({**X, "shape": [-2, -3]}), "/inputs/0/shape/0: expected a whole number from 0 on"),
        (asked({**X, "shape": [2.5, 3]}), "/inputs/0/shape/0: expected a whole number from 0 on"),
        (asked({**X, "datatype": "FP64"}), "/inputs/0/datatype: expected FP32"),
        (asked({**X, "name": "z"}), "/inputs/0/name: expected an input that the model declares"),
        (asked({k: v for k, v in X.items() if k != "data"}), '/inputs/0: expected the property "data"'),
        (asked({k: v for k, v in X.items() if k != "shape"}), '/inputs/0: expected the property "shape"'),
        (asked({**X, "parameters": {"binary_data_size": 24}}), "/inputs/0: expected either data or binary_data_size"),
        (asked({**X, "more": 1}), "/inputs/0/more: expected name, shape, datatype, parameters or data"),
        (asked(X, X), "/inputs/1/name: expected each input once"),
        (asked(), "the body: expected inputs, at least one"),
        ({}, "the body: expected inputs, at least one"),
        ([], "the body: expected an object"),
        (asked({"name": "ids", "shape": [0], "datatype": "INT64", "data": []}), 'the body: expected the input "x"'),
        (asked(X, {"name": "ids", "shape": [2], "datatype": "INT64", "data": [9007199254740993, -(2**63)]}), ""),
        (asked(X, {"name": "ids", "shape": [1], "datatype": "INT64", "data": [9007199254740994]}), "/inputs/1/data/0: expected an integer from -9223372036854775808 to 9007199254740993"),
        (asked(X, {"name": "ids", "shape": [1], "datatype": "INT64", "data": [1.5]}), "/inputs/1/data/0: expected an integer from -9223372036854775808 to 9007199254740993"),
        (asked(X, {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["abcd", "éé"]}), ""),
        (asked(X, {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["ééé"]}), "/inputs/1/data/0: expected at most 4 bytes"),
        (asked(X, {"name": "text", "shape": [1], "datatype": "BYTES", "data": [5]}), "/inputs/1/data/0: expected a string"),
        (asked(X, outputs=[{"name": "secret"}]), "/outputs/0/name: expected an output that the model declares"),
        (asked(X, outputs=[{"name": "y"}, {"name": "y"}]), "/outputs/1: expected the name of an output, each once"),
        (asked(X, id=5), "/id: expected a string"),
        (asked(X, model_name="other"), "/model_name: expected id, parameters, inputs or outputs"),
        (asked(X, parameters={"a": {}}), "/parameters/a: expected a string, a number, true or false"),
        (asked({**X, "parameters": {"shared_memory_region": "r"}}), "/inputs/0/parameters/shared_memory_region: expected no shared memory: what lies there is not checked"),
        (asked(X, outputs=[{"name": "y", "parameters": {"shared_memory_region": "r"}}]), "/outputs/0/parameters/shared_memory_region: expected no shared memory: what lies there is not checked"),
        (b'{"inputs":[],"inputs":[]}', "/inputs: expected each key once"),
        (b'{"inputs":[{"name":"x","name":"x"}]}', "/inputs/0/name: expected each key once"),
        (asked(X, outputs=[{"name": "y", "parameters": {"classification": 3}}]), ""),
    ],
)  # fmt: skip
def test_requests_are_held_against_what_is_declared(run: Run, request_: Any, message: str) -> None:
    assert told(run, DECLARED, request_) == message


def test_every_input_is_held_against_the_protocol_where_nothing_is_declared(run: Run) -> None:
    assert told(run, PLAIN, asked({"name": "n", "shape": [], "datatype": "BOOL", "data": [True]})) == ""
    assert told(run, PLAIN, asked({"name": "n", "shape": [2, 0], "datatype": "UINT8", "data": [[], []]})) == ""
    assert told(run, PLAIN, asked({"name": "n", "shape": [1], "datatype": "FP8", "data": [1]})).startswith(
        "/inputs/0/datatype"
    )
    assert told(run, PLAIN, asked({"name": "n", "shape": [1] * 17, "datatype": "BOOL", "data": [True]})).endswith(
        "16 dimensions"
    )
    many = {"name": "n", "shape": [2**40, 2**40], "datatype": "BOOL", "data": []}
    assert told(run, PLAIN, asked(many)) == "/inputs/0/shape: expected fewer elements"


@pytest.mark.parametrize(
    ("datatype", "fits", "does_not"),
    [
        ("BOOL", ["true", "false"], ["1", "0", '"true"', "null"]),
        ("UINT8", ["0", "255", "1.0", "-0"], ["-1", "256", "0.5", "1e3", "true"]),
        ("INT8", ["-128", "127"], ["-129", "128"]),
        ("UINT16", ["65535"], ["65536"]),
        ("INT32", ["-2147483648", "2147483647"], ["2147483648"]),
        ("UINT64", ["18446744073709551615"], ["18446744073709551616", "-1"]),
        ("INT64", ["-9223372036854775808", "9223372036854775807"], ["9223372036854775808", "9223372036854775807.5"]),
        ("FP16", ["65504", "-65504", "0.1"], ["65505", "1e10"]),
        ("FP32", ["3.4028234663852886e38", "1e-40"], ["3.5e38", '"1"', "null"]),
        ("FP64", ["1.7976931348623157e308"], ["1e309"]),
        ("BYTES", ['""', '"é"'], ["1", "null", "[]"]),
    ],
)
def test_values_fit_their_datatype(run: Run, datatype: str, fits: list[str], does_not: list[str]) -> None:
    for value in fits + does_not:
        body = f'{{"inputs":[{{"name":"n","shape":[1],"datatype":"{datatype}","data":[{value}]}}]}}'.encode()
        assert (told(run, PLAIN, body) == "") is (value in fits), value


def test_binary_data_agrees_with_shape_datatype_and_length(run: Run) -> None:
    three = asked(binary("x", "FP32", [1, 3], 12))
    place = "/inputs/0/parameters/binary_data_size: "
    assert told(run, DECLARED, three, struct.pack("<3f", 0.5, 0, -1)) == ""
    for values in ((0.6, 0, 0), (math.nan, 0, 0), (0, math.inf, 0), (0, 0, -math.inf)):
        assert told(run, DECLARED, three, struct.pack("<3f", *values)) == place + "expected a number from -1 to 0.5"
    assert told(run, DECLARED, three, bytes(11)) == place + "expected as many bytes behind the JSON"
    assert told(run, DECLARED, three, bytes(13)) == "the body: expected no bytes behind those that the inputs name"
    assert (
        told(run, DECLARED, asked(binary("x", "FP32", [1, 3], 8)), bytes(8))
        == place + "expected the size that shape and datatype give"
    )
    assert told(run, DECLARED, three) == place + "expected the header Inference-Header-Content-Length with binary data"
    refused = Tensors(binary=False)
    assert told(run, refused, three, bytes(12)) == place + "expected data as JSON; binary data is not allowed here"


def test_several_binary_inputs_stand_one_behind_the_other(run: Run) -> None:
    both = asked(binary("x", "FP32", [1, 3], 12), binary("ids", "INT64", [2], 16))
    assert told(run, DECLARED, both, struct.pack("<3f2q", 0, 0, 0, 9007199254740993, -(2**63))) == ""
    wrong = struct.pack("<3f2q", 0, 0, 0, 0, 9007199254740994)
    assert told(run, DECLARED, both, wrong).startswith("/inputs/1/parameters/binary_data_size: expected an integer")


def test_binary_strings_are_walked(run: Run) -> None:
    def bytes_of(*elements: bytes) -> bytes:
        return b"".join(struct.pack("<I", len(e)) + e for e in elements)

    def text(count: int, size: int) -> dict[str, Any]:
        return asked(X, binary("text", "BYTES", [count], size))

    assert told(run, DECLARED, text(2, 12), bytes_of(b"abcd", b"")) == ""
    for count, behind in (
        (2, bytes_of(b"abcde", b"")),
        (1, bytes_of(b"abcd", b"")),
        (3, bytes_of(b"abcd", b"")),
        (1, struct.pack("<I", 5) + b"abc"),
        (1, struct.pack("<I", 0xFFFFFFFF)),
        (1, b"abc"),
    ):
        assert told(run, DECLARED, text(count, len(behind)), behind).endswith("each after its length"), (count, behind)


@pytest.mark.parametrize("length", ["0", "-1", "+2", "2.0", "0x2", "1e1", " 2", "9" * 20, "3"])
def test_the_length_of_the_json_is_a_number_up_to_that_of_the_body(run: Run, length: str) -> None:
    assert "expected Inference-Header-Content-Length" in told(run, PLAIN, b"{}", length=length)


def test_the_json_ends_where_its_length_says(run: Run) -> None:
    data = json.dumps(asked({"name": "n", "shape": [1], "datatype": "BOOL", "data": [True]})).encode()
    assert told(run, PLAIN, data, length=str(len(data))) == ""
    assert told(run, PLAIN, data, length=str(len(data) - 1)) == "the body: expected , or }"
    assert told(run, PLAIN, data, b"x") == "the body: expected no bytes behind those that the inputs name"


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["FP16", "BF16", "FP32", "FP64"]), st.binary(min_size=8, max_size=8))
def test_binary_numbers_are_read_as_their_datatype(datatype: str, data: bytes) -> None:
    from lupa import luajit21

    state = luajit21.LuaRuntime(encoding=None, unpack_returned_tuples=True)
    width = Datatype(datatype).width
    data = data[:width]
    code = {"FP16": "<e", "FP32": "<f", "FP64": "<d", "BF16": "<f"}[datatype]
    value = struct.unpack(code, b"\0\0" + data if datatype == "BF16" else data)[0]
    tensors = Tensors(inputs=(tensor("n", datatype, 1, minimum=-2.5, maximum=1000),))
    validate = state.execute(f"{prelude()}return {tensor_validator(tensors)}".encode())
    head = json.dumps(asked(binary("n", datatype, [1], width))).encode()
    answer = validate(head + data, str(len(head)).encode())
    assert (answer is True or answer[0]) is (-2.5 <= value <= 1000)


VALUES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "BOOL": ("?", st.booleans()),
    "UINT8": ("B", st.integers(0, 255)),
    "INT16": ("h", st.integers(-(2**15), 2**15 - 1)),
    "INT64": ("q", st.integers(-(2**63), 2**63 - 1)),
    "UINT64": ("Q", st.integers(0, 2**64 - 1)),
    "FP32": ("f", st.floats(width=32, allow_nan=False, allow_infinity=False)),
    "FP64": ("d", st.floats(allow_nan=False, allow_infinity=False)),
}


def nested_as(shape: list[int], data: list[Any]) -> list[Any]:
    """Flat data, row by row, nested as a shape says."""
    if len(shape) < 2:
        return data
    step = len(data) // shape[0] if shape[0] else 0
    return [nested_as(shape[1:], data[n * step : (n + 1) * step]) for n in range(shape[0])]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(sorted(VALUES)), st.lists(st.integers(0, 3), max_size=4))
def test_the_same_data_passes_in_every_form_and_one_value_less_in_none(
    data: st.DataObject, datatype: str, shape: list[int]
) -> None:
    from lupa import luajit21

    code, values = VALUES[datatype]
    count = math.prod(shape)
    flat = data.draw(st.lists(values, min_size=count, max_size=count))
    state = luajit21.LuaRuntime(encoding=None, unpack_returned_tuples=True)
    validate = state.execute(f"{prelude()}return {tensor_validator(PLAIN)}".encode())

    def passes(values: list[Any], form: str) -> bool:
        head = {"name": "n", "datatype": datatype, "shape": shape}
        if form != "binary":
            request = asked({**head, "data": nested_as(shape, values) if form == "nested" else values})
            return validate(json.dumps(request).encode(), None) is True
        behind = struct.pack(f"<{len(values)}{code}", *values)
        said = json.dumps(asked({**head, "parameters": {"binary_data_size": len(behind)}})).encode()
        return validate(said + behind, str(len(said)).encode()) is True

    assert [passes(flat, form) for form in ("flat", "nested", "binary")] == [True, True, True]
    if flat:
        assert [passes(flat[1:], form) for form in ("flat", "binary")] == [False, False]
        assert not passes([*flat, flat[0]], "flat")


def test_a_response_policy_refuses_what_it_could_not_read(run: Run) -> None:
    plain = Tensors(json_outputs=True)
    y = {"name": "y"}
    assert told(run, plain, asked(X, parameters={"binary_data_output": False}, outputs=[y])) == ""
    for request in (
        asked(X, parameters={"binary_data_output": True}),
        asked(X, outputs=[{**y, "parameters": {"binary_data": True}}]),
        asked(X, outputs=[{**y, "parameters": {"binary_data": 1}}]),
        asked(X, outputs=[{**y, "parameters": {"classification": 3}}]),
    ):
        assert "the outputs of this model are answered as" in told(run, plain, request)


def test_a_schema_is_held_against_the_json_beside_the_tensors(run: Run) -> None:
    schema = {"required": ["id"]}
    assert told(run, PLAIN, asked(X), schema=schema) == 'the body: expected the property "id"'
    assert told(run, PLAIN, asked(binary("x", "UINT8", [2], 2), id="a"), b"\0\xff", schema=schema) == ""


def test_the_size_is_that_of_the_whole_body(run: Run) -> None:
    request = asked(binary("x", "UINT8", [100], 100))
    assert (
        told(run, PLAIN, request, bytes(100), limits=Limits(size_bytes=150)) == "the body: expected at most 150 bytes"
    )


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ((tensor("a", "FP32", 1), tensor("a", "FP32", 1)), "'a' is declared twice"),
        ((tensor("a", "FP32", -2),), "expected sizes from 0 on"),
        ((tensor("a", "BYTES", 1, minimum=1),), "BYTES has no minimum"),
        ((tensor("a", "FP32", 1, max_bytes=1),), "max_bytes is for BYTES"),
        ((tensor("a", "UINT8", 1, minimum=300),), "no value lies between"),
        ((tensor("a", "FP32", 1, minimum=2, maximum=1),), "no value lies between"),
    ],
)
def test_declarations_that_contradict_themselves_are_refused(declared: tuple[Tensor, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tensor_validator(Tensors(inputs=declared))
