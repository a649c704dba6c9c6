"""Digests, and their key: made once, kept from others, and refused where it is damaged."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import pytest
from lupa import luajit21

from garrison.errors import ConfigError
from garrison.gateway.digests import KEY, PREFIX, digest_of, is_of, make_key, read_key, siphash
from garrison.gateway.envoy.lua_text import shipped

OFFICIAL = struct.unpack("<2Q", bytes(range(16)))  # the key of the authors' test vectors, whose texts are 0, 1, 2, ...


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    assert read_key(tmp_path) == b""
    make_key(tmp_path)
    made = read_key(tmp_path)
    make_key(tmp_path)
    assert len(made) == 32
    assert read_key(tmp_path) == made
    assert (tmp_path / KEY).stat().st_mode & 0o077 == 0
    make_key(tmp_path / "other")
    assert read_key(tmp_path / "other") != made


@pytest.mark.parametrize("damaged", ["", "00", "xyz", "\u00e9", "0" * 66])
def test_a_key_that_is_damaged_is_not_used(tmp_path: Path, damaged: str) -> None:
    (tmp_path / KEY).write_text(damaged)
    with pytest.raises(ConfigError, match=r"is not a key|bytes, not 32"):
        read_key(tmp_path)


@pytest.mark.parametrize(
    ("length", "digest"),
    [  # vectors_sip128 of https://github.com/veorq/SipHash/blob/master/vectors.h
        (0, "a3817f04ba25a8e66df67214c7550293"),
        (1, "da87c1d86b99af44347659119b22fc45"),
        (2, "8177228da4a45dc7fca38bdef60affe4"),
        (63, "5150d1772f50834a503e069a973fbd7c"),
    ],
)
def test_siphash_is_that_of_its_authors(length: int, digest: str) -> None:
    assert siphash(OFFICIAL, bytes(range(length))) == digest


def test_lua_and_python_tell_the_same_digest() -> None:
    state = luajit21.LuaRuntime(encoding=None, unpack_returned_tuples=True)
    keyed = "return function(text) return siphash(text, 0x{:x}ULL, 0x{:x}ULL) end".format(*OFFICIAL)
    inside = state.execute(f"{shipped('siphash')}\n{keyed}".encode())
    for body in (os.urandom(length) for length in (*range(80), 255, 256, 257, 5000)):
        assert inside(body).decode() == siphash(OFFICIAL, body)


def test_openssl_tells_the_digest_as_the_documentation_says(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    make_key(tmp_path / "state")
    (tmp_path / "request.json").write_bytes(b'{"inputs": []}')
    said = (Path(__file__).parents[2] / "docs/gateway.md").read_text(encoding="utf-8")
    command = next(line for line in said.splitlines() if line.startswith("openssl mac"))
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert is_of(PREFIX + done.stdout.strip().lower(), read_key(tmp_path / "state"), b'{"inputs": []}')


def test_a_digest_is_told_by_its_kind() -> None:
    key = b"k" * 32
    assert is_of(digest_of(key, b"{}"), key, b"{}")
    assert not is_of(digest_of(key, b"{}"), key, b"[]")
    assert not is_of("md5:00", key, b"{}")
