"""Tables to assets: first place wins, companions, defaults, parts, roots."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
import pytest

from garrison.errors import ConfigError
from garrison.estate.assets import Asset
from garrison.estate.assets.storage import Bucket
from garrison.estate.assets.workload import Workload
from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Source, State, Value, absent, dig, known, referred, unknown
from garrison.sources.mapping.assemble import assemble
from garrison.sources.mapping.table import Table

PLACE = Place.at(Source("main.tf", b"..."), (0, 0), (0, 3))
OTHER = Place.at(Source("main.tf", b"aws.other"), (0, 0), (0, 9))


class Declared:
    """A resource made of plain Python data; Values in it stay as they are."""

    format = "terraform"

    def __init__(self, address: str, said: dict[str, Any], exists: Truth = YES, condition: str = "") -> None:
        self.root, _, name = address.partition(":")
        self.type = name.split(".")[-2] if "." in name else name.split("/")[0]
        self.address, self.place, self.exists, self.condition = address, PLACE, exists, condition
        self._said = value(said)

    def at(self, path: tuple[str, ...]) -> Value:
        return dig(self._said, path)


def value(data: Any) -> Value:
    if isinstance(data, Value):
        return data
    if isinstance(data, dict):
        return known(Body.of({k: value(v) for k, v in data.items()}, PLACE), PLACE)
    if isinstance(data, list):
        return known(tuple(value(d) for d in data), PLACE)
    return absent(PLACE) if data is None else known(data, PLACE)


def made(said: dict[str, Any], *resources: Declared, format_: str = "terraform") -> list[Asset]:
    by_type = defaultdict(list)
    for resource in resources:
        by_type[resource.type].append(resource)
    return list(assemble([Table(said, format_, "test.toml")], by_type))  # type: ignore[arg-type]


BUCKET = {
    "kind": "Bucket",
    "provider": "aws",
    "terraform": "bucket",
    "name": {"terraform": "bucket"},
    "companions": {
        "versioning": {"terraform": "versioning", "by": "bucket"},
        "acl": {"terraform": "acl", "by": ["bucket", "bucket_id"]},
        "account": {"terraform": "account_block", "by": "*"},
    },
    "fields": {
        "acl": {"terraform": ["acl:acl", "acl"], "default": "private"},
        "policy": {"terraform": ["acl:grant.*.uri", "grant.*.uri"], "gather": True},
        "versioned": {
            "terraform": ["versioning:status", "versioning.enabled"],
            "one_of": ["Enabled", True],
            "default": False,
        },
        "logged": {"terraform": "logs", "none_of": ["off"], "default": False},
        "ignores_public_acls": {"terraform": "account:ignores", "default": False},
        "blocks_public_policy": {"terraform": "versioning:mfa", "default": False, "default_alone": True},
    },
}


def bucket(*resources: Declared) -> Bucket:
    (asset,) = made(BUCKET, *resources)
    assert isinstance(asset, Bucket)
    return asset


def test_the_first_place_that_speaks_wins() -> None:
    one = Declared("r:bucket.a", {"bucket": "data", "acl": "public-read"})
    acl = Declared("r:acl.a", {"bucket": referred("r:bucket.a", "id", PLACE), "acl": "private"})
    assert bucket(one).acl.content == "public-read"
    assert bucket(one, acl).acl.content == "private"


def test_a_companion_joins_by_reference_and_by_name() -> None:
    one = Declared("r:bucket.a", {"bucket": "data"})
    assert bucket(
        one, Declared("r:versioning.a", {"bucket": referred("r:bucket.a", "id", PLACE), "status": "Enabled"})
    ).versioned.yes
    assert bucket(one, Declared("r:versioning.a", {"bucket": "data", "status": "Enabled"})).versioned.yes
    assert bucket(one, Declared("r:versioning.a", {"bucket": "other", "status": "Enabled"})).versioned.no
    assert bucket(one, Declared("elsewhere:versioning.a", {"bucket": "data", "status": "Enabled"})).versioned.no


def test_a_companion_may_name_its_owner_in_several_ways() -> None:
    one = Declared("r:bucket.a", {"bucket": "data"})
    assert bucket(one, Declared("r:acl.a", {"bucket": "data", "acl": "public-read"})).acl.content == "public-read"
    assert bucket(one, Declared("r:acl.a", {"bucket_id": "data", "acl": "public-read"})).acl.content == "public-read"


def test_a_companion_names_its_owner_by_a_path_that_has_its_reference() -> None:
    one = Declared("r:bucket.a", {"bucket": "data"})
    mine = referred("r:bucket.a", "id", PLACE)
    inside = unknown("a part is not known", PLACE, (mine, known("/blobServices/default")))
    beside = unknown("a part is not known", PLACE, (mine, known("-logs")))
    assert bucket(one, Declared("r:acl.a", {"bucket": inside, "acl": "public-read"})).acl.content == "public-read"
    assert bucket(one, Declared("r:acl.a", {"bucket": beside, "acl": "public-read"})).acl.state is State.UNKNOWN


def test_a_setting_of_the_account_speaks_of_all_in_its_root() -> None:
    one = Declared("r:bucket.a", {"bucket": "data"})
    assert bucket(one).ignores_public_acls.no
    assert bucket(one, Declared("r:account_block.all", {"ignores": True})).ignores_public_acls.yes
    assert bucket(one, Declared("other:account_block.all", {"ignores": True})).ignores_public_acls.no
    elsewhere = Declared("r:account_block.all", {"ignores": True, "provider": referred("r:aws.other", "", OTHER)})
    assert bucket(one, elsewhere).ignores_public_acls.no


def test_a_companion_of_nobody_knows_whom_makes_its_fields_unknown() -> None:
    one = Declared("r:bucket.a", {"bucket": "data"})
    stray = Declared("r:versioning.a", {"bucket": unknown("var.bucket"), "status": "Enabled"})
    assert bucket(one, stray).versioned.unknown
    assert bucket(one, Declared("other:versioning.a", {"bucket": unknown("var.bucket")})).versioned.no


def test_a_companion_that_may_not_exist_leaves_its_fields_unknown() -> None:
    maybe = Truth(None)
    companion = Declared("r:versioning.a", {"bucket": "data", "status": "Enabled"}, maybe, "var.on")
    assert bucket(Declared("r:bucket.a", {"bucket": "data"}), companion).versioned.unknown
    assert bucket(Declared("r:bucket.a", {"bucket": "data"}, maybe, "var.on"), companion).versioned.yes


def test_the_default_depends_on_whether_the_companion_is_there() -> None:
    one = Declared("r:bucket.a", {"bucket": "data"})
    assert bucket(one).blocks_public_policy.yes
    assert bucket(one, Declared("r:versioning.a", {"bucket": "data"})).blocks_public_policy.no


def test_what_another_resource_gives_is_none_of_the_words_a_table_excludes() -> None:
    logs = {"off": False, "all": True, "": True}
    for said, expected in logs.items():
        assert bucket(Declared("r:bucket.a", {"bucket": "data", "logs": said})).logged.answer is expected
    assert bucket(Declared("r:bucket.a", {"bucket": "data"})).logged.no
    assert bucket(Declared("r:bucket.a", {"logs": referred("r:stream.a", "arn", PLACE)})).logged.yes
    assert bucket(Declared("r:bucket.a", {"logs": unknown("var.logs")})).logged.unknown


def test_gathered_places_are_one_list() -> None:
    one = Declared("r:bucket.a", {"bucket": "data", "grant": [{"uri": "a"}, {"uri": "b"}]})
    acl = Declared("r:acl.a", {"bucket": "data", "grant": [{"uri": "c"}]})
    assert sorted(v.text() for v in bucket(one, acl).policy.items()) == ["a", "b", "c"]
    assert bucket(Declared("r:bucket.a", {"bucket": "data"})).policy.state is State.ABSENT


def test_what_no_table_line_mentions_is_unknown() -> None:
    assert bucket(Declared("r:bucket.a", {"bucket": "data"})).encryption_key.state is State.UNKNOWN


WORKLOAD = {
    "kind": "Workload",
    "provider": "kubernetes",
    "terraform": {"cluster": {"head": "head.pod", "workers": "workers.*.pod"}, "pod": "spec"},
    "name": {"terraform": "/name"},
    "tags": {"terraform": "/labels"},
    "fields": {"host_network": {"terraform": "hostNetwork", "default": False}},
    "parts": {
        "containers": {
            "terraform": "containers.*",
            "fields": {"run_as_non_root": {"terraform": ["nonRoot", "^nonRoot"], "default": False}},
        }
    },
}


def test_roots_become_assets_of_their_own() -> None:
    cluster = {
        "name": "ray",
        "head": {"pod": {"hostNetwork": True}},
        "workers": [{"pod": {}}, {"pod": {"hostNetwork": True}}],
    }
    assets = made(WORKLOAD, Declared("r:cluster.ray", cluster))
    assert [a.address for a in assets] == ["r:cluster.ray#head", "r:cluster.ray#workers[0]", "r:cluster.ray#workers[1]"]
    assert [a.host_network.answer for a in assets if isinstance(a, Workload)] == [True, False, True]
    assert {a.name.text() for a in assets} == {"ray"}


def test_parts_fall_back_to_their_owner() -> None:
    pod = {"name": "p", "spec": {"nonRoot": True, "containers": [{"name": "a"}, {"name": "b", "nonRoot": False}]}}
    workload, a, b = made(WORKLOAD, Declared("r:pod.p", pod))
    assert isinstance(workload, Workload)
    assert workload.containers == (a, b)
    assert [c.run_as_non_root.answer for c in workload.containers] == [True, False]
    assert a.address == "r:pod.p/containers[a]"


def test_parts_with_one_name_keep_addresses_apart() -> None:
    pod = {"name": "p", "spec": {"containers": [{"name": "a"}, {"name": "a"}, {"name": unknown("var.n")}]}}
    addresses = [a.address for a in made(WORKLOAD, Declared("r:pod.p", pod))]
    assert len(set(addresses)) == len(addresses) == 4


def test_parts_that_are_not_known_are_told_of() -> None:
    def more(containers: object, **table: object) -> str:
        (workload, *_) = made(
            {**WORKLOAD, **table}, Declared("r:pod.p", {"name": "p", "spec": {"containers": containers}})
        )
        return workload.more_["containers"].reason if "containers" in workload.more_ else ""

    said = known((known("a"),), PLACE)
    assert more([{"name": "a"}]) == ""
    assert more(unknown("var.c", PLACE)) == "var.c"
    assert more(msgspec.structs.replace(said, rest=unknown("var.d", PLACE))) == "var.d"
    assert more([], parts={}) == "Garrison does not read this from terraform"
    assert more([], parts={"containers": {"terraform": []}}) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "Bukket"}, "no kind is called 'Bukket'"),
        ({"fields": {"colour": {"terraform": "colour"}}}, "Bucket has no field colour"),
        ({"fields": {"acl": {"terrafrom": "acl"}}}, "field acl says terrafrom"),
        ({"extra": 1}, "unknown key extra"),
        ({"parts": {"wheels": {}}}, "Bucket has no part 'wheels'"),
    ],
)
def test_a_wrong_table_says_so(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Table({**BUCKET, **change}, "terraform", "aws/test.toml")
    assert caught.value.path == "aws/test.toml"
