"""Senders that mean harm: they are told so, and the next one is served."""

from __future__ import annotations

import contextlib
import gzip
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.watch.receive.conftest import Kept, serving
from tests.watch.receive.inputs.test_http import curl, lines, uids

from garrison.watch.receive.input import Count
from garrison.watch.receive.inputs import http, otlp

LOG = "garrison-gateway"


@contextlib.contextmanager
def asked(port: int, head: str, body: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), 20) as made:
        made.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + body)
        yield made


def answered(made: socket.socket) -> str:
    """The whole answer, until the connection is closed."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while data := made.recv(65536):
            found += data
    return found.decode()


def test_a_length_that_is_a_lie(kept: Kept) -> None:
    with serving(http, kept.around, log=LOG) as port:
        with asked(port, "Content-Length: 100000", lines(3)) as made:
            made.shutdown(socket.SHUT_WR)
            assert " 200 " not in answered(made)
        with asked(port, "Content-Length: 10", lines(1)) as made:
            assert " 200 " not in answered(made)
        for head in ("Content-Length: -1", "Content-Length: 9\r\nTransfer-Encoding: chunked", "Content-Length: 1e3"):
            with asked(port, head, lines(1)) as made:
                assert " 400 " in answered(made)
        with asked(port, "Transfer-Encoding: chunked", b"zz\r\n" + lines(1)) as made:
            assert " 400 " in answered(made)
        assert curl(port, lines(1))[0] == 200
    assert uids(kept)[-1] == "r0"


def test_who_trickles_is_let_go(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("garrison.watch.receive.body._PATIENCE_S", 0.1)
    monkeypatch.setattr("garrison.watch.receive.web._LINGER_S", 0.1)
    with serving(http, kept.around, log=LOG) as port, asked(port, "Content-Length: 5", b"x") as made:
        assert " 408 " in answered(made)


@pytest.mark.parametrize("head", ["X-Slow: 1", "Content-Length: 0\r\n\r\nPOST / HT"])
def test_who_never_ends_its_headers_is_let_go(kept: Kept, monkeypatch: pytest.MonkeyPatch, head: str) -> None:
    monkeypatch.setattr("garrison.watch.receive.web._IDLE_S", 0.1)
    with serving(http, kept.around, log=LOG) as port, socket.create_connection(("127.0.0.1", port), 20) as made:
        made.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{head}".encode())
        assert answered(made).count("HTTP/1.1") == head.count("POST")


def test_headers_without_end(kept: Kept) -> None:
    with serving(http, kept.around, log=LOG) as port:
        with asked(port, f"X-Long: {'x' * 100_000}") as made:
            assert " 400 " in answered(made)
        with asked(port, "\r\n".join(f"X-{n}: 1" for n in range(1000))) as made:
            assert " 400 " in answered(made)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_what_unpacks_to_more_than_logs_do(kept: Kept, coding: str) -> None:
    bomb = bytes(20 << 20)
    packed = gzip.compress(bomb) if coding == "gzip" else pytest.importorskip("backports.zstd").compress(bomb)
    with serving(http, kept.around, log=LOG) as port:
        status, said = curl(port, packed, "-H", f"Content-Encoding: {coding}")
    assert (status, said) == (413, {"error": "it unpacks to more than 200 times its size"})


def test_a_pack_that_changes_in_the_middle(kept: Kept) -> None:
    packed = bytearray(gzip.compress(lines(5000)))
    packed[len(packed) // 2] ^= 0xFF
    with serving(http, kept.around, log=LOG) as port:
        assert curl(port, bytes(packed), "-H", "Content-Encoding: gzip")[0] == 400
        assert curl(port, zlib.compress(b"x"), "-H", "Content-Encoding: gzip")[0] == 400
        assert curl(port, b"", "-H", "Content-Encoding: gzip") == (200, {"events": 0, "quarantined": 0})


def test_more_requests_than_may_be(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("garrison.watch.receive.web._AT_ONCE", 1)
    with serving(http, kept.around, log=LOG) as port, asked(port, "Content-Length: 5", b"x"):
        with asked(port, "Content-Length: 1\r\nConnection: close", b"\n") as made:
            said = answered(made)
        assert " 429 " in said
        assert "Retry-After: 1" in said
        assert kept.intake.counts["here", Count.REFUSED] == 1


def test_more_memory_than_there_may_be(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("garrison.watch.receive.inputs.otlp._HELD_BYTES", 1000)
    kind = ("-H", "Content-Type: application/x-protobuf")
    with serving(otlp, kept.around) as port:
        command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *kind, "--data-binary", "@-", f"http://127.0.0.1:{port}/v1/logs"]  # fmt: skip
        for data, status in ((bytes(2000), b"429"), (b"", b"200")):
            assert subprocess.run(command, input=data, capture_output=True, check=True).stdout == status


def test_a_flood_of_senders(kept: Kept) -> None:
    """All of them are told, and all that was acknowledged is there."""
    told: list[int] = []

    def run(number: int, port: int) -> None:
        told.extend(curl(port, lines(200, number * 10_000 + n * 1000))[0] for n in range(5))

    with serving(http, kept.around, log=LOG) as port:
        threads = [threading.Thread(target=run, args=(number, port)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert told == [200] * 60
    assert len(set(uids(kept))) == 60 * 200


MEMORY = """
import resource, sys
from pathlib import Path
from tests.watch.receive.conftest import Kept, serving
from tests.watch.receive.inputs.test_http import curl
from garrison.watch.receive.inputs import http

kept = Kept(Path(sys.argv[1]))
with serving(http, kept.around, log="garrison-gateway", **{"most-mb": 200}) as port:
    curl(port, b"x\\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    import subprocess
    made = subprocess.Popen(
        ["curl", "-sS", "-T", "-", "-X", "POST", f"http://127.0.0.1:{port}/"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    for _ in range(100):
        made.stdin.write(b"y" * (1 << 20))
    said = made.communicate(b"\\n")[0].decode()
    print(said, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
kept.close()
"""


@pytest.mark.slow
def test_a_line_of_100_megabytes_needs_little_memory(tmp_path: Path) -> None:
    top = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path)], cwd=top, capture_output=True, text=True, check=True, timeout=120
    )
    said, _, grown_kb = done.stdout.strip().rpartition(" ")
    assert said == '{"events":0,"quarantined":100}'
    assert int(grown_kb) < 40_000
