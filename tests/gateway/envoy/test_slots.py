"""A limit of one fills nobody else's bucket, however many there are; and a limit is what the file says."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.envoy.conftest import FILE, OPERATOR, SCIENTIST, Gateway, Upstream

from garrison.cli import program
from garrison.errors import ConfigError
from garrison.gateway.certificates.authority import make
from garrison.gateway.envoy import names
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.routes import TABLE
from garrison.gateway.envoy.slots import COUNT, Kind, Slots, Span, draft, read_slots, seated, span_of, written
from garrison.gateway.envoy.slots import FILE as SLOTS
from garrison.gateway.file.form import CallerLimits, Model, Rate

NONE: Mapping[str, Rate] = {}
KINDS: tuple[Kind, ...] = ("client", "role", "model")
TLS = 'tls = { certificate = "server.pem", key = "server.key" }\n'
ASK = f"filters/{names.ASK}.json"
SCARCE = Rate(0.01, burst=3)
spans = st.builds(Span, st.sampled_from(KINDS), st.sampled_from([float(n) for n in range(1, 7)]))
rates = st.builds(Rate, st.floats(1e-3, 1e6), st.integers(0, 1_000_000))


@given(st.lists(st.sets(spans, max_size=12), max_size=5))
def test_what_is_wanted_has_a_slot_and_keeps_it(turns: list[set[Span]]) -> None:
    slots: Slots = ()
    last: set[Span] = set()
    for wanted in turns:
        before, slots = slots, seated(slots, wanted)
        assert len(slots) == COUNT
        assert sum(span in seat for span in wanted for seat in slots) == len(wanted)
        assert all(len({span.kind for span in seat}) <= 1 for seat in slots)
        assert all({span.kind for span in slots[n]} <= {kind} for n, kind in enumerate(KINDS))
        for number, seat in enumerate(before):
            assert set(seat) & last & wanted <= set(slots[number])
            if len(last | wanted) <= COUNT - len(KINDS):  # all have a slot of their own, whatever the kinds
                assert not set(seat) & wanted or slots[number] == seat
        last = wanted


def test_slots_are_shared_last() -> None:
    several = [Span("model", float(n)) for n in range(1, 20)]
    own = several[: COUNT - 2]
    full = seated((), own)
    assert full == ((), (), *((span,) for span in own))
    others = seated(full, [*own, Span("role", 2.0), Span("client", 2.0)])
    assert others == ((Span("client", 2.0),), (Span("role", 2.0),), *full[2:])
    assert sorted(map(len, seated(full, several))) == [0, 0, 3, 3, 3, 3, 3, 4]
    assert seated(full, [*own[1:], several[-1]]) == ((), (), (several[-1],), *full[3:])  # who is not wanted goes first


@given(rates)
def test_a_bucket_gives_what_the_rate_says(rate: Rate) -> None:
    span = span_of("model", rate)
    bucket, drawn = span.bucket, draft(seated((), [span]), "model", rate)
    cost, interval = drawn.cost, float(bucket["fill_interval"].removesuffix("s"))
    assert 1 <= cost <= 1_000_000_000  # what Envoy takes
    assert 1 <= bucket["tokens_per_fill"] < 2**32
    assert cost <= bucket["max_tokens"] < 2**32
    assert interval >= 0.05
    assert rate.at_once > 5_000 or bucket["max_tokens"] // cost == rate.at_once
    assert bucket["max_tokens"] / cost == pytest.approx(rate.at_once + 0.5, rel=0.002, abs=0.51)
    assert bucket["tokens_per_fill"] / round(interval, 3) / cost == pytest.approx(rate.per_second, rel=0.002)
    assert drawn.label == f"2:{span.seconds:.15g}"
    assert drawn.wait_s >= 1 / rate.per_second


@pytest.mark.parametrize(
    ("seconds", "several"),
    [
        (2, [Rate(20), Rate(20, burst=40), Rate(50), Rate(1), Rate(0.7), Rate(2.2), Rate(1000), Rate(0.6, burst=1)]),
        (16, [Rate(0.1), Rate(0.1, burst=1), Rate(1 / 15, burst=1), Rate(1, burst=16), Rate(0.125, burst=2)]),
        (512, [Rate(0.01, burst=5), Rate(1, burst=512)]),
        (384, [Rate(0.01, burst=3), Rate(0.02, burst=7)]),
    ],
)
def test_limits_that_differ_often_share_a_length(seconds: float, several: list[Rate]) -> None:
    assert {span_of("role", rate) for rate in several} == {Span("role", seconds)}


def own(rate: Rate) -> CallerLimits:
    """What the file says of one."""
    return CallerLimits(rate.per_second, rate.burst)


def limited(
    plan: Plan, *, model: Mapping[str, Rate] = NONE, role: Mapping[str, Rate] = NONE, client: Mapping[str, Rate] = NONE
) -> Plan:
    """A plan with these limits and no others."""
    gateway = plan.gateway
    said: dict[str, Model] = {
        name: msgspec.structs.replace(old, limits=msgspec.structs.replace(old.limits, rate=model.get(name)))
        for name, old in gateway.model.items()
    }
    limits = msgspec.structs.replace(gateway.limits, role={name: own(rate) for name, rate in role.items()})
    changed = msgspec.structs.replace(gateway, model=said, limits=limits)
    return msgspec.structs.replace(
        plan, loaded=msgspec.structs.replace(plan.loaded, gateway=changed), tightened=dict(client)
    )


class Turns:
    """A gateway whose limits are changed again and again, while a connection stays open."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway, self.before = gateway, gateway.plan.slots
        self.connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
        self.ask()
        self.socket = self.connection.sock

    def ask(self) -> None:
        self.connection.request("GET", "/v2", headers={"x-api-key": OPERATOR})
        assert self.connection.getresponse().read()

    def put(self, **limits: Mapping[str, Rate]) -> list[str]:
        """Put limits in force, and wait until they are."""
        plan = msgspec.structs.replace(limited(self.gateway.plan, **limits), before=self.before)
        self.before, accepted = plan.slots, self.accepted()
        changed = self.gateway.push(plan)
        assert {name.partition("/")[0] for name in changed} <= {"limits", "filters"}
        until = time.monotonic() + 5
        while self.accepted() < accepted + len(changed):
            assert time.monotonic() < until
            time.sleep(0.01)
        self.ask()
        assert self.connection.sock is self.socket  # nobody's connection has ended
        return changed

    def accepted(self) -> int:
        """How many filters Envoy has taken up."""
        return sum(self.gateway.counters(r"^extension_config_discovery\..*\.config_reload$").values())


@pytest.fixture
def turns(of: Callable[..., Gateway]) -> Iterator[Turns]:
    made = Turns(of())
    yield made
    made.connection.close()


def lets(gateway: Gateway, model: str, key: str, times: int = 8) -> int:
    """How many of some requests go through."""
    return sum(gateway.infer(model, key=key).status == 200 for _ in range(times))


@pytest.mark.slow
def test_a_limit_of_a_model_fills_no_other_bucket(turns: Turns) -> None:
    gateway, iris = turns.gateway, {"iris": SCARCE}
    changed = turns.put(model=iris)  # the first of all limits ends no connection
    assert changed == [*(f"limits/{name}.json" for name in (names.LIMIT_MODEL, f"{names.LIMIT_SLOT}2")), ASK]
    assert lets(gateway, "iris", SCIENTIST) == 3
    for other in (
        Rate(1000),
        Rate(0.02, burst=6),
        Rate(1000, burst=1),
        Rate(0.05, burst=1),
        None,
        Rate(3, burst=7),
        None,
    ):
        changed = turns.put(model=iris | ({"other": other} if other else {}))
        assert lets(gateway, "iris", SCIENTIST) == 0, changed
        if other and other.per_second < 1:
            assert lets(gateway, "other", SCIENTIST) == other.at_once
    turns.put()
    assert lets(gateway, "iris", SCIENTIST) == 8


@pytest.mark.slow
def test_limits_whose_bursts_last_equally_long_share_a_filter_and_no_bucket(turns: Turns) -> None:
    gateway = turns.gateway
    turns.put(model={"iris": SCARCE})
    assert lets(gateway, "iris", SCIENTIST) == 3
    assert turns.put(model={"iris": SCARCE, "other": Rate(0.02, burst=7)}) == [ASK]
    assert lets(gateway, "other", SCIENTIST) == 7
    assert lets(gateway, "iris", SCIENTIST) == 0
    assert turns.put(model={"iris": Rate(0.02, burst=7), "other": Rate(0.02, burst=7)}) == [ASK]
    assert lets(gateway, "iris", SCIENTIST) <= 1  # its own bucket is not filled either: what time was left in it, is


@pytest.mark.slow
def test_a_limit_of_a_role_or_a_client_fills_no_other_bucket(turns: Turns) -> None:
    gateway = turns.gateway
    role, client, model = {"data-scientist": SCARCE}, {"olga": Rate(0.01, burst=1)}, {"other": Rate(0.001, burst=2)}
    turns.put(role=role, client=client, model=model)
    assert lets(gateway, "iris", SCIENTIST) == 3
    read = ("GET", "/v2/models/iris")
    assert [gateway.call(*read, key=OPERATOR).status for _ in range(2)] == [429, 429]  # its connection has asked once
    for other in (Rate(10_000), Rate(0.5, burst=1), Rate(7, burst=3)):
        for change in (
            {"role": role | {"ml-engineer": other}, "client": client, "model": model},
            {"role": role, "client": client | {"eve": other}, "model": model},
            {"role": role, "client": client, "model": model | {"iris": other}},
            {"role": role, "client": client, "model": {}},
        ):
            turns.put(**change)
            assert lets(gateway, "iris", SCIENTIST, 2) == 0
            assert gateway.call(*read, key=OPERATOR).status == 429
    turns.put(model=model)
    assert lets(gateway, "iris", SCIENTIST) == 8
    assert lets(gateway, "other", SCIENTIST) == 2


@pytest.mark.slow
def test_more_lengths_than_slots_are_held_all_the_same(of: Callable[..., Gateway]) -> None:
    """As many models as there can be different ones; each lets through its burst, and tells how long to wait."""
    several = {f"m{n}": Rate(0.5 / n, burst=1 + n % 3) for n in range(1, 31)}
    text = FILE + "".join(f'\n[model.{name}]\nupstream = "server"\n' for name in several)
    gateway = of(text)
    gateway.push(limited(gateway.plan, model=several, role={"operations": Rate(0.01, burst=1)}))
    time.sleep(0.5)
    for name, rate in several.items():
        answers = [gateway.infer(name) for _ in range(rate.at_once + 1)]
        assert [answer.status for answer in answers] == [200] * rate.at_once + [429], name
        assert int(answers[-1].headers["retry-after"]) == pytest.approx(1 / rate.per_second, abs=1), name
    assert [gateway.call("GET", "/v2", key=OPERATOR).status for _ in range(2)] == [200, 429]


@pytest.mark.slow
@pytest.mark.parametrize("rate", [Rate(15, burst=5), Rate(5, burst=1), Rate(4, burst=12)])
def test_a_rate_is_held_over_time(of: Callable[..., Gateway], rate: Rate) -> None:
    gateway = of()
    gateway.push(limited(gateway.plan, role={"operations": rate}))
    time.sleep(0.3)
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    began, through = time.monotonic(), 0
    while (past := time.monotonic() - began) < 2:
        connection.request("GET", "/v2/models/iris", headers={"x-api-key": OPERATOR})
        answer = connection.getresponse()
        answer.read()
        through += answer.status == 200
    connection.close()
    assert rate.at_once + rate.per_second * (past - 0.4) <= through <= rate.at_once + rate.per_second * past + 1


@pytest.mark.slow
def test_the_model_server_is_told_of_no_limit(of: Callable[..., Gateway], upstream: Upstream) -> None:
    gateway = of()
    several = {"model": {"iris": Rate(0.1)}, "role": {"data-scientist": Rate(0.1)}, "client": {"ada": Rate(0.1)}}
    gateway.push(limited(gateway.plan, **several))
    time.sleep(0.3)
    assert gateway.infer(headers={"x-garrison-limit-model": "9:1", "x-garrison-limit-role-cost": "1"}).status == 200
    assert not [name for name in upstream.seen[-1]["headers"] if "limit" in name.lower()]
    assert gateway.infer().status == 429


@pytest.mark.slow
def test_a_model_that_a_body_names_has_its_limit(of: Callable[..., Gateway]) -> None:
    chat = '\n[upstream.chat]\nprotocol = "openai"\nurl = "http://127.0.0.1:{upstream}"\n[model.llama]\nupstream = "chat"\n'
    gateway = of(FILE + chat)
    changed = gateway.push(limited(gateway.plan, model={"llama": SCARCE}))
    assert [name for name in changed if name.startswith("filters")] == [ASK, f"filters/{names.NAME_MODEL}.json"]
    time.sleep(0.3)
    body = json.dumps({"model": "llama", "messages": []}).encode()
    said = [gateway.call("POST", "/v1/chat/completions", key=SCIENTIST, body=body) for _ in range(4)]
    assert [answer.status for answer in said] == [200, 200, 200, 429]
    assert said[-1].headers["retry-after"] == "100"
    assert lets(gateway, "iris", SCIENTIST) == 8


def compiled(folder: Path, bursts: Mapping[str, int], *more: str) -> list[str]:
    """What `garrison gateway compile` writes for models with bursts of so many seconds."""
    models = "".join(
        f'[model.{name}]\nupstream = "server"\nlimits = {{ rate = {{ per-second = 1, burst = {burst} }} }}\n'
        for name, burst in bursts.items()
    )
    text = FILE.format(port=8443, upstream=8080).partition("[model.iris]")[0].replace("[listener", f"{models}[listener")
    text = text.replace("http://127.0.0.1", "http://server.models.svc")
    (folder / "gateway.toml").write_text(text.replace('"\n\n[identity', '"\nTLS\n[identity').replace("TLS", TLS))
    command = ["gateway", "compile", str(folder / "gateway.toml"), "-o", str(folder / "out"), *more]
    done = CliRunner().invoke(program, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [str(Path(line).relative_to(folder / "out")) for line in done.stdout.splitlines()]


def test_who_compiles_again_keeps_slots(tmp_path: Path) -> None:
    make(tmp_path, [], [])
    compiled(tmp_path, {"b": 20, "c": 30})
    before = read_slots(tmp_path / "out")
    changed = compiled(tmp_path, {"a": 10, "b": 20, "c": 30})
    assert [name for name in changed if name.startswith("limits")] == [f"limits/{names.LIMIT_SLOT}4.json"]
    assert f"listeners/{TABLE}.json" not in changed
    after = read_slots(tmp_path / "out")
    assert after[:4] == before[:4]
    assert after[4] == (Span("model", 10.0),)
    assert written(after).encode() == (tmp_path / "out" / SLOTS).read_bytes()
    (tmp_path / "out" / SLOTS).write_text('[[["model", 1]]]')
    with pytest.raises(ConfigError, match="does not say which limits are where"):
        compiled(tmp_path, {"a": 10})


def test_manifests_keep_slots_too(tmp_path: Path) -> None:
    make(tmp_path, [], [])
    to = ("--target", "kubernetes", "--image", f"registry.example.com/envoy@sha256:{'a' * 64}")

    def slots(bursts: Mapping[str, int]) -> dict[str, str]:
        compiled(tmp_path, bursts, *to)
        objects = yaml.load_all((tmp_path / "out/gateway.yaml").read_text(), yaml.CSafeLoader)
        (found,) = (one["data"] for one in objects if one["kind"] == "ConfigMap")
        return {name: text for name, text in found.items() if names.LIMIT_SLOT in name}

    before = slots({"b": 20, "c": 30})
    after = slots({"a": 10, "b": 20, "c": 30})
    assert len(before) == len(after) == COUNT
    assert [name for name in after if before[name] != after[name]] == [f"limits.{names.LIMIT_SLOT}4.json"]
