"""A revocation list that cannot be used is told before it is in force: Envoy would take an empty one for none."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from tests.gateway.certificates.conftest import DAY, revocation_list

from garrison.errors import ConfigError
from garrison.gateway.certificates import authority, lists, usable
from garrison.gateway.certificates.authority import make
from garrison.gateway.file.read import Loaded, read

NOW = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)  # what a test makes later has begun then, too
SCORER = "spiffe://acme/ml/scorer"


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    make(tmp_path, [], [SCORER])
    (tmp_path / "gateway.toml").write_text(
        '[listener.a]\naddress = "127.0.0.1:8443"\n'
        'tls = { certificate = "server.pem", key = "server.key", client-ca = "ca.pem", client-crl = "crl.pem" }\n'
        '[upstream.b]\nprotocol = "open-inference"\nurl = "http://127.0.0.1:1"\n'
    )
    return read(tmp_path / "gateway.toml")


def warned(loaded: Loaded, data: bytes, now: dt.datetime = NOW) -> list[str]:
    (loaded.path.parent / "crl.pem").write_bytes(data)
    return usable.hold(loaded, now)


def said(loaded: Loaded, data: bytes, now: dt.datetime = NOW) -> str:
    with pytest.raises(ConfigError) as caught:
        warned(loaded, data, now)
    return str(caught.value).replace(f"{loaded.path.parent}/", "")


def test_one_that_can_be_used(loaded: Loaded) -> None:
    folder = loaded.path.parent
    assert warned(loaded, revocation_list(folder)) == []
    assert warned(loaded, b"# of today\n" + revocation_list(folder, ["client-scorer"])) == []


def test_what_is_none(loaded: Loaded) -> None:
    folder = loaded.path.parent
    assert said(loaded, b"") == snapshot("""\
gateway.toml:3  listener.a.tls.client-crl: crl.pem holds no revocation list, or not all of one
  name a file in PEM (-----BEGIN X509 CRL-----); while nobody is revoked, the authority signs an empty list\
""")
    right = revocation_list(folder)
    for wrong in (b"\n", b"\x00\xff", (folder / "ca.pem").read_bytes(), right[:-40], right + right[:100]):
        assert "crl.pem holds no revocation list" in said(loaded, wrong)
    damaged = right.replace(b"CRL-----\nMI", b"CRL-----\nMA", 1)
    assert "a list in crl.pem cannot be read" in said(loaded, damaged)


def test_of_several_those_of_others_do_not_count(loaded: Loaded) -> None:
    folder = loaded.path.parent
    make(folder / "other", [], [])
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another")])
    other = revocation_list(folder / "other", issuer=name)
    assert said(loaded, other) == snapshot("""\
gateway.toml:3  listener.a.tls.client-crl: no list in crl.pem is of an authority in client-ca
  add the certificate of who signed the list to client-ca\
""")
    assert warned(loaded, other + revocation_list(folder)) == []


def test_one_that_another_key_has_signed(loaded: Loaded) -> None:
    folder = loaded.path.parent
    make(folder / "other", [], [])
    forged = revocation_list(folder, key=folder / "other/ca.key")
    wanted = "the list of CN=Garrison development CA in crl.pem is not signed by it"
    assert wanted in said(loaded, forged)
    assert wanted in said(loaded, revocation_list(folder) + forged)


def test_one_whose_time_is_over_or_to_come(loaded: Loaded) -> None:
    folder = loaded.path.parent
    assert "in crl.pem ended on" in said(loaded, revocation_list(folder), NOW + DAY)
    assert "in crl.pem begins on" in said(loaded, revocation_list(folder, begins=NOW + DAY))


def test_one_that_ends_soon_is_warned_of(loaded: Loaded) -> None:
    folder = loaded.path.parent
    daily, yearly = revocation_list(folder), revocation_list(folder, holds=80 * DAY)
    assert warned(loaded, daily, NOW + DAY / 2) == []
    (warning,) = warned(loaded, daily, NOW + 0.8 * DAY)
    assert "in crl.pem ends on" in warning
    assert warned(loaded, yearly, NOW + 60 * DAY) == []
    assert any("in crl.pem ends on" in warning for warning in warned(loaded, yearly, NOW + 70 * DAY))


def test_what_is_put_in_force_is_what_is_looked_at(loaded: Loaded) -> None:
    folder = loaded.path.parent
    assert warned(loaded, revocation_list(folder)) == []
    (folder / "copy").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"crl\.pem holds no revocation list"):
        usable.hold(loaded, NOW, {"crl.pem": str(folder / "copy")})


def test_who_signs_clients_is_warned_of_when_it_ends(loaded: Loaded) -> None:
    folder = loaded.path.parent
    data = revocation_list(folder, begins=NOW + 360 * DAY)
    for name in ("server.pem", "server.key"):
        (folder / name).unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authority, "_LEAF_DAYS", 500)
        make(folder, [], [])
    (warning,) = warned(loaded, data, NOW + 360 * DAY)
    assert warning.startswith("ca.pem ends on ")


@given(st.binary(max_size=300), st.booleans())
def test_whatever_stands_there_is_told(data: bytes, framed: bool) -> None:
    data = b"-----BEGIN X509 CRL-----\n" + data + b"\n-----END X509 CRL-----\n" if framed else data
    with pytest.raises(ConfigError):
        lists.hold("crl.pem", data, [], NOW)
