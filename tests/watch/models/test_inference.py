"""Bodies of the Open Inference Protocol become rows, or are refused; nothing else happens."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.errors import UnmappedError
from garrison.watch.models.inference import MAX_ROWS, Inference, Told, inference


def tensor(name: str, shape: list[int], datatype: str, data: Any) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def read(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> Inference:
    answer = {"model_name": "fraud", "model_version": "3", "outputs": outputs}
    return inference(json.dumps({"inputs": inputs}).encode(), json.dumps(answer).encode())


SURE = tensor("predict_proba", [2, 2], "FP32", [0.9, 0.1, 0.2, 0.8])


def test_flat_and_nested_data_are_the_same() -> None:
    flat = read([tensor("x", [2, 3], "FP32", [1, 2, 3, 4, 5, 6])], [SURE])
    nested = read([tensor("x", [2, 3], "FP32", [[1, 2, 3], [4, 5, 6]])], [SURE])
    assert np.array_equal(np.asarray(flat.blocks[0].numbers), np.asarray(nested.blocks[0].numbers))
    assert flat.rows == 2
    assert (flat.model, flat.model_version) == ("fraud", "3")


def test_a_tensor_for_each_feature() -> None:
    inputs = [tensor("age", [2], "INT64", [31, 52]), tensor("country", [2, 1], "BYTES", ["de", "fr"])]
    found = read(inputs, [SURE])
    assert [block.name for block in found.blocks] == ["age", "country"]
    assert found.blocks[1].texts == [["de"], ["fr"]]


def test_what_is_missing_is_no_number() -> None:
    found = read([tensor("x", [2], "FP64", [None, 1.5])], [SURE])
    assert np.isnan(np.asarray(found.blocks[0].numbers)[0, 0])


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (SURE, Told.PROBABILITIES),
        (tensor("logits", [2, 2], "FP32", [3, -1, 0, 5]), Told.PROBABILITIES),
        (tensor("probability", [2, 1], "FP32", [0.3, 0.9]), Told.PROBABILITIES),
        (tensor("predict", [2], "INT64", [1, 0]), Told.LABEL),
        (tensor("predict", [2], "BYTES", ["cat", "dog"]), Told.LABEL),
        (tensor("predict", [2], "FP32", [17.2, 3.1]), Told.VALUE),
    ],
)
def test_what_an_answer_tells(output: dict[str, Any], told: Told) -> None:
    found = read([tensor("x", [2], "FP32", [1, 2])], [output]).outcome
    assert found.told is told
    if told is Told.PROBABILITIES:
        assert np.asarray(found.numbers).sum(1) == pytest.approx([1, 1])


def test_probabilities_tell_more_than_labels() -> None:
    outputs = [tensor("predict", [2], "INT64", [0, 1]), SURE]
    assert read([tensor("x", [2], "FP32", [1, 2])], outputs).outcome.told is Told.PROBABILITIES


def test_rows_that_are_too_many_are_counted() -> None:
    many = MAX_ROWS + 6
    found = read([tensor("x", [many], "FP32", [1] * many)], [tensor("predict", [many], "INT64", [1] * many)])
    assert (found.rows, found.left_out) == (MAX_ROWS, 6)


@pytest.mark.parametrize(
    "inputs",
    [
        [tensor("x", [2, 3], "FP32", [1, 2])],  # not of its shape
        [tensor("x", [], "FP32", [1])],
        [tensor("x", [0, 3], "FP32", [])],
        [tensor("x", [2, -1], "FP32", [1, 2])],
        [tensor("x", [2, 2**40], "FP32", [1, 2])],
        [tensor("x", [2], "FP32", [1, "two"])],
        [tensor("x", [2], "FP32", [1, [2, 3]])],
        [tensor("x", [2], "BYTES", [1, 2])],
        [tensor("x", [2], "FP32", [1, 10**400])],
        [{"name": "x", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}],
        [tensor("x", [2], "FP32", [1, 2]), tensor("y", [3], "FP32", [1, 2, 3])],
        [],
    ],
)
def test_what_is_no_inference_is_refused(inputs: list[dict[str, Any]]) -> None:
    with pytest.raises(UnmappedError):
        read(inputs, [SURE])


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"null", b"[" * 100_000, b'{"inputs":' + b"[" * 5_000, b'{"inputs": [{"name": 1}]}']
)
def test_hostile_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(UnmappedError):
        inference(body, json.dumps({"outputs": [SURE]}).encode())


def test_a_huge_body_is_not_read() -> None:
    with pytest.raises(UnmappedError, match="is not read"):
        inference(b" " * (9 << 20), b"{}")


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(-2, 4), max_size=4), datatype=st.sampled_from(["FP32", "INT8", "BYTES", "?"]), data=_JSON
)
def test_any_tensor_is_read_or_refused(shape: list[int], datatype: str, data: Any) -> None:
    rows = max(shape[0], 1) if shape else 1
    outputs = [tensor("predict", [rows], "INT64", [1] * rows)]
    try:
        found = read([tensor("x", shape, datatype, data)], outputs)
    except UnmappedError:
        return
    assert found.rows == rows
