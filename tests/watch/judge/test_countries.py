"""Countries of addresses, by a file of the user's own; the one here is made as the format's specification says."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

import pytest

from garrison.errors import ConfigError
from garrison.watch.alerts.store import Alerts
from garrison.watch.judge.countries import countries
from garrison.watch.judge.settings import Baselines, Judging
from garrison.watch.judge.starting import judge_of

Value = str | int | list[str] | dict[str, "Value"]
_MARK = b"\xab\xcd\xefMaxMind.com"


def encoded(value: Value) -> bytes:
    """A value of the data section."""
    if isinstance(value, str):
        return bytes([2 << 5 | len(value)]) + value.encode()
    if isinstance(value, int):
        return bytes([5 << 5 | 2]) + value.to_bytes(2, "big")
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(map(encoded, value))
    return bytes([7 << 5 | len(value)]) + b"".join(encoded(key) + encoded(said) for key, said in value.items())


def database(address: str, data: Value) -> bytes:
    """A file that knows one IPv4 address."""
    bits = f"{int(ipaddress.IPv4Address(address)):032b}"
    nodes = b""
    for place, bit in enumerate(bits):
        onwards = place + 1 if place < 31 else 32 + 16  # the data begins behind 16 bytes of nothing
        pair = (32, onwards) if bit == "1" else (onwards, 32)
        nodes += b"".join(record.to_bytes(3, "big") for record in pair)
    told: Value = {
        "record_size": 24, "ip_version": 4, "database_type": "Test", "languages": ["en"],
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "description": {"en": "a test"},
    }  # fmt: skip
    wider = encoded("node_count") + b"\xc4" + (32).to_bytes(4, "big")  # a uint32 and a uint64
    wider += encoded("build_epoch") + bytes([8, 9 - 7]) + (1).to_bytes(8, "big")
    meta = encoded(told)
    return nodes + bytes(16) + encoded(data) + _MARK + bytes([meta[0] + 2]) + meta[1:] + wider


def test_an_address_has_the_country_that_the_file_says(tmp_path: Path) -> None:
    pytest.importorskip("maxminddb")
    path = tmp_path / "countries.mmdb"
    path.write_bytes(database("203.0.113.9", {"country": {"iso_code": "DE"}}))
    country = countries(path)
    assert [country(address) for address in ("203.0.113.9", "203.0.113.8", "s3.amazonaws.com", "::1")] == [
        "DE",
        "",
        "",
        "",
    ]


@pytest.mark.parametrize("data", ["DE", {"country": "DE"}, {"country": {"iso_code": 7}}, {"city": "x"}])
def test_a_file_of_another_kind_says_nothing(tmp_path: Path, data: Value) -> None:
    pytest.importorskip("maxminddb")
    path = tmp_path / "other.mmdb"
    path.write_bytes(database("203.0.113.9", data))
    assert countries(path)("203.0.113.9") == ""


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("maxminddb")
    path = tmp_path / "none.mmdb"
    path.write_bytes(b"no database")
    with pytest.raises(ConfigError, match="tells no countries"):
        countries(path)
    with pytest.raises(ConfigError, match="tells no countries"):
        countries(tmp_path / "missing.mmdb")


def test_a_judge_goes_on_without_them(tmp_path: Path, alerts: Alerts) -> None:
    said: list[str] = []
    settings = Judging(baselines=Baselines(countries="missing.mmdb"))
    judge = judge_of(alerts, settings, lambda name: tmp_path / name, say=said.append)
    assert [detector.name for detector in judge.detectors] == ["rules", "baselines", "silence", "health"]
    assert said[0].startswith(f"warning: countries are left out: {tmp_path}/missing.mmdb  ")


def test_without_the_library_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(ConfigError, match="not installed"):
        countries(tmp_path / "any.mmdb")
