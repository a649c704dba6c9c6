"""Policies that hypothesis writes: valid, and of every construct that Garrison's schema has something for."""

from __future__ import annotations

from hypothesis import strategies as st

ROLES = ("data-scientist", "ml-engineer", "service")
CLIENTS = ("batch", "web", "some one")
MODELS = ("fraud", "churn", "@server")
LABELS = ("restricted", "public")
ACTIONS = ("infer", "load-model", "admin")


def _some(kind: str, names: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from([f'{kind}::"{name}"' for name in names])


role, client, model, label = (
    _some(*x) for x in (("Role", ROLES), ("Client", CLIENTS), ("Model", MODELS), ("Label", LABELS))
)
action = _some("Action", ACTIONS)
number = st.sampled_from(
    ["context.hour", "context.weekday", "12", "3", "(context.hour + 1)", "(context.hour * 9223372036854775807)"]
)
fixed = st.one_of(
    role.map("principal in {}".format),
    client.map("principal == {}".format),
    st.lists(client, min_size=1, max_size=2).map(lambda some: f"[{', '.join(some)}].contains(principal)"),
    model.map("resource == {}".format),
    label.map("resource in {}".format),
    st.sampled_from(LABELS).map('resource.labels.contains("{}")'.format),
    action.map("action == {}".format),
    st.sampled_from(["true", "false", "9223372036854775807 + 1 > 0"]),
)
varying = st.one_of(
    st.tuples(number, st.sampled_from(["<", ">=", "=="]), number).map(" ".join),
    st.sampled_from(["key", "jwt"]).map('principal.login == "{}"'.format),
    st.sampled_from(['principal.issuer != ""', "context has claims", "context.claims has department"]),
    st.just('context.claims has department && context.claims.department == "fraud"'),
    st.just("context.claims has teams && resource.labels.containsAny(context.claims.teams)"),
    st.just('context.source.isInRange(ip("10.0.0.0/8"))'),
    st.just('context.now > datetime("2026-06-01")'),
    st.just("context.request has size_bytes && context.request.size_bytes + 9223372036854775800 > 0"),
    st.just('context.request.path like "/v2/*"'),
)
condition = st.recursive(
    st.one_of(fixed, varying),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda p: f"({' '.join(p)})"),
        inner.map("!({})".format),
        st.tuples(inner, inner, inner).map(lambda p: f"(if {p[0]} then {p[1]} else {p[2]})"),
    ),
    max_leaves=4,
)


def written(effect: str, scope: list[str], clauses: list[tuple[str, str]]) -> str:
    """One policy."""
    tail = "".join(f" {word} {{ {said} }}" for word, said in clauses)
    return f"{effect} ({', '.join(scope)}){tail};"


wide = ("principal", "action", "resource")
narrow = st.tuples(
    st.one_of(
        st.just("principal is Client"),
        role.map("principal in {}".format),
        role.map("principal is Client in {}".format),
        client.map("principal == {}".format),
    ),
    st.one_of(
        action.map("action == {}".format),
        st.lists(action, min_size=1, max_size=3).map(lambda some: f"action in [{', '.join(some)}]"),
    ),
    st.one_of(
        model.map("resource == {}".format),
        model.map("resource in {}".format),
        label.map("resource in {}".format),
        label.map("resource is Model in {}".format),
    ),
)


def policies(conditions: st.SearchStrategy[str] = condition) -> st.SearchStrategy[list[str]]:
    """A few policies; most hold for much, so that they meet in one request."""
    scope = st.tuples(narrow, st.tuples(*[st.sampled_from([False, False, True])] * 3)).map(
        lambda said: [part if only else any_ for part, only, any_ in zip(*said, wide, strict=True)]
    )
    clauses = st.lists(st.tuples(st.sampled_from(["when", "unless"]), conditions), max_size=2)
    one = st.builds(written, st.sampled_from(["permit", "permit", "forbid"]), scope, clauses)
    return st.lists(one, min_size=1, max_size=4)
