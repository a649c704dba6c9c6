"""A small model server of the Open Inference Protocol (V2): it tells kinds of iris flowers by the size of their petals.

It stands for MLServer, Triton or KServe, asks nobody who he is, and listens on loopback only: the gateway is the way in.

Usage: python server.py [PORT]
"""

from __future__ import annotations

import json
import sys
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
        asked = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or "{}")
        if self.path == f"/v2/models/{MODEL}/infer":
            tensor = asked["inputs"][0]
            rows, columns = tensor["shape"]
            flowers = [tensor["data"][n * columns : (n + 1) * columns] for n in range(rows)]
            data = [p for flower in flowers for p in probabilities(flower)]
            output = {"name": "kind", "datatype": "FP64", "shape": [rows, len(CENTRES)], "data": data}
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
