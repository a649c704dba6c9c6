"""Send messages to ModelInfer as they are, and print what comes back, as JSON: the model that answered, or the error.

Usage: send_message.py HOST:PORT KEY HEXADECIMAL ...
"""

from __future__ import annotations

import json
import sys
from typing import Any

import grpc
from tritonclient.grpc.service_pb2 import ModelInferResponse


def sent(channel: grpc.Channel, message: bytes, key: str) -> Any:
    """The outcome of one message."""
    call = channel.unary_unary(
        "/inference.GRPCInferenceService/ModelInfer",
        request_serializer=bytes,
        response_deserializer=ModelInferResponse.FromString,
    )
    try:
        return {"ok": call(message, metadata=[("x-api-key", key)], timeout=20).model_name}
    except grpc.RpcError as error:
        more = [value.hex() for name, value in error.trailing_metadata() if name == "grpc-status-details-bin"]
        return {"status": error.code().name, "message": error.details(), **({"details": more} if more else {})}


address, key, *messages = sys.argv[1:]
with grpc.insecure_channel(address) as channel:
    print(json.dumps([sent(channel, bytes.fromhex(message), key) for message in messages]))
