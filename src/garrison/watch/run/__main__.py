"""`python -m garrison.watch.run FILE COPY`: serves what a watch tells of itself to Prometheus, where `[watch] metrics` says."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from garrison.watch.file.read import Loaded
from garrison.watch.receive.listen import place
from garrison.watch.run.process import begin
from garrison.watch.run.status import as_prometheus, status


def _work(loaded: Loaded, ended: threading.Event) -> None:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = "\n".join([*as_prometheus(status(loaded)), ""]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing of who looks."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    host, port, _ = place(loaded.watch.watch.metrics)
    with Server((host, port), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        while not ended.wait(1):
            pass
        server.shutdown()


if __name__ == "__main__":
    begin(_work)
