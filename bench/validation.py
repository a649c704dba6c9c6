"""What it costs to hold a body against a schema: CPU per body, in LuaJIT as Envoy runs it.

    python bench/validation.py [--seconds 1]

Beside it jsonschema-rs, which needs the text parsed first. The two take turns in short bursts within one run, so the ratios
hold on a busy machine; the microseconds are of this machine. `make bench-validation` runs it.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jsonschema_rs
import msgspec
from lupa import luajit21

from garrison.gateway import response, validation
from garrison.gateway.response.policy import Response
from garrison.gateway.validation.tensors import Datatype, Tensor, Tensors
from measure import line

_SEED = 7
_ROUNDS = 7
_BURST = b"return function(f, a, b, n) local t = os.clock() for _ = 1, n do f(a, b) end return os.clock() - t end"
SCHEMA = {
    "type": "object",
    "required": ["inputs"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "maxLength": 64},
        "parameters": {"type": "object"},
        "inputs": {
            "type": "array",
            "minItems": 1,
            "maxItems": 16,
            "items": {
                "type": "object",
                "required": ["name", "shape", "datatype", "data"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9_.-]+$"},
                    "shape": {"type": "array", "maxItems": 8, "items": {"type": "integer", "minimum": 0}},
                    "datatype": {"enum": ["FP32", "FP64", "INT64", "BYTES", "BOOL"]},
                    "parameters": {"type": "object"},
                    "data": {"type": "array", "items": {"type": "number", "minimum": -1000, "maximum": 1000}},
                },
            },
        },
        "outputs": {"type": "array", "items": {"type": "object"}},
    },
}
TENSORS = Tensors(inputs=(Tensor(name="in-0", datatype=Datatype.FP32, shape=(1, -1), minimum=-1000, maximum=1000),))


class Costs(msgspec.Struct, frozen=True):
    """CPU seconds per body of each way, medians of bursts that took turns."""

    size_bytes: int
    schema_s: float
    tensors_s: float
    rounding_s: float
    reference_s: float  # json.loads and jsonschema-rs


def body(size_bytes: int) -> bytes:
    """A V2 request with one tensor, of about so many bytes."""
    chance = random.Random(_SEED)
    count = (size_bytes - 90) // 8
    data = [round(chance.uniform(-10, 10), 4) for _ in range(count)]
    tensor = {"name": "in-0", "shape": [1, count], "datatype": "FP32", "data": data}
    return json.dumps({"id": "r1", "inputs": [tensor]}).encode()


def measure(size_bytes: int, seconds: float = 1.0) -> Costs:
    """What a body of a size costs in each way; `seconds` is about the time for each."""
    lua = luajit21.LuaRuntime(encoding=None, unpack_returned_tuples=True)
    burst = lua.execute(_BURST)
    request = body(size_bytes)
    answer = request.replace(b'"inputs"', b'"outputs"')
    shaper = response.shaper(Response(decimals=2), protocol="open-inference", tensors=True)

    def chunk(expression: str) -> Any:
        return lua.execute(f"{validation.prelude()}{response.prelude()}return {expression}".encode())

    compiled = {
        "schema_s": (chunk(validation.validator(SCHEMA)), request, None),
        "tensors_s": (chunk(validation.tensor_validator(TENSORS)), request, None),
        "rounding_s": (chunk(shaper), answer, b"application/json"),
    }
    reference, text = jsonschema_rs.Draft202012Validator(SCHEMA), request.decode()
    assert all(check(first, second) is True or check(first, second)[0] for check, first, second in compiled.values())
    assert reference.is_valid(json.loads(text))
    ways: dict[str, Callable[[int], float]] = {name: partial(burst, *given) for name, given in compiled.items()}
    ways["reference_s"] = partial(_timed, lambda: reference.is_valid(json.loads(text)))
    turns = {name: max(1, round(seconds / _ROUNDS / max(way(20) / 20, 1e-7))) for name, way in ways.items()}
    rounds = [{name: way(turns[name]) / turns[name] for name, way in ways.items()} for _ in range(_ROUNDS)]
    return Costs(len(request), **{name: statistics.median(found[name] for found in rounds) for name in ways})


def _timed(call: Callable[[], object], turns: int) -> float:
    started = time.process_time()
    for _ in range(turns):
        call()
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU time for each figure (default 1)")
    seconds = parser.parse_args().seconds
    for size, goal_us in ((1_000, 4.0), (100_000, 400.0)):
        costs = measure(size, seconds)
        name = f"{costs.size_bytes / 1000:.1f} KB body"
        line(f"{name}: schema", costs.schema_s * 1e6, goal_us, "µs")
        line(f"{name}: tensors declared", costs.tensors_s * 1e6, goal_us * 2, "µs")
        line(f"{name}: answer rounded", costs.rounding_s * 1e6, None, "µs")
        line(f"{name}: schema, of json.loads and jsonschema-rs", costs.schema_s / costs.reference_s, 1.0, "x")


if __name__ == "__main__":
    main()
