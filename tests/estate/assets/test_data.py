"""What follows from the fields of data stores, secrets and registries."""

from __future__ import annotations

from typing import Any

import pytest

from garrison.estate.assets.data import Cache, Database, SearchIndex, SearchNetwork
from garrison.estate.assets.keys import Secret
from garrison.estate.assets.registry import Registry
from garrison.estate.truth import NO, YES, Truth
from garrison.estate.values import Body, Place, Source, Value, absent, known, referred, unknown

PLACE = Place(Source("a.tf", b""), 0, 0)


def common() -> dict[str, Any]:
    return {
        "address": "a", "name": absent(), "provider": "aws", "format": "terraform", "type": "t", "root": "r",
        "place": PLACE, "exists": YES,
    }  # fmt: skip


def open_policy(action: str) -> Value:
    statement = Body.of({"Effect": known("Allow"), "Principal": known("*"), "Action": known(action)})
    return known(Body.of({"Statement": known(statement)}))


@pytest.mark.parametrize("address", [YES, NO])
@pytest.mark.parametrize("anyone", [YES, NO])
def test_a_database_is_public_if_it_has_an_address_and_lets_all_in(address: Truth, anyone: Truth) -> None:
    database = Database(**common(), public_address=address, any_address=anyone)
    assert database.public.answer is (address.yes and anyone.yes)


def test_a_cache_on_the_internet_is_public_without_credentials() -> None:
    assert Cache(**common(), private_only=NO, authenticates=NO).public.yes
    assert Cache(**common(), private_only=NO, authenticates=YES).public.no
    assert Cache(**common(), private_only=YES, authenticates=NO).public.no


def test_an_index_with_an_open_policy_is_public_unless_something_else_asks() -> None:
    opened = open_policy("es:*")
    assert SearchIndex(**common(), private_only=NO, policy=opened, authenticates=NO).public.yes
    assert SearchIndex(**common(), private_only=YES, policy=opened, authenticates=NO).public.no
    assert SearchIndex(**common(), private_only=NO, policy=opened, authenticates=YES).public.no
    assert SearchIndex(**common(), private_only=NO, policy=absent(), authenticates=NO).public.no


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ('[{"AllowFromPublic":true}]', True),
        ('[{"AllowFromPublic" : true}]', True),
        ('[{"AllowFromPublic":false,"SourceVPCEs":["vpce-1"]}]', False),
    ],
)
def test_a_network_policy_says_whether_the_internet_is_let_in(text: str, opened: bool) -> None:
    assert SearchNetwork(**common(), policy=known(text)).from_anywhere.answer is opened


@pytest.mark.parametrize("opened", [True, False])
def test_a_network_policy_may_be_said_in_structure(opened: bool) -> None:
    rules = known((known(Body.of({"AllowFromPublic": known(opened)})),))
    assert SearchNetwork(**common(), policy=rules).from_anywhere.answer is opened


def test_the_known_part_of_a_network_policy_decides() -> None:
    parts = (
        known('[{"Rules":[{"Resource":["collection/'),
        unknown("a variable"),
        known('"]}],"AllowFromPublic":true}]'),
    )
    assert SearchNetwork(**common(), policy=unknown("a variable", parts=parts)).from_anywhere.yes


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (known("mp-7f3a91c2d4e8"), True),
        (known('{"user":"features","password":"Fr4ud-2026"}'), True),
        (known("CHANGEME"), False),
        (known("placeholder"), False),
        (known("{{resolve:secretsmanager:fraud/db}}"), False),
        (known(""), False),
        (absent(), False),
        (referred("random_password.db", "result", PLACE), False),
        (unknown("var.password has no default", decided_by="var.password"), False),
        (unknown("a parameter", parts=(unknown("a parameter"),), decided_by="DatabasePassword"), False),
    ],
)
def test_a_secret_is_written_in_code_only_if_it_stands_there(value: Value, written: bool) -> None:
    assert Secret(**common(), value=value).written_in_code.answer is written
    assert Database(**common(), password=value).password_in_code.answer is written


@pytest.mark.parametrize(
    ("action", "push"),
    [("ecr:BatchGetImage", False), ("ecr:PutImage", True), ("ecr:*", True), ("ecr:InitiateLayerUpload", True)],
)
def test_pushing_is_told_from_pulling(action: str, push: bool) -> None:
    registry = Registry(**common(), policy=open_policy(action), anonymous_pull=NO)
    assert registry.public_pull.yes
    assert registry.public_push.answer is push
