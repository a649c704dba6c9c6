"""The table and the service that has the rest: together they are Cedar itself, and nothing else."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import cedarpy
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from garrison.policy.actions import Action
from garrison.policy.decide import Judge, Outcome
from garrison.policy.policies import Policies, read_policies
from garrison.policy.request import Json, Login, Model, Request, context, euid
from garrison.policy.table import table
from garrison.policy.vocabulary import Claim, Role, Vocabulary, read_vocabulary

from . import policy_text as text

VOCABULARY = Vocabulary(
    role={
        "data-scientist": Role(),
        "ml-engineer": Role(within=("data-scientist",)),
        "service": Role(within=()),
    },
    claims={"department": Claim.STRING, "teams": Claim.STRINGS},
    timezone="Europe/Berlin",
    shipped=False,
)
SOME = (Model("fraud", frozenset({"restricted"})), Model("churn"), Model("@server"), Model("other"), Model("another"))
YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
requests = st.builds(
    Request,
    client=st.sampled_from([*text.CLIENTS, "nobody in particular"]),
    role=st.sampled_from(text.ROLES),
    action=st.sampled_from([*text.ACTIONS, Action.TRAIN]).map(Action),
    model=st.sampled_from([m.name for m in SOME]),
    now=st.integers(0, 365 * 24).map(lambda hours: YEAR + dt.timedelta(hours=hours)),
    source=st.sampled_from(["10.1.2.3", "192.0.2.1", "2001:db8::1"]),
    login=st.sampled_from(Login),
    issuer=st.sampled_from(["", "okta"]),
    claims=st.fixed_dictionaries(
        {}, optional={"department": st.sampled_from(["fraud", "x"]), "teams": st.lists(st.sampled_from(text.LABELS))}
    ),
    path=st.sampled_from(["/v2/models", "/"]),
    size_bytes=st.sampled_from([None, 1, 100]),
)


def loaded(folder: Path, *written: str, vocabulary: Vocabulary = VOCABULARY) -> Policies:
    (folder / "own.cedar").write_text("\n".join(written))
    return read_policies([folder / "own.cedar"], vocabulary)


def directly(written: list[str], request: Request) -> bool:
    """Cedar asked the plain way: all policies, all entities, everything parsed anew."""
    roles: list[Json] = [{"uid": euid("Role", "member"), "attrs": {}, "parents": []}]
    for name, role in VOCABULARY.role.items():
        roles.append({"uid": euid("Role", name), "attrs": {}, "parents": [euid("Role", r) for r in role.within]})
    models: list[Json] = [{"uid": euid("Label", label), "attrs": {}, "parents": []} for label in text.LABELS]
    for model in SOME:
        parents = [euid("Label", label) for label in model.labels]
        models.append({"uid": euid("Model", model.name), "attrs": {"labels": list(model.labels)}, "parents": parents})
    attributes: Json = {"login": request.login, "issuer": request.issuer}
    client = {"uid": euid("Client", request.client), "attrs": attributes, "parents": [euid("Role", request.role)]}
    asked = {
        "principal": euid("Client", request.client),
        "action": euid("Action", request.action),
        "resource": euid("Model", request.model),
        "context": context(request, VOCABULARY),
    }
    said = cedarpy.is_authorized(asked, "\n".join(written), json.dumps([*roles, *models, client]), VOCABULARY.schema())
    assert said.decision is not cedarpy.Decision.NoDecision, said.diagnostics.errors
    return said.allowed and not said.diagnostics.errors


@pytest.mark.slow
@given(written=text.policies(), asked=st.lists(requests, min_size=1, max_size=8))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_table_and_residue_are_cedar(tmp_path: Path, written: list[str], asked: list[Request]) -> None:
    policies = loaded(tmp_path, *written)
    made, judge = table(policies, SOME), Judge(policies, SOME)
    for request in asked:
        truth = directly(written, request)
        ahead = made.look_up(request.role, request.action, request.model, request.client)
        if ahead is not Outcome.RESIDUE:
            assert (ahead is Outcome.ALLOW) is truth, request
        assert judge.decide(request).allowed is truth, request


@given(written=text.policies(text.fixed))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_what_does_not_depend_on_the_request_is_decided(tmp_path: Path, written: list[str]) -> None:
    written = [p for p in written if "9223372036854775807" not in p]
    assert not table(loaded(tmp_path, *written), SOME).has_residue


def test_the_shipped_roles_use_models_and_the_named_ones_do_more() -> None:
    made = table(read_policies([], read_vocabulary()), [Model("fraud")])
    (group,) = made.groups
    allowed = {role: {a for a, o in row.items() if o is Outcome.ALLOW} for role, row in group.roles.items()}
    use = {Action.INFER, Action.READ_METADATA, Action.HEALTH}
    assert allowed == {
        "data-scientist": use,
        "ml-engineer": use | {Action.TRAIN, Action.LOAD_MODEL, Action.UNLOAD_MODEL},
        "operations": use | {Action.ADMIN, Action.LOAD_MODEL, Action.UNLOAD_MODEL},
        "security-analyst": use,
        "service": use,
    }
    assert not made.has_residue


@pytest.mark.parametrize(("role", "model"), [("nobody", "fraud"), ("", "fraud"), ("member", "fraud"), ("service", "x")])
def test_what_is_not_listed_may_nothing(role: str, model: str) -> None:
    made = table(read_policies([], read_vocabulary()), [Model("fraud")])
    assert {made.look_up(role, action, model) for action in Action} == {Outcome.DENY}


def test_models_that_no_policy_tells_apart_are_one_group(tmp_path: Path) -> None:
    policies = loaded(tmp_path, 'permit (principal, action, resource == Model::"m7");')
    models = [Model(f"m{n}", frozenset({"public"} if n < 100 else ())) for n in range(500)]
    groups = table(policies, models).groups
    assert sorted(len(group.models) for group in groups) == [1, 99, 400]
    assert sorted(name for group in groups for name in group.models) == sorted(m.name for m in models)


def test_a_client_that_is_named_has_a_row_where_it_differs(tmp_path: Path) -> None:
    policies = loaded(
        tmp_path,
        'permit (principal in Role::"service", action == Action::"infer", resource);',
        'forbid (principal == Client::"web", action, resource == Model::"fraud");',
    )
    made = table(policies, SOME)
    assert made.look_up("service", Action.INFER, "fraud", "web") is Outcome.DENY
    assert made.look_up("service", Action.INFER, "fraud", "batch") is Outcome.ALLOW
    assert made.look_up("service", Action.INFER, "churn", "web") is Outcome.ALLOW
    assert [list(group.clients) for group in made.groups] == [[("web", "service")], []]


def test_a_permit_that_may_err_leaves_a_residue(tmp_path: Path) -> None:
    """Cedar alone would allow: what errs in another permit is no matter to it, but is to us."""
    policies = loaded(
        tmp_path,
        "permit (principal, action, resource);",
        "permit (principal, action, resource) when { context.hour * 9223372036854775807 > 0 };",
    )
    assert table(policies, SOME).look_up("service", Action.INFER, "fraud") is Outcome.RESIDUE
    request = Request(
        client="a", role="service", action=Action.INFER, model="fraud", now=dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    )
    decision = Judge(policies, SOME).decide(request)
    assert not decision.allowed
    assert "own.cedar:2" in decision.reason
    assert "overflow" in decision.reason


def test_every_attribute_of_a_client_is_required() -> None:
    """One that may be missing counts as there when it is unknown, so that `has` would be decided too early."""
    schema = Vocabulary().schema()
    client = schema.partition("entity Client")[2].partition("};")[0]
    assert client.count(":") == 2
    assert "?" not in client


def test_actions_are_those_of_the_schema() -> None:
    schema = Vocabulary().schema()
    assert [w.strip(' "\n') for w in schema.partition("\naction ")[2].partition("appliesTo")[0].split(",")] == list(
        Action
    )


def test_tables_can_be_written_and_read_again(tmp_path: Path) -> None:
    policies = loaded(tmp_path, 'permit (principal, action, resource) when { principal.login == "jwt" };')
    again = msgspec.json.decode(msgspec.json.encode(policies), type=Policies)
    assert again == policies
