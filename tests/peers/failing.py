"""A server of the Open Inference Protocol over gRPC that fails in the way that the model's name says, as `INTERNAL`.

Prints its port. With `late-` before the name it fails after it has begun to answer: the status comes in trailers then.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
from tritonclient.grpc.service_pb2 import ModelInferRequest, ModelInferResponse


def infer(request: ModelInferRequest, context: grpc.ServicerContext) -> ModelInferResponse:
    """Fail."""
    if request.model_name.startswith("late-"):
        context.send_initial_metadata(())
    context.set_trailing_metadata((("grpc-status-details-bin", b"secret in line 7"),))
    context.abort(grpc.StatusCode[request.model_name.removeprefix("late-")], "Traceback: secret in line 7")


handler = grpc.unary_unary_rpc_method_handler(infer, ModelInferRequest.FromString, ModelInferResponse.SerializeToString)
server = grpc.server(ThreadPoolExecutor(2))
server.add_generic_rpc_handlers(
    (grpc.method_handlers_generic_handler("inference.GRPCInferenceService", {"ModelInfer": handler}),)
)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
