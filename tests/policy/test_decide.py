"""Single decisions: what is known of a request, and how an answer is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest

from garrison.errors import UsageError
from garrison.policy.actions import Action
from garrison.policy.decide import Decision, Judge, Outcome
from garrison.policy.policies import read_policies
from garrison.policy.request import Login, Model, Request
from garrison.policy.vocabulary import Claim, Role, Vocabulary

MODEL = Model("fraud", frozenset({"restricted"}))
ASKED = Request(
    client="batch",
    role="service",
    action=Action.INFER,
    model="fraud",
    now=dt.datetime(2026, 7, 3, 22, 30, tzinfo=dt.UTC),  # a Friday, and Saturday already in Berlin
    source="10.1.2.3",
    login=Login.JWT,
    issuer="okta",
    claims={"team": "a", "teams": ["a", "b"], "level": 3, "staff": True, "other": {}},
    path="/v2/models/fraud/infer",
    protocol="open-inference",
    size_bytes=100,
)
VOCABULARY = Vocabulary(
    role={"service": Role(), "auditor": Role(within=("service",))},
    claims={"team": Claim.STRING, "teams": Claim.STRINGS, "level": Claim.NUMBER, "staff": Claim.BOOLEAN},
    timezone="Europe/Berlin",
    shipped=False,
)


def judge(folder: Path, *policies: str) -> Judge:
    (folder / "own.cedar").write_text("\n".join(policies))
    return Judge(read_policies([folder / "own.cedar"], VOCABULARY), [MODEL])


def when(folder: Path, condition: str, **changed: Any) -> Decision:
    permit = f"permit (principal, action, resource) when {{ {condition} }};"
    return judge(folder, permit).decide(msgspec.structs.replace(ASKED, **changed))


@pytest.mark.parametrize(
    "condition",
    [
        'principal == Client::"batch" && principal in Role::"service" && principal in Role::"member"',
        'principal.login == "jwt" && principal.issuer == "okta"',
        'action == Action::"infer"',
        'resource in Label::"restricted" && resource.labels == ["restricted"]',
        'context.now == datetime("2026-07-03T22:30:00Z")',
        "context.hour == 0 && context.weekday == 6",
        'context.source == ip("10.1.2.3")',
        'context.claims has team && context.claims.team == "a"',
        'context.claims has teams && context.claims.teams.contains("b")',
        "context.claims has level && context.claims.level == 3",
        "context.claims has staff && context.claims.staff",
        'context.request.method == "POST" && context.request.path like "*/infer"',
        'context.request.protocol == "open-inference"',
        "context.request has size_bytes && context.request.size_bytes == 100",
    ],
)
def test_what_is_known_of_a_request(condition: str, tmp_path: Path) -> None:
    assert when(tmp_path, condition).allowed
    assert not when(tmp_path, f"!({condition})").allowed


@pytest.mark.parametrize("source", ["::ffff:10.1.2.3", "::ffff:0a01:0203", "10.1.2.3"])
def test_an_address_is_in_its_range_however_it_is_written(source: str, tmp_path: Path) -> None:
    assert when(tmp_path, 'context.source.isInRange(ip("10.0.0.0/8"))', source=source).allowed


def test_what_a_request_does_not_have_is_missing(tmp_path: Path) -> None:
    missing = "context.claims has team || context.request has size_bytes"
    assert not when(tmp_path, missing, claims={"team": None}, size_bytes=None).allowed


@pytest.mark.parametrize(
    "changed",
    [
        {"claims": {"team": ["a"]}},
        {"claims": {"teams": ["a", 1]}},
        {"claims": {"level": "3"}},
        {"claims": {"level": True}},
        {"claims": {"level": 2**63}},
        {"claims": {"staff": 1}},
        {"source": "somewhere"},
        {"source": "fe80::1%eth0"},
    ],
)
def test_what_is_not_of_its_type_is_not_decided(changed: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no |address|IP"):
        when(tmp_path, "true", **changed)


@pytest.mark.parametrize(
    ("changed", "hint"), [({"role": "servise"}, "did you mean service?"), ({"model": "fruad"}, "did you mean fraud?")]
)
def test_what_is_not_listed(changed: dict[str, str], hint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        when(tmp_path, "true", **changed)
    assert raised.value.hint == hint


def test_roles_within_roles(tmp_path: Path) -> None:
    asked = msgspec.structs.replace(ASKED, role="auditor")
    judged = judge(tmp_path, 'permit (principal in Role::"service", action, resource);')
    assert judged.decide(asked).allowed
    assert judged.decide_ahead("auditor", Action.INFER, "fraud").allowed


def test_how_an_answer_is_told(tmp_path: Path) -> None:
    judged = judge(
        tmp_path,
        'permit (principal, action == Action::"infer", resource);',
        '@id("not-train") forbid (principal, action == Action::"train", resource);',
        'permit (principal, action == Action::"admin", resource) when { context.hour > 7 };',
        'permit (principal, action == Action::"health", resource) when { context.hour + 9223372036854775807 > 0 };',
    )
    at = f"{tmp_path}/own.cedar"
    told = {action: judged.decide_ahead("service", action, "fraud") for action in Action}
    assert told[Action.INFER].reason == f"permitted by {at}:1"
    assert told[Action.TRAIN].reason == f"forbidden by {at}:2 (not-train)"
    assert told[Action.LOAD_MODEL].reason == "no policy permits it"
    assert told[Action.ADMIN].reason == f"it depends on the request: {at}:3"
    assert told[Action.HEALTH].outcome is Outcome.RESIDUE
    failed = judged.decide(
        msgspec.structs.replace(ASKED, action=Action.HEALTH, now=dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC))
    )
    assert failed.reason.startswith(f"a policy failed: error while evaluating policy {at}:4")
