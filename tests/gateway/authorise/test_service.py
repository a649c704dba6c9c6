"""What the service answers, and that nothing that goes wrong lets a request pass."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from garrison.errors import ConfigError, UsageError
from garrison.gateway.authorise.bundle import Current
from garrison.gateway.authorise.server import read_secret, serve
from garrison.gateway.authorise.service import ALLOWED, DENIED, UNDECIDED, Answer, Service

from .conftest import ASKED, POLICIES, claims, make_bundle


class Sent:
    """Headers by name, each once or several times."""

    def __init__(self, said: dict[str, str] | Sequence[tuple[str, str]]) -> None:
        self.said = list(said.items()) if isinstance(said, dict) else list(said)

    def get_all(self, key: str) -> list[str]:
        return [value for name, value in self.said if name == key]


def answer(bundle: Path, known: bytes = b"", /, **changed: str) -> Answer:
    named = {f"x-garrison-{name}": value for name, value in changed.items()}
    return Service(bundle, known).answer("POST", "/v2", Sent({**ASKED, **named}))


@pytest.mark.parametrize(
    ("changed", "status", "policy"),
    [
        ({}, ALLOWED, "members-use-models"),
        ({"source": "192.0.2.1"}, DENIED, "own.cedar:1"),
        ({"source": "::1"}, DENIED, "own.cedar:1"),
        ({"action": "train"}, DENIED, "none"),
        ({"model": "plain"}, ALLOWED, "members-use-models"),
        ({"model": "churn"}, DENIED, "own-team-only"),
        ({"model": "churn", "login": "jwt", "claims": claims(teams=["churn"])}, ALLOWED, "members-use-models"),
        ({"model": "churn", "login": "jwt", "claims": claims(teams="churn")}, ALLOWED, "members-use-models"),
        ({"model": "churn", "login": "jwt", "claims": claims(teams=["x"], other=[1])}, DENIED, "own-team-only"),
        ({"model": "churn", "login": "jwt", "claims": claims(teams=7)}, DENIED, "no strings"),
        ({"model": "churn", "login": "jwt", "claims": "!"}, DENIED, "cannot be read"),
        ({"model": "churn", "login": "jwt", "claims": "WzFd"}, DENIED, "no object"),
        ({"model": "broken"}, ALLOWED, "members-use-models"),
        ({"model": "broken", "size": "5"}, DENIED, "members-use-models"),  # Cedar alone would allow
        ({"role": "nobody"}, DENIED, "no role is called nobody"),
        ({"model": "other"}, DENIED, "no model is called other"),
        ({"source": "unix"}, DENIED, "none"),
        ({"action": "fly"}, UNDECIDED, ""),
        ({"login": "guess"}, UNDECIDED, ""),
        ({"size": "many"}, UNDECIDED, ""),
        ({"client": ""}, UNDECIDED, ""),
    ],
)
def test_answers(changed: dict[str, str], status: int, policy: str, bundle: Path) -> None:
    said = answer(bundle, **changed)
    assert said.status == status
    assert policy in said.policy
    assert "cedar" not in said.message
    assert all(value.isascii() for header in said.headers for value in header)


def test_a_header_that_comes_twice_is_not_ours(bundle: Path) -> None:
    twice = [*ASKED.items(), ("x-garrison-role", "operations")]
    assert Service(bundle).answer("POST", "/", Sent(twice)).status == UNDECIDED


@pytest.mark.parametrize("missing", ASKED)
def test_a_header_that_is_missing(missing: str, bundle: Path, caplog: pytest.LogCaptureFixture) -> None:
    sent = Sent({name: value for name, value in ASKED.items() if name != missing})
    with caplog.at_level(logging.ERROR):
        assert Service(bundle).answer("POST", "/", sent).status == UNDECIDED
    assert missing in caplog.text


def test_only_who_knows_the_secret_is_answered(bundle: Path) -> None:
    assert answer(bundle, b"s" * 32).status == UNDECIDED
    assert answer(bundle, b"s" * 32, secret="s" * 31).status == UNDECIDED
    assert answer(bundle, b"s" * 32, secret="é" * 32).status == UNDECIDED
    assert answer(bundle, b"s" * 32, secret="s" * 32).status == ALLOWED


def test_a_change_is_taken_up_at_once(bundle: Path, tmp_path: Path) -> None:
    service = Service(bundle)
    assert service.answer("POST", "/", Sent(ASKED)).status == ALLOWED
    make_bundle(tmp_path, POLICIES + "\nforbid (principal, action, resource);")
    assert service.answer("POST", "/", Sent(ASKED)).status == DENIED


@pytest.mark.parametrize("broken", [None, b"", b"{}", b"\xff", b'{"policies": [], "models": []}'])
def test_a_broken_bundle_is_not_made_up_for_by_the_old_one(
    broken: bytes | None, bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(bundle)
    assert service.answer("POST", "/", Sent(ASKED)).status == ALLOWED
    bundle.unlink()
    if broken is not None:
        bundle.write_bytes(broken)
    with caplog.at_level(logging.ERROR):
        assert [service.answer("POST", "/", Sent(ASKED)).status for _ in range(2)] == [UNDECIDED, UNDECIDED]
    assert caplog.text.count("bundle.json") == 1
    make_bundle(tmp_path)
    assert service.answer("POST", "/", Sent(ASKED)).status == ALLOWED


def test_a_bundle_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text("[]")
    with pytest.raises(ConfigError) as raised:
        Current(tmp_path / "bundle.json").judge()
    assert raised.value.hint


@given(st.dictionaries(st.sampled_from([*ASKED, "x-garrison-claims", "x-garrison-size"]), st.text(max_size=30)))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_refused_or_decided(bundle: Path, sent: dict[str, str]) -> None:
    said = Service(bundle).answer("POST", "/", Sent({**ASKED, **sent}))
    assert said.status in (ALLOWED, DENIED, UNDECIDED)
    assert all(value.isascii() and value.isprintable() for header in said.headers for value in header)


@pytest.mark.parametrize(
    ("address", "secret"),
    [("0.0.0.0:1", b"x" * 32), ("127.0.0.1:0x", b"x" * 32), ("127.0.0.1:1", b""), ("", b"x" * 32)],
)
def test_places_where_others_could_ask(address: str, secret: bytes, bundle: Path) -> None:
    with pytest.raises(UsageError):
        serve(bundle, address=address, secret=secret)


@pytest.mark.parametrize("name", ["file", "no/folder", "x" * 100])
def test_places_where_no_socket_can_be(name: str, bundle: Path, short: Path) -> None:
    (short / "file").write_text("")
    with pytest.raises(UsageError):
        serve(bundle, socket_path=short / name)


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a" * 32 + "\n")
    file.chmod(0o644)
    with pytest.raises(UsageError, match="read by others"):
        read_secret(file)
    file.chmod(0o600)
    assert read_secret(file) == b"a" * 32
    file.write_text("short")
    with pytest.raises(UsageError, match="holds no secret"):
        read_secret(file)
