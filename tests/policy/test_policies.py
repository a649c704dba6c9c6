"""Policies that are not right are not loaded: file, line, and what to do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import cedarpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from garrison.errors import ConfigError
from garrison.policy.actions import Action
from garrison.policy.decide import Judge
from garrison.policy.policies import Policies, read_policies, unheard_of
from garrison.policy.request import Model, Request
from garrison.policy.table import table
from garrison.policy.vocabulary import Claim, Role, Vocabulary, read_vocabulary

from . import policy_text as text

VOCABULARY = Vocabulary(role={"service": Role()}, claims={"department": Claim.STRING}, shipped=False)


def load(folder: Path, text: str, vocabulary: Vocabulary = VOCABULARY) -> Policies:
    (folder / "own.cedar").write_text(text)
    return read_policies([folder / "own.cedar"], vocabulary)


def test_each_policy_is_known_by_file_and_line(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        '// "first"; not a policy\n\n@id("all")\npermit (principal, action, resource);\n'
        'forbid (principal, action, resource) // ;\n  when { context.request.path == "a;\\"b" };\n',
    )
    path = f"{tmp_path}/own.cedar"
    assert [(p.id, p.line) for p in found.policies] == [("all", 3), (f"{path}:5", 5)]
    assert [str(p) for p in found.policies] == [f"{path}:3 (all)", f"{path}:5"]


def test_shipped_policies_come_first_and_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "b.cedar").write_text("permit (principal, action, resource);")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/c.cedar").write_text("forbid (principal, action, resource);")
    shipped = read_policies([], read_vocabulary()).policies
    assert next(p.id for p in shipped) == "members-use-models"
    both = read_policies([tmp_path], read_vocabulary()).policies
    assert both[: len(shipped)] == shipped
    assert [p.path for p in both[len(shipped) :]] == [f"{tmp_path}/a/c.cedar", f"{tmp_path}/b.cedar"]
    assert len(read_policies([tmp_path], VOCABULARY).policies) == 2


ANY = "principal, action, resource"
WRONG = {
    "permit (principal, action resource);": "a policy is:",
    "permit (principal, action, resource)": "a policy is:",
    ";": "a policy is:",
    'permit (principal == Client::"a, action, resource);': "a policy is:",
    'permit (principal, action == Action::"infr", resource);': "did you mean infer?",
    'permit (principal in Role::"servce", action, resource);': "did you mean service?",
    'permit (principal == Role::"service", action, resource);': "principal is a Client or `in` a Role",
    'permit (principal in Team::"a", action, resource);': "the types are Client, Role",
    "permit (principal == ?principal, action, resource);": "name the role and the model instead",
    f'permit ({ANY}) when {{ context.claims has departmen && context.claims.departmen == "a" }};': "did you mean department?",
    f'permit ({ANY}) when {{ context.claims.team == "a" }};': 'declare it in the roles file: [claims] team = "string"',
    f'permit ({ANY}) when {{ context.claims.department == "a" }};': "context.claims has department && ...",
    f"permit ({ANY}) when {{ context.request.size_bytes > 1 }};": "context.request has size_bytes && ...",
    f"permit ({ANY}) when {{ context.hour }};": "docs/policies.md",
    f'permit ({ANY}) when {{ principal.login == unknown("a") }};': "",
    f"permit ({ANY}) when {{ {'(' * 100_000} }};": "several policies",
    f"permit ({ANY}) when {{ {'[' * 60 + ']' * 60} == [] }};": "several policies",
    f"permit ({ANY}) when {{ true {'&& true' * 50_000} }};": "several policies",
    f"permit ({ANY}) when {{ true {'&& true' * 200} }};": "several policies",
    f"permit ({ANY}) when {{ context{'.a' * 100_000} }};": "several policies",
    f"permit ({ANY}) when {{ context{'.a' * 190} }};": "",
    f"permit ({ANY}) when {{ 1{'+1' * 190} }};": "",
    f"permit ({ANY}) when {{ {'if true then ' * 20_000} }};": "several policies",
    f"permit ({ANY}) when {{ {'!' * 40} true }};": "",
}


@pytest.mark.parametrize(("text", "hint"), WRONG.items(), ids=lambda t: t[:60])
def test_what_is_wrong_is_not_loaded(text: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, f"// one\npermit (principal, action, resource);\n\n{text}")
    error = raised.value
    assert (error.path, error.line) == (f"{tmp_path}/own.cedar", 4)
    assert hint in error.hint


@pytest.mark.parametrize(
    "said",
    [
        "true" + " || context.hour == 1" * 60,
        "true" + " && true" * 90,
        "[" * 45 + "1" + "]" * 45 + " == " + "[" * 45 + "1" + "]" * 45,
        "0 < 1" + "+context.hour" * 90,
    ],
)
def test_what_is_long_but_not_too_long_is_decided(said: str, tmp_path: Path) -> None:
    policies = load(tmp_path, f"permit ({ANY}) when {{ {said} }};")
    table(policies, [Model("m")])
    asked = Request(client="c", role="service", action=Action.INFER, model="m", now=dt.datetime.now(dt.UTC))
    assert Judge(policies, [Model("m")]).decide(asked).allowed


def test_two_policies_of_one_id(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"own\.cedar:1 has the id a too") as raised:
        load(tmp_path, f'@id("a") permit ({ANY});\n@id("a") forbid ({ANY});')
    assert raised.value.line == 2


@pytest.mark.parametrize("data", [b"\xff", b"permit (\n\xc3(", b" " * 4_000_001])
def test_files_that_are_no_text_or_too_large(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_bytes(data)
    with pytest.raises(ConfigError) as raised:
        read_policies([tmp_path / "own.cedar"], VOCABULARY)
    assert raised.value.hint


@pytest.mark.parametrize("name", ["nothing.cedar", "folder"])
def test_files_that_are_not_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError) as raised:
        read_policies([tmp_path / name], VOCABULARY)
    assert raised.value.path == str(tmp_path / name)


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (
            'resource == Model::"fruad")',
            "no model is called fruad, so this policy holds for nothing; did you mean fraud?",
        ),
        (
            'resource in Label::"pii")',
            "no model has the label pii, so this policy holds for nothing; one of: personal-data",
        ),
        (
            'resource) unless { resource == Model::"chrun" }',
            "no model is called chrun, which this policy names; did you mean churn?",
        ),
        (
            'resource) when { resource.labels.contains("personal") }',
            "no model has the label personal, which this policy names; did you mean personal-data?",
        ),
        (
            'resource) when { ["personal"].containsAny(resource.labels) }',
            "no model has the label personal, which this policy names; did you mean personal-data?",
        ),
        ('resource == Model::"fraud")', ""),
        ('resource in Label::"personal-data")', ""),
        ('resource) when { resource.labels.containsAny(["personal-data"]) && context.request.path == "pii" }', ""),
    ],
)
def test_names_that_nothing_carries_are_told(tmp_path: Path, policy: str, told: str) -> None:
    policies = load(tmp_path, f"permit (principal, action, resource);\nforbid (principal, action, {policy};")
    found = [text.partition(": ") for text in unheard_of(policies, ["fraud", "churn"], ["personal-data"])]
    assert found == ([(policies.policies[-1].where, ": ", told)] if told else [])


@given(
    pieces=st.lists(
        st.one_of(
            st.just("permit (principal, action, resource);"),
            st.text(alphabet=' \n"/\\;a*', max_size=8).map("// {}\n".format).filter(lambda s: s.count("\n") == 1),
            st.text(alphabet=" \n/;a", max_size=8).map(
                'forbid (principal, action, resource) when {{ context.request.path == "{}" }};'.format
            ),
        ),
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_policies_are_told_apart_where_cedar_does(pieces: list[str], tmp_path: Path) -> None:
    whole = "".join(pieces)
    found = load(tmp_path, whole).policies
    assert len(found) == len(cedarpy.PolicySet.from_str(whole))


@given(written=text.policies())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_are_where_policies_begin(written: list[str], tmp_path: Path) -> None:
    vocabulary = Vocabulary(
        role=dict.fromkeys(text.ROLES, Role()),
        claims={"department": Claim.STRING, "teams": Claim.STRINGS},
        shipped=False,
    )
    found = load(tmp_path, "\n\n".join(written), vocabulary).policies
    assert [p.text for p in found] == written
    assert [p.line for p in found] == list(range(1, 2 * len(written), 2))


@given(data=st.text(alphabet='permit(),action{}"\\;/[]!.&|=@\n ', max_size=60))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_it_loads_or_is_explained(data: str, tmp_path: Path) -> None:
    wrong = None
    try:
        load(tmp_path, data)
    except ConfigError as error:
        wrong = error
    assert wrong is None or (wrong.line >= 1 and wrong.hint)
