"""What is sent over the network."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from garrison.errors import LedgerError, UnreachedError
from garrison.ledger.web import checked_url, send


@pytest.mark.parametrize(
    "url", ["https://a.example/x?y=1", "http://127.0.0.1:1/", "http://[::1]/a", "http://localhost", "http://127.9.9.9"]
)
def test_addresses(url: str) -> None:
    assert checked_url(url).hostname


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://a.example/", "is not https"),
        ("http://10.0.0.1/", "is not https"),
        ("http://127.0.0.1.example/", "is not https"),
        ("http://localhost.example/", "is not https"),
        ("ftp://127.0.0.1/", "is not https"),
        ("file:///etc/passwd", "no address"),
        ("//a.example", "is not https"),
        ("", "no address"),
        ("https://", "no address"),
        ("https://a:b@a.example/", "no password"),
        ("https://a.example:99999/", "no address"),
        ("https://[::1/", "no address"),
        ("https://a.example/\r\nX: y", "no address"),
        ("https://a.example/ b", "no address"),
    ],
)
def test_addresses_that_are_none(url: str, why: str) -> None:
    with pytest.raises(LedgerError, match=why):
        checked_url(url)


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """A server that says these bytes, whatever it is asked; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> str:
        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(5)
                connection.recv(65536)
                connection.sendall(answer)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    for thread in threads:
        thread.join(10)
    listener.close()


def test_an_answer(answering: Callable[[bytes], str]) -> None:
    answer = send("GET", answering(b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nhi"))
    assert (answer.status, answer.body) == (200, b"hi")


def test_redirects_are_not_followed(answering: Callable[[bytes], str]) -> None:
    assert (
        send("GET", answering(b"HTTP/1.1 302 Found\r\nLocation: http://a.example/\r\nContent-Length: 0\r\n\r\n")).status
        == 302
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + bytes(300_000),
    ],
)
def test_answers_that_are_none(answering: Callable[[bytes], str], answer: bytes) -> None:
    with pytest.raises(UnreachedError, match="was not reached"):
        send("GET", answering(answer))


def test_an_answer_that_does_not_come() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(UnreachedError, match="was not reached"):
        send("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=0.1)


def test_an_answer_that_comes_byte_by_byte() -> None:
    """Each byte in time, the whole never."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while True:
                connection.sendall(b"x")
                time.sleep(0.02)

    thread = threading.Thread(target=serve)
    thread.start()
    with pytest.raises(UnreachedError, match="was not reached"):
        send("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout_s=0.3)
    thread.join(10)
    listener.close()
