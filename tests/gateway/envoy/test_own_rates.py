"""Clients with a rate of their own, in the place of the one that all have."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.gateway.envoy.conftest import FILE, OPERATOR, SCIENTIST, Answer, Gateway, serving

from garrison.gateway.envoy import names
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.explain import explain
from garrison.gateway.file.form import Rate
from garrison.gateway.file.read import read
from garrison.gateway.planning import planned
from garrison.policy.actions import Action

TEXT = FILE.replace("client = {{ per-second = 100000 }}", "client = {{ per-second = 0.01, burst = 4 }}")
OWN = "clients.ada = {{ per-second = 0.02, burst = 7 }}\n"
TOLD = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


@pytest.fixture
def gateway(made: Callable[..., Plan], tmp_path: Path) -> Iterator[Gateway]:
    with serving(made(tmp_path, TEXT + OWN)) as running:
        yield running


def ask(gateway: Gateway, key: str) -> Answer:
    return gateway.call("GET", "/v2/models/iris", key=key)


def lets(gateway: Gateway, key: str, times: int = 10) -> int:
    """How many of some requests go through."""
    return sum(ask(gateway, key).status == 200 for _ in range(times))


@pytest.mark.slow
def test_it_is_held_in_the_place_of_that_of_all(gateway: Gateway) -> None:
    first = ask(gateway, OPERATOR)
    assert [name in first.headers for name in TOLD] == [True] * 3
    assert lets(gateway, OPERATOR) == 3
    own = ask(gateway, SCIENTIST)
    assert [name in own.headers for name in TOLD] == [False] * 3  # no limit that is not the client's is told of
    assert lets(gateway, SCIENTIST) == 6
    refused = ask(gateway, SCIENTIST)
    assert (refused.status, refused.headers["retry-after"]) == (429, "50")
    assert refused.json["error"].startswith("too many requests")
    assert not set(TOLD) & refused.headers.keys()


@pytest.mark.slow
def test_a_new_one_fills_nobodys_bucket(gateway: Gateway) -> None:
    assert (lets(gateway, OPERATOR), lets(gateway, SCIENTIST)) == (4, 7)
    path, slots = gateway.plan.loaded.path, gateway.plan.slots
    text = path.read_text()
    for name, per_second, burst, pushed in (
        ("eve", 0.02, 7, [names.ASK]),
        ("eve", 5, 3, [f"{names.LIMIT_SLOT}3", names.ASK]),
        ("olga", 0.02, 2, [f"{names.LIMIT_SLOT}4", names.ASK]),
    ):
        path.write_text(f"{text}clients.{name} = {{ per-second = {per_second}, burst = {burst} }}\n")
        plan = msgspec.structs.replace(gateway.plan, loaded=read(path), before=slots)
        slots = plan.slots
        changed = gateway.push(plan)
        assert [name.partition("/")[2].removesuffix(".json") for name in changed] == pushed
        time.sleep(0.5)
        assert lets(gateway, SCIENTIST, 2) == 0
        assert lets(gateway, OPERATOR, 4) == (2 if name == "olga" else 0)  # one of its own is full when it is new


@pytest.mark.slow
@pytest.mark.parametrize(("left", "through"), [(Rate(0.01, burst=1), 1), (Rate(5, burst=2), 2), (Rate(1000), 7)])
def test_who_is_held_to_less_has_the_smaller(gateway: Gateway, left: Rate, through: int) -> None:
    gateway.push(msgspec.structs.replace(gateway.plan, tightened={"ada": left}))
    time.sleep(0.5)
    assert lets(gateway, SCIENTIST) == through
    assert lets(gateway, OPERATOR) == 4


def test_two_rates_at_once_let_through_no_more_than_either() -> None:
    assert Rate(2).and_(Rate(1, burst=9)) == Rate(1, burst=4)
    assert Rate(1000, burst=1).and_(Rate(3)) == Rate(3, burst=1)


def test_it_is_explained(made: Callable[..., Plan], tmp_path: Path) -> None:
    more = "clients.bob = {{ request-kb = 7, timeout-s = 2.5 }}\nrole.data-scientist = {{ response-kb = 9 }}\n"
    made(tmp_path, TEXT + OWN + more)
    plans = planned(read(tmp_path / "gateway.toml"), dt.datetime.now(dt.UTC))

    def holds(client: str) -> tuple[str, ...]:
        return explain(plans, client=client, role="data-scientist", action=Action.INFER, model="other").holds

    assert holds("ada") == (
        "ada: 0.02 requests a second, 7 at once",
        "bodies of at most 1024 KB, answers of at most 9 KB within 30 s",
    )
    assert holds("bob") == (
        "each client: 0.01 requests a second, 4 at once",
        "bodies of at most 7 KB, answers of at most 9 KB within 2.5 s",
    )
