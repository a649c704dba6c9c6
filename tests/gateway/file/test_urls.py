"""Addresses of servers: what is no address is refused with its place, and what is taken Envoy takes too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from garrison.errors import ConfigError
from garrison.gateway.envoy.compiled import in_one_piece, written
from garrison.gateway.envoy.plan import Plan, mounts_of
from garrison.gateway.file import rules
from garrison.gateway.file.read import Loaded, read
from garrison.gateway.file.urls import fault
from garrison.gateway.run.program import find_envoy, validate

_NAMES = st.builds(
    "{}{}{}".format,
    st.lists(st.text(alphabet="aZ1_-", min_size=1, max_size=6), max_size=4).map(
        lambda labels: "".join(f"{x}." for x in labels)
    ),
    st.from_regex(r"[aZ1_-]{0,5}[aZ]", fullmatch=True),
    st.sampled_from(["", "."]),
)
_ADDRESSES = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map("[{}]".format)
_HOSTS = st.one_of(
    _NAMES,
    _ADDRESSES,
    st.sampled_from(
        ["", "[::1", "::1", "[::1%lo]", "[]", "256.1.1.1", "127.1", "a..b", ".", "user@host", "user:pw", "a b"]
    ),
    st.text(alphabet="a1.-_:[]%@\n\u00e9 ", max_size=12),
)
_PORTS = st.one_of(
    st.integers(-1, 70_000).map(lambda port: f":{port}"),
    st.sampled_from(["", ":", ":abc", ":8080:9", ":\u0661", ": 80"]),
)
_PATHS = st.one_of(st.just(""), st.just("/"), st.text(alphabet="/ab?=#% \n\u00e9", max_size=6))
_SCHEMES = st.sampled_from(["http", "https", "HTTP", "ftp", "", "http "])
URLS = st.builds("{}://{}{}{}".format, _SCHEMES, _HOSTS, _PORTS, _PATHS) | st.text(max_size=20)
RIGHT = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https"]),
    _NAMES | _ADDRESSES,
    st.one_of(st.just(""), st.integers(1, 65_535).map(lambda port: f":{port}")),
    st.sampled_from(["", "/"]),
)


def loaded(folder: Path, urls: list[str], *, key: str = "url") -> Loaded:
    """A file with an upstream for each, or an issuer for each."""
    said: dict[str, object] = {
        "listener": {"local": {"address": "127.0.0.1:8443"}},
        "upstream": {"server": {"protocol": "open-inference", "url": "http://127.0.0.1:8080"}},
    }
    if key == "url":
        said["upstream"] = {f"u{n}": {"protocol": "open-inference", "url": url} for n, url in enumerate(urls)}
        said["model"] = {f"m{n}": {"upstream": f"u{n}"} for n, url in enumerate(urls)}
    elif key == "jwks":
        issuers = {f"i{n}": {"issuer": f"i{n}", "audiences": ["a"], "jwks": url} for n, url in enumerate(urls)}
        said["identity"] = {"jwt": issuers}
    else:
        said["limits"] = {"service": {"url": urls[0]}}
    path = folder / "gateway.yaml"
    path.write_text(json.dumps(said))
    return read(path)


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://127.0.0.1:99999", "its port is none from 1 to 65535"),
        ("http://127.0.0.1:abc", "its port is none from 1 to 65535"),
        ("http://127.0.0.1:8080:9", "its port is none from 1 to 65535"),
        ("http://127.0.0.1:0", "its port is none from 1 to 65535"),
        ("http://user:pw:80", "its port is none from 1 to 65535"),
        ("http://[::1", "it names no host"),
        ("http://:80", "it names no host"),
        ("http://a b:80", "it names no host"),
        ("http://10.0.0.256", "it names no host"),
        ("http://models/v2", "it has a path"),
        ("ftp://models", "it does not begin with http:// or https://"),
        ("http://models.default.svc:8000/", ""),
        ("https://[2001:db8::1]:443", ""),
    ],
)
def test_what_is_wrong_with_an_address(url: str, wrong: str) -> None:
    assert fault(url, ("http", "https")) == wrong


@pytest.mark.parametrize(
    ("key", "url", "place", "hint"),
    [
        ("url", "http://user:secret:80", "upstream.u0.url", "write it as http://HOST:PORT or https://HOST:PORT"),
        (
            "service",
            "http://127.0.0.1:99999",
            "limits.service.url",
            "write it as http://HOST:PORT or https://HOST:PORT",
        ),
        ("jwks", "ftp://x/k", "identity.jwt.i0.jwks", "write it as https://HOST/PATH, or name a file"),
        ("jwks", "https://x:99999/k", "identity.jwt.i0.jwks", "write it as https://HOST/PATH, or name a file"),
        ("jwks", "https:///x", "identity.jwt.i0.jwks", "write it as https://HOST/PATH, or name a file"),
        ("jwks", "https://", "identity.jwt.i0.jwks", "write it as https://HOST/PATH, or name a file"),
        ("jwks", "HTTPS://x/k", "identity.jwt.i0.jwks", "write it as https://HOST/PATH, or name a file"),
        ("jwks", "https://a_b/k", "identity.jwt.i0.jwks", "write it as https://HOST/PATH, or name a file"),
        ("jwks", "http://x/k", "identity.jwt.i0.jwks", "write an https URL"),
    ],
)
def test_the_place_is_told_and_no_password(tmp_path: Path, key: str, url: str, place: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rules.hold(loaded(tmp_path, [url], key=key))
    assert caught.value.message.startswith(f"{place}: ")
    assert "secret" not in str(caught.value)
    assert (caught.value.line, caught.value.hint) == (1, hint)


@given(url=URLS, key=st.sampled_from(["url", "jwks", "service"]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_it_is_taken_or_explained(tmp_path: Path, url: str, key: str) -> None:
    wrong = None
    try:
        taken = loaded(tmp_path, [url], key=key)
        rules.hold(taken)
        in_one_piece(plan_of(taken), "admin.sock")
    except ConfigError as error:
        wrong = error
    assert wrong is None or (wrong.line == 1 and wrong.hint)


@pytest.mark.slow
@given(urls=st.lists(RIGHT, min_size=20, max_size=40))
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_envoy_takes_what_is_taken(tmp_path: Path, urls: list[str]) -> None:
    issuers = [f"https://{url.partition('://')[2].rstrip('/').replace('_', '-')}/keys?v=1" for url in urls]
    for key, said in (("url", urls), ("jwks", issuers), ("service", urls[:1])):
        taken = loaded(tmp_path, said, key=key)
        rules.hold(taken)
        validate(find_envoy(), written(in_one_piece(plan_of(taken), str(tmp_path / "admin.sock"))), taken.path)


def plan_of(taken: Loaded) -> Plan:
    return Plan(loaded=taken, mounts=mounts_of(taken))
