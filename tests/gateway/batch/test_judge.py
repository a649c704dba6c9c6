"""What becomes of a message: keys, policies, sizes, quotas and schemas, each with its reason."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from garrison.errors import ConfigError, StoreError
from garrison.gateway.batch.judge import Judge
from garrison.gateway.batch.queue import Message
from garrison.gateway.file.read import read
from garrison.gateway.keys.store import Store

if TYPE_CHECKING:
    from tests.gateway.batch.conftest import Place

NOW = dt.datetime.now(dt.UTC)
GOOD = b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.5]}]}'
CHAT = {"model": "meta/llama", "messages": [{"role": "user", "content": "x"}]}


@pytest.fixture
def judge(place: Place) -> Judge:
    return Judge(read(place.file))


def message(headers: dict[str, str], body: bytes = GOOD, model: str = "iris") -> Message:
    return Message("1", model, headers, body)


def test_a_message_of_a_known_producer_is_accepted(judge: Judge, place: Place) -> None:
    for headers in ({"x-api-key": place.keys.ada}, {"authorization": f"Bearer {place.keys.ada}"}):
        verdict = judge.verdict(message(headers), {}, NOW)
        assert (verdict.accepted, verdict.client, verdict.role) == (True, "ada", "service")


@pytest.mark.parametrize("who", ["role.service", "clients.ada"])
def test_roles_and_clients_have_sizes_too(place: Place, who: str) -> None:
    place.file.write_text(f"{place.file.read_text()}[limits]\n{who} = {{ request-kb = 1 }}\n")
    headers = {"x-api-key": place.keys.ada}
    verdict = Judge(read(place.file)).verdict(message(headers, b" " * 1025, "meta/llama"), {}, NOW)
    assert (verdict.reason, verdict.message) == ("too-large", "the message is larger than 1 KB")


@pytest.mark.parametrize(
    ("asked", "used", "reason"),
    [
        (("absent", GOOD), 0, "unknown-model"),
        (("secret", GOOD), 0, "denied"),
        (("iris", b'{"inputs": []}' + b" " * 1024), 0, "too-large"),
        (("iris", GOOD), 3, "quota"),
        (("iris", b'{"inputs": [1, 2, 3]}'), 0, "invalid"),
        (("iris", b'{"inputs": [], "inputs": []}'), 0, "invalid"),
        (("iris", b"\xff"), 0, "invalid"),
        (("iris", b""), 0, "invalid"),
        (("iris", GOOD.replace(b"[1]", b"[2]")), 0, "invalid"),  # two numbers by its shape, one in its data
        (("meta/llama", json.dumps({**CHAT, "model": "secret"}).encode()), 0, "invalid"),
        (("meta/llama", json.dumps(CHAT).encode()), 0, ""),
    ],
)
def test_each_reason(judge: Judge, place: Place, asked: tuple[str, bytes], used: int, reason: str) -> None:
    model, body = asked
    verdict = judge.verdict(message({"x-api-key": place.keys.ada}, body, model), {"ada": used}, NOW)
    assert (verdict.reason, verdict.client) == (reason, "ada")
    assert bool(verdict.message) is bool(reason)
    assert place.keys.ada not in str(verdict)


def test_who_has_no_key_is_nobody(judge: Judge, place: Place) -> None:
    later = NOW + dt.timedelta(days=31)
    for headers, now in (
        ({}, NOW),
        ({"x-api-key": "grs_nobody"}, NOW),
        ({"x-api-key": place.keys.gone}, NOW),
        ({"x-api-key": place.keys.ada}, later),
        ({"x-garrison-client": "ada"}, NOW),
    ):
        verdict = judge.verdict(message(headers), {}, now)
        assert (verdict.reason, verdict.client) == ("no-credential", "")


def test_a_key_that_is_revoked_counts_from_the_next_message_on(judge: Judge, place: Place) -> None:
    asked = message({"x-api-key": place.keys.ada})
    assert judge.verdict(asked, {}, NOW).accepted
    with Store(place.file.parent / "state" / "keys.db") as store:
        ids = [key.id for key in store.keys() if key.client == "ada"]
        store.revoke(ids, reason="stolen", now=NOW, record=lambda kind, fields: 0)
    assert judge.verdict(asked, {}, NOW).reason == "no-credential"


def test_without_the_store_no_verdict_is_made(judge: Judge, place: Place) -> None:
    (place.file.parent / "state" / "keys.db").unlink()
    with pytest.raises(StoreError):
        judge.verdict(message({"x-api-key": place.keys.ada}), {}, NOW)


def test_a_file_without_a_queue_or_keys_is_told(place: Place) -> None:
    text = place.file.read_text()
    for left_out in ("[batch]", "[identity.keys]"):
        place.file.write_text(text[: text.index("[batch]")] if left_out == "[batch]" else text.replace(left_out, ""))
        with pytest.raises(ConfigError, match=left_out[1:-1]):
            Judge(read(place.file))
