"""A small model server of the Open Inference Protocol (V2): it tells kinds of iris flowers by the size of their petals.

It stands for MLServer, Triton or KServe, asks nobody who he is, and listens on loopback only: the gateway is the way in.

Usage: python server.py [PORT]
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "iris"
INPUT = {
    "name": "flower",
    "datatype": "FP64",
    "shape": [-1, 4],
}  # sepal length and width, petal length and width, in cm
CENTRES = {"setosa": (1.46, 0.25), "versicolor": (4.26, 1.33), "virginica": (5.55, 2.03)}  # of petals (Fisher 1936)


def probabilities(flower: list[float]) -> list[float]:
    """Of each kind, by the distance from its centre."""
    length, width = flower[2:]
    near = [1 / (0.01 + (length - x) ** 2 + (width - y) ** 2) for x, y in CENTRES.values()]
    return [round(value / sum(near), 6) for value in near]


def numbers(data: Any) -> Iterator[float]:
    """What a tensor holds, in a row or nested as its shape is."""
    for item in data:
        if isinstance(item, list):
            yield from numbers(item)
        else:
            yield float(item)


def flowers_of(body: bytes, json_length: int) -> list[list[float]]:
    """Those of a request: as JSON, or as binary data behind it. Raises ValueError, KeyError and the like for what is none."""
    tensor = json.loads(body[:json_length])["inputs"][0]
    rows, columns = tensor["shape"]
    if "data" in tensor:
        found = list(numbers(tensor["data"]))
    else:
        size = tensor["parameters"]["binary_data_size"]
        found = list(struct.unpack(f"<{rows * columns}d", body[json_length : json_length + size]))
    if columns != INPUT["shape"][1] or len(found) != rows * columns:
        raise ValueError(f"expected four lengths for each of {rows} flowers")
    return [found[n * columns : (n + 1) * columns] for n in range(rows)]


class Server(BaseHTTPRequestHandler):
    """The part of the protocol that the example needs."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Health and metadata."""
        if self.path.startswith("/v2/health/"):
            self.answer(200, {})
        elif self.path == f"/v2/models/{MODEL}":
            self.answer(200, {"name": MODEL, "platform": "example", "inputs": [INPUT], "outputs": []})
        else:
            self.answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        """Inference, and loading, which anybody may ask for who gets here."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == f"/v2/models/{MODEL}/infer":
            try:
                flowers = flowers_of(body, int(self.headers.get("inference-header-content-length") or len(body)))
            except (ValueError, KeyError, IndexError, TypeError, struct.error) as error:
                self.answer(400, {"error": f"this is no request of the model: {error}"})
                return
            data = [p for flower in flowers for p in probabilities(flower)]
            output = {"name": "kind", "datatype": "FP64", "shape": [len(flowers), len(CENTRES)], "data": data}
            self.answer(200, {"model_name": MODEL, "outputs": [output]})
        elif self.path.startswith("/v2/repository/"):
            self.answer(200, {})
        else:
            self.answer(404, {"error": "not found"})

    def answer(self, status: int, said: Any) -> None:
        """JSON."""
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """The gateway writes the log."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 8080), Server).serve_forever()
