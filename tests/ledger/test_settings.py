"""`ledger.toml`: what it says is heard; what is wrong in it is named with line and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import ConfigError, LedgerError
from garrison.ledger import keys, opening
from garrison.ledger.cosignature import Cosigner
from garrison.ledger.settings import line_of, load
from garrison.ledger.sinks.git import Git
from garrison.ledger.sinks.object_lock import ObjectLock
from garrison.ledger.sinks.webhook import Webhook
from garrison.ledger.witness_client import HttpWitness, LocalWitness

NAME = "example.com/ledger"
VKEY = "witness.example/w1+7eeb7ee2+BBKE9EcTGY3HRrC+VyfA4Vddn9YVFFmBN7I1OUqgnyPR"


def loaded(folder: Path, text: str) -> object:
    (folder / "ledger.toml").write_text(text)
    return load(folder)


def test_all_of_it(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    first, second = (keys.create(tmp_path / f"{n}.key", NAME) for n in (1, 2))
    witness = keys.create(tmp_path / "w.key", "witness.example/w2")
    (ledger / "ledger.toml").write_text(
        f"""
        [key]
        location = "../2.key"
        previous = "../1.key"

        [[witness]]
        vkey = "{VKEY}"
        url = "https://witness.example/"

        [[witness]]
        vkey = "{Cosigner(witness).vkey}"
        state = "../witness"
        key = "../w.key"

        [[sink]]
        kind = "object-lock"
        name = "archive"
        bucket = "checkpoints"
        days = 365

        [[sink]]
        kind = "git"
        name = "repo"
        repository = "../checkpoints.git"

        [[sink]]
        kind = "webhook"
        name = "hook"
        url = "https://hooks.example/"
        secret-file = "../secret"
        """
    )
    found = load(ledger)
    assert [s.vkey for s in opening.signers(ledger, found, NAME)] == [second.vkey, first.vkey]
    assert [s.vkey for s in opening.signers(ledger, found, NAME, str(tmp_path / "1.key"))] == [first.vkey]
    asked = opening.witnesses(ledger, found, NAME, [])
    assert isinstance(asked[0], HttpWitness)
    assert isinstance(asked[1], LocalWitness)
    assert asked[1].verifier.name == "witness.example/w2"
    archive, repo, hook = opening.sinks(ledger, found)
    assert archive == ObjectLock("archive", "checkpoints", 365)
    assert repo == Git("repo", str(ledger / "../checkpoints.git"))
    assert hook == Webhook("hook", "https://hooks.example/", str(ledger / "../secret"))


def test_without_the_file(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert (found.sink, found.witness) == ((), ())
    with pytest.raises(LedgerError, match="no key is named"):
        opening.signers(tmp_path, found, NAME)


WITNESS = f"[[witness]]\nvkey = '{VKEY}'\n"
SINK = "[[sink]]\nkind = 'git'\nname = 'a'\nrepository = 'r'\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[key\n", 1, "not TOML"),
        ("[keys]\n", 1, "keys: unknown key"),
        ("# x\n\n[key]\nlocation = 1\n", 4, "key.location: Expected `str`"),
        ("[key]\nlocation = 'a'\nlocatoin = 'b'\n", 3, "key.locatoin: unknown key"),
        ("[key]\n", 1, "key: location is missing"),
        ("[[witness]]\nvkey = 'a'\nurl = 'https://a.example'\n", 2, "witness.vkey: this is no verifier key"),
        (WITNESS, 2, "an address or in a folder"),
        (f"{WITNESS}url = 'https://a.example/'\nstate = 'b'\nkey = 'c'\n", 2, "an address or in a folder"),
        (f"{WITNESS}url = 'https://a.example/'\n" * 2, 2, "two are called witness.example/w1"),
        (f"{WITNESS}state = 'b'\n", 2, "an address or in a folder"),
        (f"{WITNESS}url = 'http://a.example/'\n", 3, "witness.url: http://a.example/ is not https"),
        (f"{WITNESS}url = 'https://a.example/'\ntimeout-s = 0\n", 4, "witness.timeout-s"),
        (f"{SINK}\n[[sink]]\nkind = 'object-lock'\nname = 'b'\nbucket = 'c'\ndays = 0\n", 10, "sink.days"),
        (f"{SINK}\n[[sink]]\nkind = 'object-lock'\nname = 'b'\nbucket = 'c'\n", 6, "sink: days is missing"),
        (f"{SINK}\n[[sink]]\nkind = 'ftp'\nname = 'b'\n", 7, "ftp"),
        (f"{SINK}{SINK}", 3, "'a' is no name, or taken"),
        (SINK.replace("'a'", "'../a'"), 3, "no name, or taken"),
        (f"{SINK}branch = '-x'\n", 5, "sink.branch"),
        (f"{SINK}remote = '--upload-pack=x'\n", 5, "sink.remote"),
        (
            "[[sink]]\nkind = 'webhook'\nname = 'a'\nurl = 'http://a.example'\n",
            4,
            "sink.url: http://a.example is not https",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, text)
    assert words in raised.value.message
    assert (raised.value.path, raised.value.line) == (str(tmp_path / "ledger.toml"), line)
    assert raised.value.hint


@pytest.mark.parametrize("data", [b"\xff", b"a" * 1_000_001, b"a = " + b"[" * 100_000])
def test_what_is_no_configuration(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "ledger.toml").write_bytes(data)
    with pytest.raises((ConfigError, LedgerError)):
        load(tmp_path)


@given(st.text(max_size=60), st.text(max_size=5))
def test_lines_are_those_of_the_text(text: str, key: str) -> None:
    assert 0 <= line_of(text, "sink", 0, key) <= text.count("\n") + 1
