"""Syslog as rsyslog and logger send it, and as nobody should."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.watch.receive.conftest import Kept, serving, until

from garrison.errors import ConfigError
from garrison.events.event import Class
from garrison.gateway.certificates.authority import make
from garrison.watch.receive.input import Count
from garrison.watch.receive.inputs import syslog

pytestmark = pytest.mark.slow

LINE = "<13>1 2026-11-24T10:11:12Z gpu-1 train {0} - - step {0}"
TLS: dict[str, Any] = {"certificate": "server.pem", "key": "server.key", "client-ca": "ca.pem"}
BY = [
    {"program": "suricata", "log": "suricata"},
    {"facility": "kern", "text": " SRC=", "log": "firewall"},
    {"program": "audit", "log": "auditd"},
]
ALERT = '{"timestamp":"2026-11-24T10:11:12.123456+0000","event_type":"alert","src_ip":"203.0.113.9","alert":{"signature":"scan","severity":1}}'
PACKET = "[  98.765432] [UFW BLOCK] IN=eth0 OUT= MAC=00:11 SRC=203.0.113.9 DST=10.0.1.5 LEN=60 TOS=0x00 TTL=51 ID=1 DF PROTO=TCP SPT=50112 DPT=8265 WINDOW=64240 SYN URGP=0"
AUDIT = 'type=USER_LOGIN msg=audit(1795515072.123:456): pid=1 uid=0 auid=1000 msg=\'op=login acct="ann" exe="/usr/sbin/sshd" addr=203.0.113.9 res=failed\''


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    make(folder, ["127.0.0.1", "localhost"], ["spiffe://example.com/collector"])
    make(folder / "strange", ["127.0.0.1"], ["spiffe://example.com/collector"])
    return folder


@pytest.fixture
def here(kept: Kept, authority: Path, tmp_path: Path) -> Kept:
    shutil.copytree(authority, tmp_path, dirs_exist_ok=True)
    return kept


def send(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(data)


def got(kept: Kept, count: int) -> None:
    until(lambda: len(kept.events()) >= count, lambda: (kept.events()[-3:], kept.intake.counts), 20)


def test_both_framings_in_one_connection_and_what_is_wrong(kept: Kept) -> None:
    with serving(syslog, kept.around) as port:
        one, two = LINE.format(1).encode(), LINE.format(2).encode()
        send(
            port, b"%d %b" % (len(one), one) + two + b"\n" + b"\xff\0\x1b[2J\n" + two + b"\n" + LINE.format(3).encode()
        )
        got(kept, 4)
        send(port, b"99999999999 lie\n8888888888 lie")
        until(lambda: len(kept.strange) == 3, lambda: kept.strange)
    assert [event.pid for event in kept.events()] == [1, 2, 2, 3]
    assert len({event.uid for event in kept.events()}) == 4  # said twice, it happened twice


def test_a_flood_is_slowed_and_not_lost(tmp_path: Path) -> None:
    kept = Kept(tmp_path, max_bytes=100_000)
    try:
        with serving(syslog, kept.around) as port, socket.create_connection(("127.0.0.1", port)) as connection:
            connection.settimeout(1)
            line, sent = LINE.format(7).encode() + b" " + b"x" * 1000 + b"\n", 0
            with contextlib.suppress(TimeoutError):
                while sent < 100 << 20:
                    sent += connection.send(line * 100)
            assert sent < 40 << 20  # nobody reads on
            kept.spool._max_bytes = 1 << 30
            connection.shutdown(socket.SHUT_WR)
            got(kept, sent // len(line))
        assert kept.intake.counts["here", Count.LOST] == 0
        assert len(kept.events()) == sent // len(line)
    finally:
        kept.close()


def test_programs_have_formats_of_their_own(kept: Kept) -> None:
    lines = [
        f"<13>1 2026-11-24T10:11:12Z ids-1 suricata 9 - - {ALERT}",
        f"<13>Nov 24 10:11:12 ids-1 suricata[9]: @cee: {ALERT}",
        f"<4>1 2026-11-24T10:11:12Z edge-1 kernel - - - {PACKET}",
        "<4>1 2026-11-24T10:11:12Z edge-1 kernel - - - NVRM: Xid 79",
        f"<13>1 2026-11-24T10:11:12Z gpu-1 audit - - - {AUDIT}",
    ]
    with serving(syslog, kept.around, by=BY) as port:
        send(port, "\n".join(lines).encode())
        got(kept, 5)
    told = sorted((event.product, event.host, event.src_ip, int(event.class_uid)) for event in kept.events())
    assert told == [
        ("Linux audit", "gpu-1", "203.0.113.9", Class.AUTHENTICATION),
        ("Suricata EVE", "ids-1", "203.0.113.9", Class.DETECTION),
        ("Suricata EVE", "ids-1", "203.0.113.9", Class.DETECTION),
        ("firewall", "edge-1", "203.0.113.9", Class.NETWORK),
        ("syslog", "edge-1", "", Class.BASE),
    ]
    assert not kept.strange


def test_datagrams_by_logger(kept: Kept) -> None:
    with serving(syslog, kept.around, transport="udp") as port:
        for number in range(20):
            command = [
                "logger",
                "--udp",
                "--server",
                "127.0.0.1",
                "--port",
                str(port),
                "--tag",
                "train",
                f"step {number}",
            ]
            subprocess.run(command, check=True, timeout=10)
        got(kept, 20)
    assert {event.message for event in kept.events()} == {f"step {number}" for number in range(20)}


def test_datagrams_that_nobody_could_hold_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "_DATAGRAMS_BYTES", 50_000)
    kept, sent = Kept(tmp_path, max_bytes=10_000), 2_000
    try:
        with serving(syslog, kept.around, transport="udp") as port, socket.socket(type=socket.SOCK_DGRAM) as sender:
            for number in range(sent):
                sender.sendto(LINE.format(number).encode() + b"x" * 100, ("127.0.0.1", port))
            time.sleep(2)
        counts = kept.intake.counts
        assert counts["here", Count.LOST] > 0
        assert counts["here", Count.LOST] + counts["here", Count.EVENTS] == sent
    finally:
        kept.close()


def test_the_kernel_tells_what_it_dropped() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as bound, socket.socket(type=socket.SOCK_DGRAM) as sender:
        bound.bind(("127.0.0.1", 0))
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        bound.setblocking(False)
        for _ in range(200):
            sender.sendto(b"x" * 500, bound.getsockname())
        received = 0
        with contextlib.suppress(BlockingIOError):
            while bound.recv(1000):
                received += 1
        assert syslog.kernel_drops(bound.fileno()) == 200 - received > 0


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"address": "0.0.0.0:0"}, "plaintext"),
        ({"address": "0.0.0.0:0", "insecure": True}, "insecure is said of TCP"),
        ({"address": "0.0.0.0:0", "transport": "udp"}, "anybody could send datagrams"),
        ({"transport": "udp", "tls": TLS}, "no TLS"),
        ({"keys-file": "keys"}, "shows no keys"),
        ({"by": [{"log": "suricata"}]}, "says nothing"),
        ({"by": [{"log": "suricata", "facility": "none"}]}, "no facility"),
        ({"by": [{"log": "nolog", "program": "a"}]}, "no log format"),
    ],
)
def test_what_is_unsafe_does_not_begin(here: Kept, said: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why), serving(syslog, here.around, **said):
        pass


def test_insecure_datagrams_are_said_to_be(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    with serving(syslog, kept.around, address="0.0.0.0:0", transport="udp", insecure=True):
        pass
    assert "is insecure" in caplog.text


@contextlib.contextmanager
def rsyslog(folder: Path, actions: Sequence[str]) -> Iterator[Path]:
    """An rsyslog that sends what is written into a file, in its own folder."""
    work, source = folder / "rsyslog", folder / "app.out"
    work.mkdir()
    source.touch()
    config = [
        f'global(workDirectory="{work}" defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{folder}/ca.pem"',
        f'  defaultNetstreamDriverCertFile="{folder}/client-collector.pem" defaultNetstreamDriverKeyFile="{folder}/client-collector.key")',
        'module(load="imfile" mode="polling" pollingInterval="1")',
        f'input(type="imfile" file="{source}" tag="train" facility="local0" severity="info")',
        *actions,
    ]
    (folder / "rsyslog.conf").write_text("\n".join(config) + "\n")
    command = ["rsyslogd", "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "rsyslog.pid"), "-C"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield source
        finally:
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=20)
            assert b"error" not in said.lower(), said.decode()


FORWARD = 'action(type="omfwd" protocol="tcp" target="127.0.0.1" port="{port}" template="RSYSLOG_SyslogProtocol23Format" {more})'
SECURE = 'StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost" TCP_Framing="octet-counted"'


@pytest.mark.parametrize("more", ['TCP_Framing="traditional"', 'TCP_Framing="octet-counted"'])
def test_rsyslog(here: Kept, tmp_path: Path, more: str) -> None:
    with serving(syslog, here.around) as port, rsyslog(tmp_path, [FORWARD.format(port=port, more=more)]) as source:
        source.write_text("".join(f"step {number}\n" for number in range(2_000)))
        got(here, 2_000)
    assert [event.message for event in here.events()] == [f"step {number}" for number in range(2_000)]
    assert {event.process for event in here.events()} == {"train"}


def test_rsyslog_with_certificates_on_both_sides(here: Kept, tmp_path: Path) -> None:
    with (
        serving(syslog, here.around, tls={**TLS, "client-names": ["spiffe://example.com/collector"]}) as port,
        rsyslog(tmp_path, [FORWARD.format(port=port, more=SECURE)]) as source,
    ):
        source.write_text("".join(f"step {number}\n" for number in range(500)))
        got(here, 500)
    assert len(here.events()) == 500


def test_nobody_without_a_certificate_is_heard(here: Kept, tmp_path: Path) -> None:
    trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with serving(syslog, here.around, tls=TLS) as port:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as plain:
            plain.sendall(LINE.format(1).encode() + b"\n")
            plain.recv(10)
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)) as plain,
            trust.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(LINE.format(1).encode() + b"\n")
            connection.recv(10)
        until(lambda: here.intake.counts["here", Count.DENIED] == 2, lambda: here.intake.counts)
    assert not here.events()
