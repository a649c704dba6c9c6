"""The methods of the V2 services as tritonclient and MLServer know them, as JSON: path, and of its message the numbers of the fields.

Usage: services.py triton|mlserver (the two cannot be imported into one process)
"""

from __future__ import annotations

import json
import sys
from typing import Any


def services(of: str) -> list[Any]:
    """The descriptors of the services."""
    if of == "triton":
        from tritonclient.grpc import service_pb2

        return [service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]]
    from mlserver.grpc import dataplane_pb2, model_repository_pb2

    return [
        dataplane_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"],
        model_repository_pb2.DESCRIPTOR.services_by_name["ModelRepositoryService"],
    ]


print(
    json.dumps(
        {
            f"/{service.full_name}/{method.name}": {
                "fields": {field.name: field.number for field in method.input_type.fields},
                "asks_in_stream": method.client_streaming,
            }
            for service in services(sys.argv[1])
            for method in service.methods
        }
    )
)
