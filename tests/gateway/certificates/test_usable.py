"""Certificates that cannot be used are told before they are shown."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from garrison.errors import ConfigError
from garrison.gateway.certificates import usable
from garrison.gateway.certificates.authority import make
from garrison.gateway.file.read import Loaded, read

NOW = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)  # what a test makes later has begun then, too


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    make(tmp_path, [], [])
    (tmp_path / "gateway.toml").write_text(
        '[listener.a]\naddress = "127.0.0.1:8443"\ntls = { certificate = "server.pem", key = "server.key" }\n'
        '[upstream.b]\nprotocol = "open-inference"\nurl = "http://127.0.0.1:1"\n'
    )
    return read(tmp_path / "gateway.toml")


def said(loaded: Loaded, now: dt.datetime = NOW) -> str:
    with pytest.raises(ConfigError) as caught:
        usable.hold(loaded, now)
    return str(caught.value).replace(f"{loaded.path.parent}/", "")


def test_what_is_right_is_only_warned_of_when_it_ends(loaded: Loaded) -> None:
    assert usable.hold(loaded, NOW) == []
    (warning,) = usable.hold(loaded, NOW + dt.timedelta(days=80))
    assert warning.startswith("server.pem ends on ")


def test_one_that_has_ended_or_not_begun(loaded: Loaded) -> None:
    ended = NOW + dt.timedelta(days=91)
    assert "server.pem ended on" in said(loaded, ended)
    assert "server.pem begins on" in said(loaded, NOW - dt.timedelta(days=2))


def test_a_key_of_another(loaded: Loaded) -> None:
    folder = loaded.path.parent
    (folder / "server.key").write_bytes((folder / "ca.key").read_bytes())
    assert said(loaded) == snapshot("""\
gateway.toml:3  listener.a.tls.key: server.key is not the key of server.pem
  name the two that were made together\
""")
    (folder / "server.key").write_text("nothing")
    assert "server.key is no private key" in said(loaded)


def test_what_is_no_certificate(loaded: Loaded) -> None:
    (loaded.path.parent / "server.pem").write_bytes(b"\x00\xff")
    assert said(loaded) == snapshot("""\
gateway.toml:3  listener.a.tls.certificate: server.pem holds no certificate
  name a file in PEM (-----BEGIN CERTIFICATE-----)\
""")
