"""Requests and answers of the Open Inference Protocol (V2, JSON), as rows: one row, one prediction.

The form is that of https://github.com/kserve/open-inference-protocol, `rest/inference_rest.md`: tensors with `name`, `shape`,
`datatype` and `data`, which is flat in row-major order or nested. The first dimension counts the rows. A model takes one tensor of
all features, or one for each; both become columns. Binary tensors (an extension of the protocol) are not read.
"""

from __future__ import annotations

import enum
import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from garrison.errors import UnmappedError

MAX_BODY_BYTES = 8 << 20
MAX_ROWS = 1_024  # of one request; the rest is counted
MAX_COLUMNS = 1 << 20  # of one row

Floats = NDArray[np.floating]


class _Tensor(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | None = None


class _Request(msgspec.Struct):
    inputs: list[_Tensor]


class _Answer(msgspec.Struct):
    outputs: list[_Tensor]
    model_name: str = ""
    model_version: str = ""


class Block(msgspec.Struct, frozen=True):
    """Columns of one tensor: `numbers` (rows x columns, NaN where missing), or `texts`, row by row."""

    name: str
    numbers: Floats | None = None
    texts: list[list[str]] | None = None


class Told(enum.StrEnum):
    """What an answer tells of a prediction."""

    PROBABILITIES = "probabilities"
    LABEL = "label"
    VALUE = "value"


class Outcome(msgspec.Struct, frozen=True):
    """The predictions for some rows: rows x classes of probabilities, or one label or value a row."""

    told: Told
    numbers: Floats | None = None
    labels: list[str] | None = None


class Inference(msgspec.Struct, frozen=True):
    """Rows that a model was asked about and what it answered. `left_out` rows were too many to look at."""

    blocks: tuple[Block, ...]
    outcome: Outcome
    rows: int
    left_out: int = 0
    model: str = ""
    model_version: str = ""


_REQUEST = msgspec.json.Decoder(_Request)
_ANSWER = msgspec.json.Decoder(_Answer)


def inference(request: bytes, answer: bytes) -> Inference:
    """A request's body and its answer's. Raises UnmappedError."""
    asked = _decoded(_REQUEST, request).inputs
    answered = _decoded(_ANSWER, answer)
    rows = _rows(asked)
    if _rows(answered.outputs) != rows:
        raise UnmappedError(f"{rows} rows were asked about, {_rows(answered.outputs)} answered")
    kept = min(rows, MAX_ROWS)
    return Inference(
        blocks=tuple(_block(tensor, kept) for tensor in asked),
        outcome=_outcome([_block(tensor, kept) for tensor in answered.outputs], answered.outputs),
        rows=kept,
        left_out=rows - kept,
        model=answered.model_name,
        model_version=answered.model_version,
    )


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    if len(body) > MAX_BODY_BYTES:
        raise UnmappedError(f"a body of {len(body)} bytes is not read", hint=f"at most {MAX_BODY_BYTES} are")
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnmappedError(f"no inference of the Open Inference Protocol: {error}") from None


def _rows(tensors: list[_Tensor]) -> int:
    counts = {tensor.shape[0] if tensor.shape else 0 for tensor in tensors}
    if len(counts) != 1 or min(counts) < 1:
        raise UnmappedError("its tensors have no first dimension in common")
    return counts.pop()


def _block(tensor: _Tensor, kept: int) -> Block:
    """A tensor's columns, of the first rows. Raises UnmappedError."""
    if tensor.data is None:
        raise UnmappedError(f"tensor {tensor.name!r} has no data in JSON")
    if min(tensor.shape) < 1 or len(tensor.shape) > np.iinfo(np.int8).max:
        raise UnmappedError(f"tensor {tensor.name!r} has a shape that is none")
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    if columns > MAX_COLUMNS:
        raise UnmappedError(f"tensor {tensor.name!r} has {columns} values a row; at most {MAX_COLUMNS} are read")
    if tensor.datatype == "BYTES":
        said = [_text(tensor, value) for value in _flat(tensor.data)]
        if len(said) != rows * columns:
            raise UnmappedError(f"tensor {tensor.name!r} is not of its shape")
        return Block(tensor.name, texts=[said[row * columns : (row + 1) * columns] for row in range(kept)])
    try:
        numbers = np.asarray(tensor.data, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UnmappedError(f"tensor {tensor.name!r} holds what is no number") from None
    if numbers.size != rows * columns:
        raise UnmappedError(f"tensor {tensor.name!r} is not of its shape")
    return Block(tensor.name, numbers=numbers.reshape(rows, columns)[:kept])


def _flat(data: list[Any]) -> list[Any]:
    """Nested lists as one; what is nested deeper than any tensor was refused by the decoder."""
    found: list[Any] = []
    for item in data:
        if isinstance(item, list):
            found.extend(_flat(item))
        else:
            found.append(item)
    return found


def _text(tensor: _Tensor, value: Any) -> str:
    if not isinstance(value, str):
        raise UnmappedError(f"tensor {tensor.name!r} holds what is no text")
    return value


def _outcome(blocks: list[Block], tensors: list[_Tensor]) -> Outcome:
    """The most telling output: probabilities before labels before values."""
    best: Outcome | None = None
    for block, tensor in zip(blocks, tensors, strict=True):
        found = _read(block, tensor)
        if best is None or list(Told).index(found.told) < list(Told).index(best.told):
            best = found
    assert best is not None  # noqa: S101  # _rows refused an answer without outputs
    return best


def _read(block: Block, tensor: _Tensor) -> Outcome:
    if block.texts is not None:
        return Outcome(Told.LABEL, labels=["\0".join(row) for row in block.texts])
    numbers = block.numbers
    assert numbers is not None  # noqa: S101  # a block has one or the other
    if not tensor.datatype.startswith(("FP", "BF")):
        return Outcome(Told.LABEL, labels=[",".join(str(int(n)) for n in row if n == n) for row in numbers])  # noqa: PLR0124  # NaN
    if numbers.shape[1] > 1 and bool((numbers >= 0).all()) and bool(np.allclose(numbers.sum(1), 1, atol=1e-2)):
        return Outcome(Told.PROBABILITIES, numbers=numbers)
    if numbers.shape[1] > 1 and "logit" in block.name.lower():
        spread = np.exp(numbers - numbers.max(1, keepdims=True))
        return Outcome(Told.PROBABILITIES, numbers=spread / spread.sum(1, keepdims=True))
    if numbers.shape[1] == 1 and "prob" in block.name.lower() and bool(((numbers >= 0) & (numbers <= 1)).all()):
        return Outcome(Told.PROBABILITIES, numbers=np.hstack([1 - numbers, numbers]))
    return Outcome(Told.VALUE, numbers=np.nan_to_num(numbers[:, :1]))
