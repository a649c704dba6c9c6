"""The roles file."""

from __future__ import annotations

from pathlib import Path

import cedarpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from garrison.errors import ConfigError
from garrison.policy.vocabulary import MEMBER, Claim, Vocabulary, read_vocabulary

SHOWN = """\
timezone = "Europe/Berlin"

[claims]
department = "string"
"https://acme.example/teams" = "strings"

[role.fraud-team]
title = "Fraud team"
within = ["data-scientist"]

[role.operations]
within = []
"""


def read(folder: Path, text: str) -> Vocabulary:
    (folder / "roles.toml").write_text(text)
    return read_vocabulary(folder / "roles.toml")


def test_own_roles_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    found = read(tmp_path, SHOWN)
    assert found.around("fraud-team") == {"fraud-team", "data-scientist", MEMBER}
    assert found.around("operations") == {"operations"}
    assert found.around("service") == {"service", MEMBER}
    assert found.around("nobody") == set()
    assert found.claims["https://acme.example/teams"] is Claim.STRINGS


def test_the_shipped_roles_can_be_left_out(tmp_path: Path) -> None:
    assert list(read(tmp_path, "shipped = false\n[role.a]").role) == ["a"]


def test_the_schema_has_the_claims(tmp_path: Path) -> None:
    schema = cedarpy.Schema.from_str(read(tmp_path, SHOWN).schema())
    policy = 'permit (principal, action, resource) when { context.claims has "https://acme.example/teams" };'
    assert cedarpy.validate_policies(policy, schema)


WRONG = {
    'timezone = "Mars/Olympus"': ("timezone", 1, "Europe/Berlin"),
    '[claims]\nage = "int"': ("claims", 1, "string, strings, number, boolean"),
    '[claims]\n__extn = "string"': ("claims", 1, "string, strings"),
    '[role.a]\n\n[role.b]\nwithin = ["c"]': ("role.b.within", 4, "one of: "),
    '[role.a]\nwithin = ["servise"]': ("role.a.within", 2, "did you mean service?"),
    '[role.a]\nwithin = ["b"]\n[role.b]\nwithin = ["a"]': ("role.a.within", 2, "take out one"),
    "[role.member]": ("role.member", 1, "unless it says otherwise"),
    '[role.a]\ntitel = "A"': ("role.a.titel", 2, "did you mean title?"),
    '[role.a]\nwithin = "b"': ("role.a.within", 2, "a list of roles"),
    '[role."a b"]': ("role.a b", 1, ""),
    "[rolle.a]": ("rolle", 1, "did you mean role?"),
    "shipped = 1": ("shipped", 1, ""),
    "role = 1": ("role", 1, ""),
    "a = = 1": ("not TOML", 1, ""),
}


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=lambda t: str(t)[:40])
def test_what_is_wrong_is_named(text: str, said: tuple[str, int, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, text)
    named, line, hint = said
    assert named in raised.value.message
    assert raised.value.line == line
    assert hint in raised.value.hint


@pytest.mark.parametrize("data", [b"\xff", b"#" * 1_000_001, b"a = " + b"[" * 100_000])
def test_files_that_cannot_be_read(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "roles.toml").write_bytes(data)
    with pytest.raises(ConfigError):
        read_vocabulary(tmp_path / "roles.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_vocabulary(tmp_path / "other.toml")


@given(name=st.text(min_size=1, max_size=20))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_claim_that_is_taken_gives_a_schema(name: str, tmp_path: Path) -> None:
    quoted = "".join(f"\\U{ord(c):08x}" for c in name if not 0xD800 <= ord(c) < 0xE000)
    try:
        found = read(tmp_path, f'[claims]\n"{quoted}" = "string"')
    except ConfigError:
        found = Vocabulary()
    cedarpy.Schema.from_str(found.schema())
