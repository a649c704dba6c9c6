"""Events on their way out: all of them, also where a destination is away, hangs, or refuses."""

from __future__ import annotations

import base64
import gzip
import hmac
import random
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from tests.watch.judge.conftest import Put, refused

from garrison.errors import BusyError, ConfigError
from garrison.watch.export.destination import any_destination, faults
from garrison.watch.export.export import Export
from garrison.watch.export.kinds import file, otlp, syslog, webhook
from garrison.watch.store.client import Node, connected
from garrison.watch.store.guard import Role

pytestmark = pytest.mark.slow


class Receiver:
    """A server that takes what it is sent, unless it is told not to."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.answers.pop(0) if receiver.answers else 200
                if status == 200:
                    receiver.taken.append((dict(self.headers.items()), body))
                self.send_response(status)
                if status == 302:
                    self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def uids(self) -> list[str]:
        lines = [line for _, body in self.taken for line in gzip.decompress(body).splitlines()]
        return [msgspec.json.decode(line)["metadata"]["uid"] for line in lines]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    with connected(node.folder, Role.READER) as found:
        yield found


def export(tmp_path: Path, settings: Any) -> Export:
    made = Export(settings, tmp_path / "exports", lambda name: tmp_path / name)
    made._next = 0.0
    return made


def test_each_batch_is_carried_on_and_signed(tmp_path: Path, client: Client, put: Put, receiver: Receiver) -> None:
    key = b"twenty-four bytes or more"
    (tmp_path / "secret").write_text("whsec_" + base64.b64encode(key).decode())
    (tmp_path / "secret").chmod(0o600)
    settings = webhook.Settings(name="siem", url=receiver.url, since="1d", secret_file="secret")
    put([refused(n) for n in range(3)])
    one = export(tmp_path, settings)
    assert one.look(client) == 3
    assert one.look(client) == 0
    put([refused(n) for n in range(3, 5)])
    assert export(tmp_path, settings).look(client) == 2  # another process goes on
    assert receiver.uids() == [f"r{n}-eve" for n in range(5)]
    headers, body = receiver.taken[0]
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(hmac.digest(key, said, 'sha256')).decode()}"
    assert receiver.taken[0][0]["webhook-id"] != receiver.taken[1][0]["webhook-id"]


def test_from_now_on_where_nothing_else_is_said_and_only_what_a_filter_finds(
    tmp_path: Path,
    client: Client,
    put: Put,
    receiver: Receiver,
) -> None:
    put([refused(1), refused(2, client="bob")])
    settings = webhook.Settings(name="bobs", url=receiver.url, since="1d", filter="actor_user=bob")
    assert export(tmp_path, settings).look(client) == 1
    assert receiver.uids() == ["r2-bob"]
    later = export(tmp_path, webhook.Settings(name="later", url=receiver.url))
    assert later.position.stored_s > 0


@pytest.mark.parametrize("status", [503, 302, 400])
def test_what_is_not_taken_is_tried_again(
    tmp_path: Path,
    client: Client,
    put: Put,
    receiver: Receiver,
    status: int,
) -> None:
    put([refused(n) for n in range(2)])
    one = export(tmp_path, webhook.Settings(name="siem", url=receiver.url, since="1d"))
    receiver.answers = [status]
    assert one.look(client) == 0
    assert f"answers {status}" in one.failed
    assert one.look(client) == 0  # it waits
    one._next = 0.0
    assert one.look(client) == 2
    assert one.failed == ""


def test_whenever_it_ends_everything_is_taken_once_or_again_under_the_same_name(
    tmp_path: Path,
    client: Client,
    put: Put,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice, total = random.Random(3), 0
    settings = webhook.Settings(name="siem", url=receiver.url, since="1d")
    for number in range(20):
        some = dice.randrange(1, 4)
        put([refused(total + n) for n in range(some)])
        total += some
        one = export(tmp_path, settings)
        if number % 2:
            receiver.answers = [dice.choice([200, 500])]
        if number % 3 == 1:  # it ends behind the answer, before it is noted
            monkeypatch.setattr(one, "_write", lambda: (_ for _ in ()).throw(BusyError("ended")))
        one.look(client)
    receiver.answers = []
    assert export(tmp_path, settings).look(client) >= 0
    assert set(receiver.uids()) == {f"r{n}-eve" for n in range(total)}
    by_name: dict[str, bytes] = {}
    for headers, body in receiver.taken:
        assert by_name.setdefault(headers["webhook-id"], body) == body


def test_what_cannot_be_sent_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    (tmp_path / "short").write_text("whsec_x")
    (tmp_path / "short").chmod(0o600)
    exports = [
        file.Settings(name="fine", path="out/events.jsonl"),
        webhook.Settings(name="plain", url="http://lake.example/in"),
        webhook.Settings(name="unsigned", url="https://lake.example/in", secret_file="short"),
        otlp.Settings(name="nameless", url="https://lake.example/v1/logs", headers={"x-api-key": "NOT_SET"}),
        syslog.Settings(name="open", host="siem.example", security="tcp"),
        syslog.Settings(name="distrusted", host="siem.example", ca="none.pem"),
    ]
    found = [text.partition(" carries nothing: ") for text in faults(exports, lambda name: tmp_path / name)]
    assert [(who, why.partition(":")[0]) for who, _, why in found] == [
        ("export plain", "export plain"),
        ("export unsigned", "export unsigned"),
        ("export nameless", "export nameless"),
        ("export open", 'export open would send in plaintext; write security = "tls", or insecure = true where the network is trusted'),
        ("export distrusted", "certificates cannot be read"),
    ]  # fmt: skip


def test_a_file_is_appended_to_and_begun_anew_when_it_is_large(tmp_path: Path) -> None:
    settings = file.Settings(name="f", path="out/events.jsonl", rotate_mb=1, keep=2)
    for _ in range(6):
        file.send(settings, "b", [refused(n) for n in range(400)], lambda name: tmp_path / name)
    found = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert found == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"]
    assert all(
        msgspec.json.decode(line)["class_uid"] == 6003
        for line in (tmp_path / "out/events.jsonl").read_bytes().splitlines()
    )


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(BusyError, match="export f"):
        file.send(file.Settings(name="f", path="/dev/full"), "b", [refused(1)], Path)


def test_otlp_is_taken_by_a_receiver_of_it(tmp_path: Path, receiver: Receiver) -> None:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    otlp.send(otlp.Settings(name="o", url=receiver.url + "v1/logs"), "b", [refused(1)], Path)
    ((headers, body),) = receiver.taken
    assert headers["Content-Type"] == "application/x-protobuf"
    said = ExportLogsServiceRequest.FromString(gzip.decompress(body))
    assert said.resource_logs[0].scope_logs[0].log_records[0].severity_text == "INFORMATIONAL"


def test_nothing_goes_over_a_network_in_plaintext_unless_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="plaintext"):
        syslog.send(syslog.Settings(name="s", host="siem.example.com", security="tcp"), "b", [refused(1)], Path)
    with pytest.raises(ConfigError, match="export w"):
        webhook.send(webhook.Settings(name="w", url="http://siem.example.com/"), "b", [refused(1)], Path)
    with pytest.raises(BusyError, match="not reached"):
        syslog.send(syslog.Settings(name="s", host="127.0.0.1", port=1, security="tcp"), "b", [refused(1)], Path)


def test_settings_are_told_apart_by_their_type() -> None:
    said = {"type": "webhook", "name": "siem", "url": "https://siem.example.com/x", "form": "ecs"}
    found = msgspec.convert(said, any_destination())
    assert isinstance(found, webhook.Settings)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**said, "urll": 1}, any_destination())
