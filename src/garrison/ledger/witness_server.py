"""A witness over HTTP (C2SP tlog-witness): `POST /add-checkpoint` to cosign, `GET /<origin hash>/checkpoint` for monitors."""

from __future__ import annotations

import logging
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from garrison.errors import LedgerError
from garrison.ledger.web import cut
from garrison.ledger.witness import MOST_BYTES, Answer, RefusedError, Witness

_MOST_CONNECTIONS = 64
_IDLE_S = 10  # between two packets
_LIFE_S = 60  # of a connection, whatever is sent over it
_LENGTH = re.compile(r"[0-9]{1,7}", re.ASCII)
_HELD = re.compile(r"/([0-9a-f]{64})/checkpoint")
_TEXT = "text/plain; charset=utf-8"
_log = logging.getLogger(__name__)


class WitnessServer(ThreadingHTTPServer):
    """Answers at `host:port`; port 0 takes a free one, which `url` then tells."""

    daemon_threads = False  # they are ended, and waited for, when the server is closed
    request_queue_size = 64

    def __init__(self, witness: Witness, host: str = "127.0.0.1", port: int = 0) -> None:
        self.witness = witness
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._room = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self._open: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()[:2]
        return host, port

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """One more than there is room for is turned away, so that those who send nothing cannot use up all threads."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        connection = request if isinstance(request, socket.socket) else request[1]
        end = threading.Timer(_LIFE_S, cut, [connection])
        end.daemon = True
        end.start()
        self._open.add(connection)
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._open.discard(connection)
            self._room.release()

    def server_close(self) -> None:
        for connection in tuple(self._open):
            cut(connection)
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Told with its traceback: a connection that broke, or a defect."""
        del request
        _log.warning("a connection from %s ended with an error", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """One connection, which may ask several times."""

    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version = "garrison"
    sys_version = ""
    timeout = _IDLE_S

    def do_POST(self) -> None:
        """Judge a checkpoint."""
        length = self.headers.get("Content-Length", "")
        if not _LENGTH.fullmatch(length) or int(length) > MOST_BYTES:
            self.close_connection = True  # its body is not read
            self._answer(413 if length else 411, f"a body of at most {MOST_BYTES:,} bytes, with its length\n")
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return
        if self.path != "/add-checkpoint":
            self._answer(404, "add-checkpoint is the only call\n")
            return
        try:
            cosignature = self.server.witness.add_checkpoint(body)
        except RefusedError as error:
            _log.warning("refused with %d: %s", error.answer, error.message)
            if error.answer is Answer.OTHER_SIZE:
                self._answer(error.answer, f"{error.size}\n", "text/x.tlog.size")
            else:
                self._answer(error.answer, f"{error.message}\n")
        except LedgerError as error:
            _log.error("not cosigned: %s", error)
            self._answer(503, "this witness cannot cosign now\n")
        else:
            self._answer(200, str(cosignature))

    def do_GET(self) -> None:
        """The newest cosigned checkpoint."""
        asked = _HELD.fullmatch(self.path)
        found = self.server.witness.checkpoint(asked[1]) if asked else None
        if found is None:
            self._answer(404, "nothing was cosigned under this address\n")
        else:
            self._answer(200, found)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        _log.info("%s %s", self.address_string(), format % args)

    def _answer(self, status: int, body: str | bytes, media: str = _TEXT) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
