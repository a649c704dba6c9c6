"""Limits that last across pushes, and those that a service of Envoy's rate-limit protocol keeps for several gateways."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.gateway.conftest import free_ports
from tests.gateway.envoy.conftest import FILE, OPERATOR, SCIENTIST, WAYS, Gateway, keys

from garrison.gateway.certificates.authority import make
from garrison.gateway.envoy import names
from garrison.gateway.envoy.clusters import clusters
from garrison.gateway.envoy.compiled import in_one_piece, written
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.file.form import CallerLimits, Quota, Rate
from garrison.gateway.quota.budgets import Budgets, Spent
from garrison.gateway.run.program import find_envoy, validate

pytestmark = pytest.mark.slow

PEERS = Path(__file__).parents[2] / "peers"
ROLE = "role.operations = {{ per-second = 1000 }}\n"
SCARCE = FILE.replace("client = {{ per-second = 100000 }}", "client = {{ per-second = 0.01, burst = 5 }}").replace(
    '[model.other]\nupstream = "server"', '[model.other]\nupstream = "server"\nlimits = {LIMITS}'
)


def test_a_push_of_quotas_keys_and_limits_fills_nobodys_bucket(of: Callable[..., Gateway]) -> None:
    """Trap 14: Envoy begins a filter that is pushed with full buckets, so what is pushed must hold none but its own."""
    rate = "{{ rate = {{ per-second = 1000 }} }}"
    gateway = of(SCARCE.replace("{LIMITS}", rate) + ROLE, budgets=Budgets(client=Quota(requests=100)), spent=Spent())
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.request("GET", "/v2/models/iris", headers={"x-api-key": OPERATOR})
    assert connection.getresponse().read()
    socket = connection.sock
    assert [gateway.infer().status for _ in range(6)] == [200] * 5 + [429]
    ends = int(time.time()) + 1000
    spent = msgspec.structs.replace(gateway.plan, spent=Spent(until=ends, clients={"olga": "requests"}))
    assert gateway.push(spent) == [f"filters/{names.QUOTA}.json"]
    _until(lambda: gateway.infer(key=OPERATOR).status == 429, gateway)
    assert gateway.infer().status == 429

    other = {**WAYS, "grs_new_0123456789": ("new", "data-scientist", 0)}
    assert gateway.push(msgspec.structs.replace(spent, keys=keys(other))) == [f"filters/{names.ASK}.json"]
    _until(lambda: gateway.infer(key="grs_new_0123456789").status == 200, gateway)
    assert gateway.infer().status == 429

    models = gateway.plan.gateway.model
    limits = msgspec.structs.replace(models["other"].limits, rate=Rate(1000, 1))
    role = {"operations": CallerLimits(1000, 1)}
    raised = {**models, "other": msgspec.structs.replace(models["other"], limits=limits)}
    form = msgspec.structs.replace(
        gateway.plan.gateway, model=raised, limits=msgspec.structs.replace(gateway.plan.gateway.limits, role=role)
    )
    loaded = msgspec.structs.replace(gateway.plan.loaded, gateway=form)
    pushed = gateway.push(msgspec.structs.replace(spent, keys=keys(other), loaded=loaded))
    slots = [f"limits/{names.LIMIT_SLOT}{number}.json" for number in (3, 4)]
    assert pushed == [*slots, f"filters/{names.ASK}.json"]
    time.sleep(0.5)
    assert gateway.infer().status == 429
    connection.request("GET", "/v2/models/iris", headers={"x-api-key": OPERATOR})
    assert connection.getresponse().status == 200
    assert connection.sock is socket  # none of it ended a connection
    connection.close()


def test_a_small_burst_does_not_lower_the_rate(of: Callable[..., Gateway]) -> None:
    gateway = of(FILE.replace("client = {{ per-second = 100000 }}", "client = {{ per-second = 1000, burst = 2 }}"))
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    began, through = time.monotonic(), 0
    while time.monotonic() < began + 1:
        connection.request("POST", "/v2/repository/models/iris/unload", headers={"x-api-key": SCIENTIST})
        answer = connection.getresponse()
        answer.read()
        through += answer.status == 403
    connection.close()
    assert through > 50


def test_a_day_that_ends_lets_in_again_without_anybody_saying_so(of: Callable[..., Gateway]) -> None:
    spent = Spent(until=int(time.time()) + 3, roles={"data-scientist": "tokens"})
    gateway = of(budgets=Budgets(role={"data-scientist": Quota(tokens=5)}), spent=spent)
    refused = gateway.infer()
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) <= 3
    assert gateway.call("GET", "/v2/models/iris", key=SCIENTIST).status == 200
    assert gateway.log(1)[0]["reason"] == "quota"
    _until(lambda: gateway.infer().status == 200, gateway)


def test_a_filter_of_quotas_that_fails_opens_nothing(of: Callable[..., Gateway]) -> None:
    """Trap 1."""
    broken = Spent(until=int(time.time()) + 1000, pairs={"iris": "no table"})  # type: ignore[dict-item]
    gateway = of(budgets=Budgets(client=Quota(requests=100)), spent=broken)
    assert gateway.infer("other").status == 200
    gateway.push(msgspec.structs.replace(gateway.plan, spent=msgspec.structs.replace(broken, pairs={"iris": 5})))
    _until(lambda: gateway.infer().status == 500, gateway)
    assert gateway.infer().status == 500


def test_what_was_never_counted_is_refused(of: Callable[..., Gateway]) -> None:
    """Where nobody counts, as in a configuration that was compiled and copied."""
    gateway = of(budgets=Budgets(clients={"ada": Quota(requests=100)}))
    assert gateway.infer().status == 503
    assert gateway.log(1)[0]["reason"] == "uncounted"


def test_a_service_is_known_by_its_certificate(made: Callable[..., Plan], tmp_path: Path) -> None:
    make(tmp_path, [], [])
    service = '\n[limits.service]\nurl = "https://limits.example.com:8081"\ntls = {{ ca = "ca.pem" }}\n'
    plan = made(tmp_path, FILE + service)
    validate(find_envoy(), written(in_one_piece(plan, str(tmp_path / "a.sock"))), plan.loaded.path)
    (cluster,) = (found for found in clusters(plan) if found["name"] == names.LIMIT_SHARED)
    context = cluster["transport_socket"]["typed_config"]["common_tls_context"]
    assert context["validation_context"]["trusted_ca"]["filename"].endswith("ca.pem")
    assert context["alpn_protocols"] == ["h2"]


class Service:
    """The service of tests/peers/rate_service.py."""

    def __init__(self, python: Path, folder: Path) -> None:
        (self.port,) = free_ports(1)
        self.limits, self.said = folder / "limits.json", folder / "said"
        self.limit({})
        self.command = [str(python), str(PEERS / "rate_service.py"), str(self.port), str(self.limits)]
        self.process: subprocess.Popen[bytes] | None = None

    def limit(self, limits: dict[str, int]) -> None:
        self.limits.write_text(json.dumps(limits))

    def start(self) -> None:
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(self.command, stdout=out)
        until = time.monotonic() + 20
        while not self.said.read_text().startswith("ready"):
            assert time.monotonic() < until
            assert self.process.poll() is None
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def asked(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.said.read_text().splitlines()[1:]]


@pytest.fixture
def service(peer_python: Path, tmp_path: Path) -> Iterator[Service]:
    made = Service(peer_python, tmp_path)
    made.start()
    yield made
    made.stop()


def test_a_service_keeps_limits_for_several(of: Callable[..., Gateway], service: Service) -> None:
    shared = f'\n[limits.service]\nurl = "http://127.0.0.1:{service.port}"\ndomain = "ml"\ntimeout-s = 0.5\n'
    gateway = of(FILE + shared)
    service.limit({"client=ada": 2, "client=olga,model=iris": 0})
    assert [gateway.infer().status for _ in range(3)] == [200, 200, 429]
    refused = gateway.infer()
    assert refused.status == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json["error"].startswith("too many requests (request ")
    assert service.asked()[0] == {
        "domain": "ml",
        "descriptors": ["client=ada", "role=data-scientist", "model=iris", "client=ada,model=iris"],
    }
    asked = len(service.asked())
    unload = gateway.call("POST", "/v2/repository/models/iris/unload", key=SCIENTIST)
    assert unload.status == 403  # what is not permitted is not counted
    assert len(service.asked()) == asked

    service.limit({"client=ada": -1})
    began = time.monotonic()
    assert gateway.infer().status == 503  # one that hangs
    assert time.monotonic() - began < 3
    service.stop()
    away = gateway.infer(key=SCIENTIST)
    assert away.status == 503
    service.limit({})
    service.start()
    _until(lambda: gateway.infer().status == 200, gateway)


def _until(what: Callable[[], bool], gateway: Gateway) -> None:
    end = time.monotonic() + 10
    while not what():
        assert time.monotonic() < end, gateway.plan.loaded.log.read_text()[-2000:]
        time.sleep(0.01)
