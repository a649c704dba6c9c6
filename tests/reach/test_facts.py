"""What is derived: exposure through routes, contents and zones from names, tags and relations."""

from __future__ import annotations

import itertools

import pytest

from garrison.estate.assets import Asset
from garrison.estate.assets.storage import Bucket
from garrison.estate.estate import Estate
from garrison.estate.facts import Content, Environment, Stage
from garrison.estate.relations import Relation
from garrison.estate.truth import NO, YES, Truth
from garrison.estate.values import Body, Place, Source, Value, absent, known, unknown
from garrison.reach import words
from garrison.reach.facts import FactBook

PLACE = Place.at(Source("main.tf", b""), (0, 0), (0, 0))


def bucket(name: Value | str, *, public: Truth = NO, exists: Truth = YES, tags: dict[str, str] | None = None) -> Bucket:
    named = name if isinstance(name, Value) else known(name)
    return Bucket(
        address="r:aws_s3_bucket.a",
        name=named,
        provider="aws",
        format="terraform",
        type="aws_s3_bucket",
        root="r",
        place=PLACE,
        exists=exists,
        tags=known(Body.of({k: known(v) for k, v in (tags or {}).items()})),
        acl=absent(),
        grants=(),
        policy=absent(),
        ignores_public_acls=NO,
        blocks_public_policy=NO,
        anonymous_access=public,
    )


def chain(*assets: Asset) -> tuple[Estate, FactBook]:
    """Each routes to the next."""
    estate = Estate(assets)
    for start, end in itertools.pairwise(assets):
        estate.graph.add(start, Relation.ROUTES_TO, end, known("route"))
    return estate, FactBook(estate)


def numbered(*buckets: Bucket) -> list[Bucket]:
    return [
        Bucket(**{f: getattr(b, f) for f in b.__struct_fields__ if f != "address"}, address=f"r:b.{n}")
        for n, b in enumerate(buckets)
    ]


def test_exposure_passes_along_routes_and_names_its_origin() -> None:
    front, middle, back = numbered(bucket("front", public=YES), bucket("middle"), bucket("back"))
    _, book = chain(front, middle, back)
    assert book.of(front).exposed.yes
    assert book.of(front).exposed_by == ""
    assert book.of(back).exposed.yes
    assert book.of(back).exposed_by == "front"


def test_exposure_does_not_run_backwards_or_through_what_is_not_there() -> None:
    front, back = numbered(bucket("front"), bucket("back", public=YES))
    _, book = chain(front, back)
    assert book.of(front).exposed.no
    gone, behind = numbered(bucket("gone", public=YES, exists=NO), bucket("behind"))
    assert chain(gone, behind)[1].of(behind).exposed.no
    maybe, behind = numbered(bucket("maybe", public=YES, exists=Truth(None)), bucket("behind"))
    assert chain(maybe, behind)[1].of(behind).exposed.unknown


def test_a_circle_of_routes_exposes_nothing() -> None:
    a, b = numbered(bucket("a"), bucket("b"))
    estate, book = chain(a, b)
    estate.graph.add(b, Relation.ROUTES_TO, a, known("route"))
    assert book.of(a).exposed.no


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("fraud-training-data", Content.TRAINING_DATA),
        ("fraudModelArtifacts", Content.MODELS),
        ("acme_feature_store", Content.FEATURES),
        ("prod-cloudtrail", Content.AUDIT_LOG),
        ("customers-pii", Content.PERSONAL_DATA),
        ("db-credentials", Content.CREDENTIALS),
    ],
)
def test_names_tell_what_is_held(text: str, content: Content) -> None:
    (only,) = numbered(bucket(text))
    assert chain(only)[1].of(only).contains(content)


def test_a_name_that_tells_nothing_holds_nothing() -> None:
    (only,) = numbered(bucket("website-assets"))
    facts = chain(only)[1].of(only)
    assert not facts.holds
    assert facts.environment is None
    assert facts.stage is None


def test_tags_outweigh_and_partial_names_count() -> None:
    named = unknown("var.prefix", parts=(unknown("var.prefix"), known("-model-store")))
    one, two = numbered(bucket("bucket-1", tags={"contains": "training data", "env": "prd"}), bucket(named))
    _, book = chain(one, two)
    assert book.of(one).contains(Content.TRAINING_DATA, at_least=0.9)
    assert book.of(one).environment is Environment.PRODUCTION
    assert book.of(two).contains(Content.MODELS)


@pytest.mark.parametrize(
    ("text", "environment", "stage"),
    [
        ("prod-scoring-endpoint", Environment.PRODUCTION, Stage.SERVE),
        ("ray-training-dev", Environment.DEVELOPMENT, Stage.TRAIN),
        ("reproduction", None, None),
    ],
)
def test_zones(text: str, environment: Environment | None, stage: Stage | None) -> None:
    assert words.environment(text) is environment
    assert words.stage(text) is stage


def test_words_are_cut_at_case_and_signs() -> None:
    assert words.split("fraudTraining-data_v2.S3Bucket") >= {"fraud", "training", "data", "v", "2", "bucket"}
    assert words.split("HTTPServer") == {"http", "server"}
