"""What must not be said of a queue, and how it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.gateway.batch import users

from garrison.errors import ConfigError
from garrison.gateway.batch.judge import Judge
from garrison.gateway.certificates.authority import make
from garrison.gateway.file import batch, rules
from garrison.gateway.file.read import read
from garrison.gateway.run.recording import digest_of

FILE = """\
[listener.local]
address = "127.0.0.1:1"

[upstream.server]
protocol = "open-inference"
url = "http://127.0.0.1:8080"

[identity.keys]

[batch]
url = "tls://nats.internal:4222"
"""


def held(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    loaded = read(path)
    rules.hold(loaded)
    batch.hold(loaded)
    return path


def said(tmp_path: Path, more: str, url: str = "tls://nats.internal:4222") -> str:
    with pytest.raises(ConfigError) as caught:
        held(tmp_path, FILE.replace("tls://nats.internal:4222", url) + more)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_a_right_queue_is_held(tmp_path: Path) -> None:
    make(tmp_path, ["127.0.0.1"], [])
    held(tmp_path, FILE + 'requests = "in_1"\naccepted = "out-1"\nca = "ca.pem"\nlog = "batch.jsonl"\n')


def test_streams_that_are_one(tmp_path: Path) -> None:
    assert said(tmp_path, 'accepted = "requests"\n') == snapshot(
        """\
gateway.toml:12  batch.accepted: requests is the one of requests too
  name three streams that differ: what is written to one is not to be read from it again\
"""
    )
    assert said(tmp_path, 'requests = "a"\nrefused = "a"\n').startswith("gateway.toml:13  batch.refused: a is ")


def test_streams_that_nats_does_not_allow(tmp_path: Path) -> None:
    assert said(tmp_path, 'requests = "a.b"\n') == snapshot("""\
gateway.toml:12  batch.requests: not of the right form
  The stream that producers write to, as REQUESTS.MODEL; no dots.\
""")
    for name in ("a*", ">", "a b", "", "é", "a" * 129, "$JS"):
        assert said(tmp_path, f'requests = "{name}"\n').startswith("gateway.toml:12  batch.requests: ")


def test_files_that_are_not_there_or_something_else(tmp_path: Path) -> None:
    assert said(tmp_path, 'ca = "ca.pem"\n') == snapshot("""\
gateway.toml:12  batch.ca: ca.pem: no such file or directory
  paths are from the folder of this file\
""")
    assert said(tmp_path, 'credentials = "garrison.creds"\n') == snapshot("""\
gateway.toml:12  batch.credentials: garrison.creds: no such file or directory
  paths are from the folder of this file\
""")
    (tmp_path / "garrison.creds").write_text("x")
    (tmp_path / "ca.pem").write_text("x")
    assert said(tmp_path, 'ca = "ca.pem"\n') == snapshot("""\
gateway.toml:12  batch.ca: ca.pem holds no certificate
  name a file in PEM (-----BEGIN CERTIFICATE-----)\
""")
    assert said(tmp_path, 'credentials = "garrison.creds"\n') == snapshot("""\
gateway.toml:12  batch.credentials: garrison.creds: it holds no user JWT
  name a credentials file of a user, as nsc generate creds writes it\
""")


def test_addresses_and_feeds_that_cannot_be(tmp_path: Path) -> None:
    assert said(tmp_path, "", "tls://nats.internal:99999") == snapshot("""\
gateway.toml:11  batch.url: tls://nats.internal:99999 names no host and port
  write tls://HOST:PORT\
""")
    assert said(tmp_path, "", "nats://:4222").startswith("gateway.toml:11  batch.url: ")
    (tmp_path / "ca.pem").write_text("x")
    assert said(tmp_path, 'ca = "ca.pem"\n', "nats://a:4222") == snapshot("""\
gateway.toml:12  batch.ca: a nats URL has no certificate
  write tls:// in url\
""")
    assert said(tmp_path, 'log = "state/../state/audit.jsonl"\n') == snapshot("""\
gateway.toml:12  batch.log: state/../state/audit.jsonl is the gateway's own audit feed
  name another file\
""")


def test_plaintext_over_the_network_is_warned_of(tmp_path: Path) -> None:
    def warned(url: str) -> list[str]:
        return batch.warnings(read(held(tmp_path, FILE.replace("tls://nats.internal:4222", url))))

    for url in ("tls://nats.internal:4222", "nats://127.0.0.1:4222", "nats://[::1]:4222", "nats://localhost:4222"):
        assert warned(url) == []
    (warning,) = warned("nats://nats.internal:4222")
    assert warning == "the queue at nats://nats.internal:4222 takes plaintext: keys and data can be read on the way"


def test_the_guard_holds_the_same(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(FILE + 'accepted = "requests"\n')
    with pytest.raises(ConfigError, match=r"batch\.accepted"):
        Judge(read(path))


def test_credentials_are_renewed_without_a_decision(tmp_path: Path) -> None:
    """As certificates are: the ledger is told of no change. Who signs the server's is one."""
    make(tmp_path, ["127.0.0.1"], [])
    credentials, authority = tmp_path / "garrison.creds", tmp_path / "ca.pem"
    credentials.write_text(users.operator().credentials(["a"], ["b"]))
    loaded = read(held(tmp_path, FILE + 'credentials = "garrison.creds"\nca = "ca.pem"\n'))
    assert {credentials, authority} <= set(rules.watched(loaded))
    before = digest_of(loaded)
    credentials.write_text(users.operator().credentials(["a"], ["b"]))
    assert digest_of(loaded) == before
    authority.write_bytes(authority.read_bytes() * 2)
    assert digest_of(loaded) != before
