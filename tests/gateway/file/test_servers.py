"""Servers that the gateway connects to: what is refused of them, and what is told at each start."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner

from garrison.cli import program
from garrison.errors import ConfigError
from garrison.gateway.file import rules, servers
from garrison.gateway.file.read import read
from garrison.gateway.planning import planned

FILE = """\
[listener.local]
address = "127.0.0.1:8080"

[upstream.server]
protocol = "open-inference"
URL
"""
LOCAL = 'url = "http://127.0.0.1:8000"'
SECRET = "hunter2"


def made(folder: Path, url: str = LOCAL, more: str = "") -> Path:
    path = folder / "gateway.toml"
    path.write_text(FILE.replace("URL", url) + more)
    (folder / "x.pem").write_text("")
    return path


@pytest.mark.parametrize(
    ("url", "more", "said"),
    [
        ('url = "http://10.0.0.5:8000"\ntls = { ca = "x.pem", server-name = "x" }', "", "7  upstream.server.tls: it would not be used: the URL is one of plaintext\n  write https:// in url, or take it out"),
        (LOCAL + "\ntls = {}", "", "7  upstream.server.tls: it would not be used"),
        (LOCAL, '[limits.service]\nurl = "http://h:1"\ntls = { ca = "x.pem" }', "9  limits.service.tls: it would not be used"),
        ('url = "https://h"\ntls = { certificate = "x.pem" }', "", "7  upstream.server.tls.certificate: certificate without key\n  add key"),
        ('url = "https://h"\ntls = { key = "x.pem" }', "", "7  upstream.server.tls.key: key without certificate\n  add certificate"),
        (LOCAL, '[limits.service]\nurl = "https://h:1"\ntls = { key = "x.pem" }', "9  limits.service.tls.key: key without certificate"),
    ],
)  # fmt: skip
def test_what_would_not_be_as_the_file_says_is_refused(tmp_path: Path, url: str, more: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rules.hold(read(made(tmp_path, url, more)))
    assert str(caught.value).removeprefix(f"{tmp_path}/gateway.toml:").startswith(said)


def test_a_pair_and_tls_over_https_are_taken(tmp_path: Path) -> None:
    path = made(tmp_path, 'url = "https://h"\ntls = { certificate = "x.pem", key = "x.pem", server-name = "x" }')
    servers.hold(read(path))
    assert servers.warnings(read(path)) == []


def test_plaintext_beyond_this_machine_is_told(tmp_path: Path) -> None:
    more = f"""
[upstream.near]
protocol = "openai"
url = "http://localhost:8001"
[upstream.nearer]
protocol = "torchserve"
url = "http://[::1]:8001"
[limits.service]
url = "http://limits.example.com"
[quotas.redis]
url = "redis://me:{SECRET}@redis.example.com:6379/0"
"""
    path = made(tmp_path, 'url = "http://10.0.0.5:8000"', more)
    warned = servers.warnings(read(path))
    assert set(warned) <= set(planned(read(path), dt.datetime.now(dt.UTC)).warnings)
    end = ": what goes there can be read and changed on the way"
    assert [text.removesuffix(end) for text in warned] == [
        "upstream server is spoken to in plaintext at 10.0.0.5:8000",
        "the rate-limit service is spoken to in plaintext at limits.example.com",
        "redis is spoken to in plaintext at redis.example.com:6379",
    ]


def test_check_tells_it_too(tmp_path: Path) -> None:
    done = CliRunner().invoke(program, ["gateway", "check", str(made(tmp_path, 'url = "http://10.0.0.5:8000"'))])
    assert done.exit_code == 0
    assert "warning: upstream server is spoken to in plaintext at 10.0.0.5:8000" in done.stderr
