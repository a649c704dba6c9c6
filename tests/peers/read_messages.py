"""What a server reads in messages of gRPC: for each line of hexadecimal, the model that it names as JSON, or null."""

from __future__ import annotations

import json
import sys

from google.protobuf.message import DecodeError
from tritonclient.grpc.service_pb2 import ModelInferRequest

for line in sys.stdin:
    try:
        name = ModelInferRequest.FromString(bytes.fromhex(line)).model_name
    except DecodeError:
        name = None
    print(json.dumps(name), flush=True)
