"""Call a server of the V2 protocol with tritonclient, and print what the user of it sees, as JSON.

Usage: call_triton.py http|grpc HOST:PORT infer|metadata|config|load|unload|live MODEL [HEADER=VALUE ...]
Over TLS if the environment variable GARRISON_CA names a file of certificates to trust.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import numpy as np

SAMPLE = [[5.1, 3.5, 1.4, 0.2]]


def main(transport: str, address: str, action: str, model: str, headers: dict[str, str]) -> Any:
    """The outcome under `ok`, or the error's `status` and `message`."""
    if transport == "http":
        import tritonclient.http as triton

        secure = {"ssl": True, "ssl_options": {"ca_certs": ca}} if (ca := os.environ.get("GARRISON_CA")) else {}
        client = triton.InferenceServerClient(address, **secure)
    else:
        import tritonclient.grpc as triton

        ca = os.environ.get("GARRISON_CA")
        client = triton.InferenceServerClient(address, ssl=bool(ca), root_certificates=ca)
    try:
        return {"ok": call(triton, client, action, model, headers)}
    except triton.InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}


def call(triton: Any, client: Any, action: str, model: str, headers: dict[str, str]) -> Any:
    """Do one thing and return what it says."""
    if action == "infer":
        tensor = triton.InferInput("predict", [1, 4], "FP64")
        binary = {"binary_data": False} if triton.__name__.endswith("http") else {}
        tensor.set_data_from_numpy(np.array(SAMPLE), **binary)
        wanted = triton.InferRequestedOutput("predict", **binary)
        answer = client.infer(model, [tensor], outputs=[wanted], headers=headers)
        return answer.as_numpy("predict").ravel().tolist()
    if action == "metadata":
        told = client.get_model_metadata(model, headers=headers)
        return told["name"] if isinstance(told, dict) else told.name
    if action == "config":
        return str(client.get_model_config(model, headers=headers))
    if action == "load":
        return client.load_model(model, headers=headers)
    if action == "unload":
        return client.unload_model(model, headers=headers)
    return client.is_server_live(headers=headers)


if __name__ == "__main__":
    transport, address, action, model, *given = sys.argv[1:]
    print(json.dumps(main(transport, address, action, model, dict(header.split("=", 1) for header in given))))
