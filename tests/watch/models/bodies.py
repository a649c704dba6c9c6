"""What the gateway's audit feed tells of an inference: both bodies as texts."""

from __future__ import annotations

import json

from tests.watch.models.conftest import Rows, asked


def line(rows: Rows, model: str = "cards", client: str = "ada", number: int = 0) -> bytes:
    """A line of the feed, about these rows and what the model answered."""
    inference = asked(rows)
    count, columns = rows.shape
    told = inference.outcome.numbers
    assert told is not None
    x = {"name": "x", "datatype": "FP64", "shape": [count, columns], "data": rows.ravel().tolist()}
    p = {"name": "p", "datatype": "FP64", "shape": [count, 2], "data": told.ravel().tolist()}
    said = {
        "time": f"2026-11-24T10:{number // 60 % 60:02}:{number % 60:02}Z",
        "request_id": f"r{number}",
        "decision": "allow",
        "client": client,
        "model": model,
        "action": "infer",
        "status": 200,
        "input": json.dumps({"inputs": [x]}),
        "output": json.dumps({"model_name": model, "outputs": [p]}),
    }
    return json.dumps(said, separators=(",", ":")).encode()
