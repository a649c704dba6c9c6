"""The model's name in gRPC messages, held against the official parser of protobuf and the clients' own descriptors."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import lupa.luajit21
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import garrison.gateway.protocols.protocol as module
from garrison.gateway.protocols.protocol import protocol
from garrison.gateway.protocols.route import ModelIn

SOURCE = Path(module.__file__).with_name("message.lua")
Reads = Callable[[str, int], str | tuple[None, str]]  # the name, or None and why it is refused
Server = Callable[[bytes], str | None]
IRIS = b"\x0a\x04iris"
SECRET = b"\x0a\x06secret"
# To Envoy's grpc_field_extraction the field 1 of this message is "iris", and field 7 something that it skips; to a
# server it is the number 4 under field 1 (of no use to it), eight bytes under field 13, and "secret" under field 1.
TWO_FACED = b"\x08\x04iris\x3a\x0b" + b"pad" + SECRET


@pytest.fixture(scope="module")
def read() -> Reads:
    lua = lupa.luajit21.LuaRuntime(encoding="latin-1")
    return lua.execute(f"{SOURCE.read_text()} return MODEL_OF_MESSAGE")  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def server(peer_python: Path) -> Iterator[Server]:
    """What a server makes of a message: the model's name, or None where it cannot be parsed."""
    program = Path(__file__).parents[2] / "peers" / "read_messages.py"
    pipe = subprocess.PIPE
    with subprocess.Popen([peer_python, program], stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        assert process.stdin
        assert process.stdout
        reads, writes = process.stdout, process.stdin

        def ask(message: bytes) -> str | None:
            writes.write(f"{message.hex()}\n")
            name = json.loads(reads.readline())
            assert name is None or isinstance(name, str)
            return name

        yield ask
        process.terminate()


def framed(message: bytes, flag: int = 0) -> str:
    return (bytes([flag]) + len(message).to_bytes(4) + message).decode("latin-1")


def test_the_name_is_read_among_other_fields(read: Reads) -> None:
    assert read(framed(IRIS), 1) == "iris"
    assert read(framed(b"\x12\x012" + IRIS + b"\x3a\x03abc\x40\x96\x01\x4d1234\x511234567\x38"), 1) == "iris"
    assert read(framed(b"\x0a\x04main\x12\x04iris"), 2) == "iris"


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "names no model"),
        (b"\x0a\x00", "names no model"),
        (IRIS + SECRET, "does not name one model"),
        (b"\x08\x05" + IRIS, "does not name one model"),
        (TWO_FACED, "does not name one model"),
        (b"\x0b\x0a\x04iris\x0c", "not valid"),  # a group
        (b"\x0a\x0airis", "not valid"),  # longer than the message
        (b"\x0a\xff\xff\xff\xff\x7firis", "not valid"),  # a length past 2^32
        (b"\x8a\x80\x80\x80\x80\x00\x04iris", "not valid"),  # some parsers drop what is past the fifth byte of a tag
        (b"\x8a\x80\x80\x80\x10\x04iris", "not valid"),  # or past 32 bits
        (b"\x02\x04iris", "not valid"),  # field 0
        (b"\x0f", "not valid"),  # wire type 7
        (b"\x0a", "not valid"),
    ],
)
def test_what_parsers_may_read_differently_is_refused(read: Reads, message: bytes, why: str) -> None:
    answer = read(framed(message), 1)
    assert answer[0] is None
    assert why in answer[1]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "no gRPC message"),
        ("\0\0\0\0", "no gRPC message"),
        (framed(IRIS, flag=1), "compressed"),
        (framed(IRIS) + framed(SECRET), "not one gRPC message"),
        (framed(IRIS)[:-1], "not one gRPC message"),
    ],
)
def test_a_body_that_is_not_one_plain_message_is_refused(read: Reads, body: str, why: str) -> None:
    answer = read(body, 1)
    assert answer[0] is None
    assert why in answer[1]


FIELD = st.one_of(
    st.sampled_from([IRIS, SECRET, b"\x08\x04", b"\x3a\x0b", b"\x12\x00", b"\x8a\x00", b"\x0d1234", b"\x09", b"\x7a"]),
    st.binary(max_size=4),
)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(pieces=st.lists(FIELD, max_size=8))
def test_a_name_that_is_read_is_the_one_that_a_server_reads(read: Reads, server: Server, pieces: list[bytes]) -> None:
    message = b"".join(pieces)
    name = read(framed(message), 1)
    if isinstance(name, str):
        assert server(message) in {name, None}


@pytest.mark.slow
def test_a_message_with_two_faces_names_another_model_to_the_server(read: Reads, server: Server) -> None:
    assert server(TWO_FACED) == "secret"
    assert isinstance(read(framed(TWO_FACED), 1), tuple)


@pytest.mark.slow
@pytest.mark.parametrize("of", ["triton", "mlserver"])
def test_methods_and_fields_are_those_of_the_servers(as_client: Callable[..., str], of: str) -> None:
    told = json.loads(as_client("services.py", of))
    routes = {route.path: route for route in protocol("open-inference-grpc").routes}
    mine = {path for path, route in routes.items() if not route.servers or of in route.servers}
    assert {path for path in mine if not path.startswith("/grpc.")} == told.keys()
    for path, method in told.items():
        route = routes[path]
        assert route.asks_in_stream is method["asks_in_stream"], path
        if route.model is ModelIn.MESSAGE:
            assert method["fields"][route.model_field] == route.model_number, path
