"""Entries: canonical JSON, their kinds, and what must not be in them."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import ConfigError, LedgerError, TamperedError
from garrison.ledger.entry import MAX_BYTES, MAX_INTEGER, encode, parse, pseudonym
from garrison.ledger.kinds import FILE, Kinds

DIGEST = "sha256:" + "ab" * 32
NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
MODEL = {"type": "model", "name": "fraud", "digest": DIGEST}
DEPLOY: dict[str, Any] = {
    "actor": "service:ci",
    "time": NOON,
    "object": MODEL,
    "reason": "CHG-1234",
    "details": {"environment": "production"},
}
KINDS = Kinds()


def canonical(value: Any) -> bytes:
    """RFC 8785, section 3.2, for values without fractions."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return b"{" + b",".join(canonical(name) + b":" + canonical(made) for name, made in members) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(canonical, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode()


def test_an_entry_as_it_is_hashed() -> None:
    assert KINDS["model.deploy"].encode(DEPLOY) == (
        b'{"action":"deploy","actor":"service:ci","details":{"environment":"production"},"kind":"model.deploy",'
        b'"object":{"digest":"' + DIGEST.encode() + b'","name":"fraud","type":"model"},"reason":"CHG-1234",'
        b'"time":"2026-11-25T12:00:00Z"}'
    )


@given(
    reason=st.text(min_size=1, max_size=200).filter(lambda text: "@" not in text),
    name=st.text(min_size=1, max_size=50).filter(lambda text: "@" not in text),
    number=st.integers(-MAX_INTEGER, MAX_INTEGER),
    time=st.datetimes(min_value=dt.datetime(1, 1, 2), timezones=st.just(dt.UTC)),  # noqa: DTZ001 - hypothesis adds it
)
def test_entries_are_canonical_and_read_back(reason: str, name: str, number: int, time: dt.datetime) -> None:
    data = KINDS["scan.result"].encode(
        {
            "actor": "service:ci",
            "time": time,
            "reason": reason,
            "object": {"type": "estate", "name": name, "digest": DIGEST},
            "details": {"findings": number, "revision": name},
        }
    )
    assert data == canonical(json.loads(data))
    entry = parse(data)
    assert (entry.reason, entry.time, entry.details["findings"]) == (reason, time, number)
    assert entry.object is not None
    assert entry.object.name == name


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"actor": "alice"}, "$.actor"),
        ({"actor": "person:alice"}, "$.actor"),
        ({"actor": "service:ci\n"}, "$.actor"),
        ({"action": "explode"}, "$.action"),
        ({"reason": ""}, "$.reason"),
        ({"reason": "x" * 4001}, "$.reason"),
        ({"object": {"type": "model", "name": "fraud"}}, "digest"),
        ({"object": {**MODEL, "type": "role"}}, "$.object.type"),
        ({"object": {**MODEL, "digest": "sha256:" + "AB" * 32}}, "$.object.digest"),
        ({"object": {**MODEL, "digest": "md5:" + "ab" * 16}}, "$.object.digest"),
        ({"details": {}}, "environment"),
        ({"details": {"environment": 7}}, "$.details.environment"),
        ({"details": {"environment": "production", "more": 1}}, "more"),
        ({"colour": "red"}, "colour"),
        ({"time": dt.datetime(2026, 11, 25, 12)}, "$.time"),  # noqa: DTZ001 - no zone, no moment
        ({"time": "yesterday"}, "$.time"),
        ({"previous": "nothing"}, "$.previous"),
    ],
)
def test_what_does_not_fit_its_kind_is_refused_by_name(change: dict[str, Any], place: str) -> None:
    with pytest.raises(LedgerError, match=r"no entry of kind model\.deploy") as caught:
        KINDS["model.deploy"].encode({**DEPLOY, **change})
    assert place in caught.value.message
    assert "action: deploy, promote" in caught.value.hint


@pytest.mark.parametrize("number", [2**53, -(2**53), 1.5])
def test_a_number_that_not_every_reader_can_hold_is_refused(number: float) -> None:
    fields = {"actor": "service:ci", "object": {**MODEL, "type": "estate"}, "details": {"findings": number}}
    with pytest.raises(LedgerError, match=r"\$\.details\.findings"):
        KINDS["scan.result"].encode(fields)


def test_an_entry_is_bounded(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('[long]\ntitle="t"\nactions=["a"]\nobject="o"\ndetails={ lines = "text[]" }\n')
    kind = Kinds(tmp_path)["long"]
    assert len(kind.encode({"actor": "service:ci", "details": {"lines": ["x" * 4000] * 16}})) <= MAX_BYTES
    with pytest.raises(LedgerError, match=r"the entry has [\d,]+ bytes; 65,535 are the most"):
        kind.encode({"actor": "service:ci", "details": {"lines": ["x" * 4000] * 17}})
    with pytest.raises(LedgerError, match=r"length <= 1000"):
        kind.encode({"actor": "service:ci", "details": {"lines": [""] * 1001}})


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(LedgerError, match="not Unicode"):
        KINDS["model.deploy"].encode({**DEPLOY, "reason": "\ud800"})


@pytest.mark.parametrize("text", ["asked for by alice@example.com", "é a.b+c@mail.example.org é"])
def test_an_address_of_a_person_is_refused(text: str) -> None:
    with pytest.raises(LedgerError, match="e-mail address"):
        KINDS["note"].encode({"actor": "service:ci", "reason": text})


@pytest.mark.parametrize(
    "text", ["registry/fraud@sha256:" + "a" * 64, "git@github.com:org/models.git", "@team", "a @ b"]
)
def test_what_only_has_the_sign_in_it_is_none(text: str) -> None:
    assert parse(KINDS["note"].encode({"actor": "service:ci", "reason": text})).reason == text


def test_people_are_named_by_a_keyed_hash() -> None:
    who = pseudonym(b"k" * 32, "alice@example.com")
    assert who == pseudonym(b"k" * 32, "alice@example.com") != pseudonym(b"l" * 32, "alice@example.com")
    assert parse(KINDS["note"].encode({"actor": f"person:{who}", "reason": "r"})).actor == f"person:{who}"
    with pytest.raises(LedgerError, match="too short"):
        pseudonym(b"secret", "alice")


def test_the_time_is_now_where_none_is_given() -> None:
    before = dt.datetime.now(dt.UTC)
    assert before <= parse(KINDS["note"].encode({"actor": "service:ci", "reason": "r"})).time <= dt.datetime.now(dt.UTC)


def test_every_kind_can_be_made_and_says_what_it_takes() -> None:
    names = [kind.name for kind in KINDS]
    assert names == sorted(names)
    for kind in KINDS:
        with pytest.raises(LedgerError, match="actor"):
            kind.encode({})
        assert kind.takes.startswith(f"action: {kind.actions[0]}")
        assert kind.title


def test_threads_may_be_the_first_to_use_a_kind() -> None:
    """In a process of its own: without the lock of Kinds it ends with a segmentation fault within a few rounds."""
    code = (
        "import sys, threading\n"
        "from garrison.ledger.kinds import Kinds\n"
        "sys.setswitchinterval(1e-6)\n"
        "for _ in range(50):\n"
        "    kinds, start, made = Kinds(), threading.Barrier(8), []\n"
        "    def use():\n"
        "        start.wait()\n"
        "        made.append(kinds['note'].encode({'actor': 'service:ci', 'reason': 'r'}))\n"
        "    threads = [threading.Thread(target=use) for _ in range(8)]\n"
        "    for thread in threads: thread.start()\n"
        "    for thread in threads: thread.join()\n"
        "    assert len(made) == 8\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_a_kind_that_is_not_registered_is_refused() -> None:
    with pytest.raises(LedgerError, match="no registered kind") as caught:
        KINDS["model.deplov"]
    assert "model.deploy" in caught.value.hint
    with pytest.raises(LedgerError, match="no registered kind") as caught:
        KINDS["zzz"]
    assert FILE in caught.value.hint


def test_a_folder_adds_kinds(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        '["dataset.label"]\ntitle = "Labels change"\nactions = ["label"]\nobject = "dataset"\nneeds = ["previous"]\n'
        'details = { by = "personal", rows = "integer", tags = "name[]?", done = "boolean?" }\n'
    )
    fields = {
        "actor": "service:ci",
        "object": {"type": "dataset", "name": "d"},
        "previous": DIGEST,
        "details": {"by": pseudonym(b"k" * 32, "bob"), "rows": 3, "tags": ["a", "b"], "done": True},
    }
    entry = parse(Kinds(tmp_path)["dataset.label"].encode(fields))
    assert entry.details["tags"] == ["a", "b"]
    with pytest.raises(LedgerError, match=r"\$\.details\.by"):
        Kinds(tmp_path)["dataset.label"].encode({**fields, "details": {"by": "bob", "rows": 3}})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[", "no file of kinds"),
        ("\xff", "no file of kinds"),
        ("a = 1", "no file of kinds"),
        ('[x]\ntitle="t"\nactions=["a"]\n', "object"),
        ('[x]\ntitle="t"\nactions=[]\nobject="o"\n', "no actions"),
        ('[x]\ntitle="t"\nactions=["A B"]\nobject="o"\n', "no word"),
        ('[X]\ntitle="t"\nactions=["a"]\nobject="o"\n', "no word"),
        ('[x]\ntitle="t"\nactions=["a"]\nobject="o"\nneeds=["money"]\n', "money"),
        ('[x]\ntitle="t"\nactions=["a"]\nobject="o"\ndetails={ n = "float" }\n', "no known type: float"),
        ('[x]\ntitle="t"\nactions=["a"]\nobject="o"\ndetails={ n = "name?[]" }\n', "no known type"),
        ('[note]\ntitle="t"\nactions=["a"]\nobject="o"\n', "Garrison's own"),
        ("x = " + "[" * 100_000, "no file of kinds"),
        ("#" * 1_000_001, "more than"),
    ],
)
def test_a_wrong_file_of_kinds_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=why) as caught:
        Kinds(tmp_path)
    assert caught.value.path == str(tmp_path / FILE)


@given(st.binary(max_size=200))
def test_what_is_no_entry_is_named(data: bytes) -> None:
    try:
        entry = parse(data)
    except TamperedError:
        return
    assert parse(encode(entry)) == entry
