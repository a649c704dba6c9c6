"""The validators inside a real Envoy."""

from __future__ import annotations

import json

import pytest

from garrison.gateway.validation import Limits, prelude, tensor_validator, validator
from garrison.gateway.validation.tensors import Datatype, Tensor, Tensors

from .conftest import Serve

pytestmark = pytest.mark.slow
FILTER = """
function envoy_on_request(handle)
  local body = handle:body()
  local bytes = body and body:getBytes(0, body:length()) or ""
  local sound, fine, message = pcall(validate, bytes, handle:headers():get("inference-header-content-length"))
  if not sound then handle:respond({[":status"] = "500"}, fine)
  elseif not fine then handle:respond({[":status"] = "400"}, message) end
end
"""


def test_large_bodies_are_checked_in_place(envoy: Serve) -> None:
    schema = {"properties": {"data": {"items": {"type": "number", "maximum": 1000}, "maxItems": 300_000}}}
    code = f"{prelude()}local validate = {validator(schema, limits=Limits(size_bytes=1 << 20))}\n{FILTER}"
    with envoy(code) as ask:
        numbers = [n % 1000 for n in range(250_000)]
        large = json.dumps({"data": numbers}, separators=(",", ":")).encode()
        assert 900_000 < len(large) < 1 << 20
        assert ask(large) == (200, b"reached")
        wrong = large[:-2] + b",1001]}"
        assert ask(wrong) == (400, b"/data/250000: expected at most 1000")
        assert ask(large + b" " * (1 << 20)) == (400, b"the body: expected at most 1048576 bytes")
        assert ask(b"") == (400, b"the body: expected a value of JSON")


def test_binary_tensors_are_checked_behind_the_json(envoy: Serve) -> None:
    tensors = Tensors(inputs=(Tensor(name="x", datatype=Datatype.FP32, shape=(-1,), maximum=1),))
    with envoy(f"{prelude()}local validate = {tensor_validator(tensors)}\n{FILTER}") as ask:
        head = json.dumps(
            {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}}]}
        ).encode()
        length = str(len(head))
        assert ask(head + b"\x00\x00\x80\x3f" * 2, inference_header_content_length=length) == (200, b"reached")
        status, message = ask(head + b"\x00\x00\x81\x3f" * 2, inference_header_content_length=length)
        assert (status, message.partition(b":")[0]) == (400, b"/inputs/0/parameters/binary_data_size")
        assert ask(head + b"\x00\x00\x80\x3f" * 2)[0] == 400
