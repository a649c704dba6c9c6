"""What an expression can name, and what is said of what it cannot."""

from __future__ import annotations

import sys

import pytest

from garrison.checks.cel.compiling import compile_expression, variable_of
from garrison.checks.cel.methods import _compiled
from garrison.checks.cel.syntax import RESERVED, ExpressionError
from garrison.estate.assets import kinds
from garrison.estate.assets.network import Firewall
from garrison.estate.assets.storage import Bucket
from garrison.estate.assets.workload import Container, Workload
from garrison.estate.estate import Estate
from garrison.estate.facts import Content, Environment, Facts, Holds
from garrison.estate.relations import Relation
from garrison.estate.truth import NO, YES, Truth
from garrison.estate.values import unknown

from .conftest import PLACE, bucket, truth, value


@pytest.mark.parametrize(
    ("expression", "at", "message", "hint"),
    [
        ("bucket.versionned", 7, "Bucket has no field versionned", "did you mean versioned?"),
        ("bukket.versioned", 0, "nothing is called bukket", "did you mean bucket?"),
        ("versioned", 0, "nothing is called versioned", "write bucket.versioned"),
        ("zzz", 0, "nothing is called zzz", "what is judged is called bucket"),
        ("bucket", 0, "a Bucket is no yes or no", "compare it"),
        ("bucket.acl", 0, "a value is no yes or no", "compare it (== ...), or ask has(...)"),
        ("!bucket.acl", 1, "a value is no yes or no", "compare it (== ...), or ask has(...)"),
        ("bucket.versioned.on", 17, "a yes or no has no field on", ""),
        ("bucket.grants.action", 14, "a list has no field action", "write .exists(x, x...) or .all(x, x...)"),
        ("bucket.versioned == 'x'", 17, "a yes or no is never a text", "one of the two is misspelt"),
        ("bucket.provider == 3", 16, "a text is never a number", "one of the two is misspelt"),
        ("bucket.grants == []", 14, "lists are not compared as a whole", "use in, exists, all or size"),
        ("bucket == bucket", 7, "assets are not compared as a whole", "compare their address or name"),
        ("bucket.versioned == null", 0, "a yes or no is never null", "leave the comparison out"),
        ("bucket.acl < 'b'", 11, "texts are not put in an order", "versions and dates would be compared letter by letter"),
        ("bucket.versioned < 1", 0, "a yes or no cannot stand here", "a single value can"),
        ("'a' in bucket.provider", 7, "a text has nothing in it", "write text.contains(part)"),
        ("has(bucket.versioned)", 4, "has() of a yes or no says nothing", "it may be unknown, but is always there"),
        ("has(bucket.grants)", 4, "has() of a list says nothing", "ask size(...) > 0"),
        ("has(bucket)", 0, "has() takes one field", "write has(bucket.name)"),
        ("size(bucket.versioned) > 1", 5, "a yes or no has no size", "lists, texts and maps have"),
        ("size() > 1", 0, "size() takes one thing", "write size(x) or x.size()"),
        ("bucket.acl[0] == 1", 11, "only keys that are written out are looked up", 'write ["key"]'),
        ("bucket.grants['a'] == 1", 13, "a list has no keys", "only values have"),
        ("bucket.acl.lower() == 'a'", 11, "there is no method lower", "there are all, contains, endsWith, "),
        ("bucket.acl.startWith('a')", 11, "there is no method startWith", "did you mean startsWith?"),
        ("matches(bucket.acl, 'a')", 0, "there is no function matches", "there are has, size"),
        ("bucket.acl.matches(bucket.acl)", 19, "matches() takes a text that is written out", "write it in quotes"),
        ("bucket.acl.matches('(a')", 19, "no regular expression of RE2: missing ): (a", "github.com/google/re2/wiki/Syntax"),
        ("bucket.acl.startsWith()", 11, "startsWith() takes one argument", 'write startsWith("...")'),
        ("bucket.acl.startsWith(1)", 22, "a number is no text", "write it in quotes"),
        ("bucket.grants.startsWith('a')", 0, "a list is no text", "write .exists(x, x...)"),
        ("bucket.provider.exists(x, true)", 0, "a text is no list", "only lists have this method"),
        ("bucket.grants.exists(true)", 14, "exists() takes a name and what is asked of it", "write exists(x, ...)"),
        ("bucket.grants.exists(bucket, true)", 21, "bucket is something already", "use another name"),
        ("bucket.grants.exists(x, x.acl)", 26, "AccessGrant has no field acl", "garrison kinds AccessGrant lists its fields"),
        ("[1, bucket].exists(x, true)", 4, "a number and a Bucket do not go together", "let both be of one type"),
        ("bucket.versioned ? bucket : bucket", 17, "a Bucket cannot be chosen", "choose between values, or yes and no"),
        ("bucket.native.shared_kee == 1", 14, "Bucket has no field native.shared_kee", "did you mean shared_key?"),
        ("near", 0, "near is not a thing of its own", "write near.to, near.by or near.facts"),
        ("near.too.reads.Role", 5, "near has no too", "did you mean to?"),
        ("near.to.reads", 5, "near.to takes a relation and a kind", "near.to.runs_as.Role"),
        ("near.to.run_as.Role.exists(r, true)", 8, "no relation is called run_as", "did you mean runs_as?"),
        ("near.to.runs_as.Rolle.exists(r, true)", 16, "no kind is called Rolle", "did you mean Role"),
        ("near.facts.expose", 11, "no fact is called expose", "did you mean exposed?"),
        ("near.facts", 5, "near.facts takes one fact", "one of: exposed, holds, environment, stage"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused(expression: str, at: int, message: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        compile_expression(expression, Bucket)
    error = raised.value
    assert (error.message, error.at) == (message, at)
    assert error.hint.startswith(hint)


def test_every_kind_can_be_named() -> None:
    for name, kind in kinds().items():
        assert compile_expression(f'{variable_of(kind)}.address == "a" || asset.public', kind)
        assert variable_of(kind) not in RESERVED, name
    assert variable_of(kinds()["LoadBalancer"]) == "load_balancer"
    assert variable_of(kinds()["Namespace"]) == "asset"


def test_native_fields_are_told() -> None:
    program = compile_expression("bucket.native.shared_key == true && has(bucket.native.network_default)", Bucket)
    assert program.native == ("network_default", "shared_key")


def test_parts_are_asked_one_by_one() -> None:
    parts = [
        Container(
            address=f"r:w#{n}", name=value(n), provider="kubernetes", format="kubernetes", type="Pod", root="r", place=PLACE,
            exists=YES, privileged=truth(said),
        )
        for n, said in (("a", False), ("b", None))
    ]  # fmt: skip
    pod = Workload(
        address="r:w", name=value("w"), provider="kubernetes", format="kubernetes", type="Pod", root="r", place=PLACE,
        exists=YES, containers=tuple(parts),
    )  # fmt: skip

    def says(expression: str) -> bool | None:
        return compile_expression(expression, Workload).run(pod, Estate([pod]).near(pod)).answer

    assert says("workload.containers.exists(c, c.privileged)") is None
    assert says('workload.containers.exists(c, c.name == "a" && !c.privileged)') is True
    assert says("workload.containers.all(c, c.privileged)") is False
    assert says("size(workload.containers) == 2") is True
    assert says("workload.containers.map(c, c.name).exists(n, n == 'b')") is True
    assert says("workload.containers.map(c, c.privileged).exists(p, p == true)") is None


def test_parts_that_may_be_more_decide_nothing() -> None:
    open_ = unknown("var.c has no default", PLACE)
    pod = Workload(
        address="r:w", name=value("w"), provider="kubernetes", format="kubernetes", type="Pod", root="r", place=PLACE,
        exists=YES, more_={"containers": open_},
    )  # fmt: skip

    def says(expression: str) -> Truth:
        return compile_expression(expression, Workload).run(pod, Estate([pod]).near(pod))

    for expression in ("exists(c, c.privileged)", "all(c, c.privileged)", "size() == 0"):
        assert says(f"workload.containers.{expression}").answer is None
    assert {v.reason for v in says("workload.containers.all(c, true)").because} <= {open_.reason}


def test_words_that_are_not_known_may_be_several() -> None:
    command = value(["serve", "--port"])
    container = Container(
        address="r:w", name=value("w"), provider="kubernetes", format="kubernetes", type="Pod", root="r", place=PLACE,
        exists=YES, command=command, arguments=unknown("var.a has no default", PLACE),
    )  # fmt: skip

    def says(expression: str) -> bool | None:
        return compile_expression(expression, Container).run(container, Estate([container]).near(container)).answer

    assert says("container.words.exists(w, w == 'serve')") is True
    assert says("container.words.exists(w, w == '--reload')") is None
    assert says("size(container.words) == 3") is None


@pytest.fixture
def shielded() -> Estate:
    """A bucket with a firewall that may not exist, one that does, and one that is not in these files."""
    asset = bucket(logged=truth(True))
    walls = [
        Firewall(
            address=f"r:{n}", name=value(n), provider="aws", format="terraform", type="t", root="r", place=PLACE, exists=e
        )
        for n, e in (("sure", YES), ("perhaps", truth(None)), ("gone", NO))
    ]  # fmt: skip
    estate = Estate([asset, *walls])
    for wall in (*walls, walls[0]):
        estate.graph.add(wall, Relation.SHIELDS, asset, value("said"))
    estate.graph.add(asset, Relation.LOGS_TO, None, unknown("it is not in these files", PLACE))
    holds = (Holds(Content.MODELS, 0.9, "its name says so"), Holds(Content.FEATURES, 0.1, "perhaps"))
    estate.facts = lambda _: Facts(Truth(None), holds=holds, environment=Environment.PRODUCTION)
    return estate


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ('near.by.shields.Firewall.exists(f, f.name == "sure")', True),
        ('near.by.shields.Firewall.exists(f, f.name == "perhaps")', None),
        ('near.by.shields.Firewall.exists(f, f.name == "gone")', False),
        ("near.by.shields.Firewall.all(f, f.name == 'sure')", None),
        ("near.by.shields.Rule.exists(r, true)", False),
        ("near.to.shields.Firewall.exists(f, true)", False),
        ("near.to.logs_to.Bucket.exists(b, b.logged)", None),
        ("near.to.logs_to.Bucket.size() == 0", None),
        ("near.facts.exposed", None),
        ('"models" in near.facts.holds', True),
        ('"features" in near.facts.holds', False),
        ('near.facts.environment == "production"', True),
        ("near.facts.stage == null", True),
    ],
)
def test_what_is_near(shielded: Estate, expression: str, answer: bool | None) -> None:
    asset = shielded.of(Bucket)[0]
    assert compile_expression(expression, Bucket).run(asset, shielded.near(asset)).answer is answer


def test_why_it_is_believed_to_hold_something_is_evidence(shielded: Estate) -> None:
    asset = shielded.of(Bucket)[0]
    found = compile_expression('"models" in near.facts.holds', Bucket).run(asset, shielded.near(asset))
    assert [v.reason for v in found.because] == ["it holds models: its name says so"]


def test_without_re2_matches_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    _compiled.cache_clear()
    with pytest.raises(ExpressionError) as raised:
        compile_expression("bucket.acl.matches('a')", Bucket)
    assert "garrison[re2]" in raised.value.hint
