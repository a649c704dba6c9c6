"""The guard before a server that lets nobody in without a token, over TLS, with no more rights than the docs ask for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.gateway.batch import users
from tests.gateway.batch.conftest import connected, ended, guarding, lines, serving, streams
from tests.gateway.batch.users import Operator

from garrison.errors import ConfigError
from garrison.gateway.batch.credentials import connecting
from garrison.gateway.certificates.authority import make

if TYPE_CHECKING:
    from tests.gateway.batch.conftest import Place

INBOX = "_INBOX.>"
GUARD = [
    "accepted.>",
    "refused.>",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.CREATE.*",
    "$JS.API.STREAM.MSG.GET.requests",
    "$JS.API.STREAM.MSG.DELETE.requests",
]
GOOD = b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.5]}]}'


class Closed:
    """A server over TLS that lets in who has a token of its operator."""

    def __init__(self, port: int, operator: Operator, folder: Path) -> None:
        self.port, self.operator, self.folder = port, operator, folder

    def guarded(self, place: Place, more: str = 'credentials = "garrison.creds"\nca = "nats/ca.pem"\n') -> None:
        """Have the gateway file speak of this server."""
        place.file.write_text(place.file.read_text().replace("nats://", "tls://") + more)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Closed]:
    folder, operator = tmp_path / "nats", users.operator()
    make(folder, ["127.0.0.1"], [])
    tls = f'tls {{ cert_file: "{folder}/server.pem", key_file: "{folder}/server.key" }}'
    with serving(folder, f"{tls}\n{operator.settings}") as port:
        yield Closed(port, operator, folder)


@pytest.mark.slow
def test_a_guard_with_credentials_over_tls(place: Place, closed: Closed, tmp_path: Path) -> None:
    (tmp_path / "garrison.creds").write_text(closed.operator.credentials(GUARD, [INBOX]))
    producer = tmp_path / "producer.creds"
    producer.write_text(closed.operator.credentials(["requests.>", "$JS.API.STREAM.INFO.*"], [INBOX]))
    trusted = ssl.create_default_context(cafile=closed.folder / "ca.pem")

    async def run() -> dict[str, int]:
        async with connected(closed.port, tls=trusted, **connecting(producer)) as (_, stream):
            await streams(stream)
            await stream.publish("requests.iris", GOOD, headers={"x-api-key": place.keys.ada})
            await stream.publish("requests.iris", GOOD)
            return await ended(stream, 2)

    closed.guarded(place)
    with guarding(place, closed.port):
        found = asyncio.run(run())
    assert found == {"requests": 0, "accepted": 1, "refused": 1}
    assert [line["decision"] for line in lines(place)] == ["allow", "deny"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"ca": "nats/ca.pem"}, "authorization violation"),
        ({"credentials": "garrison.creds"}, "certificate verify failed"),
        ({"credentials": "other.creds", "ca": "nats/ca.pem"}, "permissions violation for publish to"),
    ],
)
def test_what_does_not_let_the_guard_in_is_told(
    place: Place, closed: Closed, tmp_path: Path, said: dict[str, str], why: str
) -> None:
    (tmp_path / "garrison.creds").write_text(closed.operator.credentials(GUARD, [INBOX]))
    (tmp_path / "other.creds").write_text(closed.operator.credentials(["other"], [INBOX]))
    closed.guarded(place, "".join(f'{key} = "{value}"\n' for key, value in said.items()))
    with guarding(place, closed.port) as process:
        assert process.stderr
        told = next(line for line in process.stderr if line.startswith("messages wait: "))
    assert why in told.lower()


def test_what_is_no_credentials_file(tmp_path: Path) -> None:
    path, good = tmp_path / "garrison.creds", users.operator().credentials(["a"], ["b"])
    seed = good.splitlines()[5]
    for text, why in (
        ("", "no user JWT"),
        (good[: good.index("-----BEGIN USER")], "no user seed"),
        (good.replace(seed, "!"), "not in base32"),
        (good.replace(seed, seed[:-3] + "AAA"), "damaged"),
        (good.replace(seed, seed[:-8]), "damaged"),
        (good.replace(seed, users.new("account").seed), "not that of a user"),
        ("-----BEGIN NATS USER JWT-----\n" * 100_000, "no user JWT"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=why):
            connecting(path)
    path.write_text(good.replace("\n", "\r\n"))
    assert connecting(path)
