"""Ways in which a gate of this kind has stood open before, each tried. Where a trap is one of requests, it is in test_requests."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import msgspec
import pytest
from tests.gateway.envoy.conftest import FILE, SCIENTIST, VALID, Gateway, Upstream

from garrison.gateway.envoy import names
from garrison.gateway.envoy.compiled import Layout, files
from garrison.gateway.file.form import Gateway as Form
from garrison.gateway.file.read import read
from garrison.gateway.run.publish import publish

pytestmark = pytest.mark.slow

ASK = f"filters/{names.ASK}.json"


@pytest.fixture
def own(of: Callable[..., Gateway]) -> Gateway:
    return of()


@pytest.mark.parametrize(
    ("validate", "status", "reason"),
    [
        ("function() error('x') end", 500, "gateway-error"),
        ("function() return nil end", 400, "invalid"),
        ("function() return {} .. 1 end", 500, "gateway-error"),
        # Not even caught: Envoy lets such a request pass, and the last requirement does not.
        ("(function() pcall = error end)()", 403, "rbac_access_denied_matched_policy[none]"),
    ],
)
def test_lua_that_fails_does_not_open_the_gate(
    of: Callable[..., Gateway], upstream: Upstream, validate: str, status: int, reason: str
) -> None:
    """Trap 1."""
    rules = f"return {{ carried = function() return true end, validate = {validate} }}"
    gateway = of(bodies={("open-inference", "iris"): rules})
    before = len(upstream.seen)
    answer = gateway.infer()
    assert answer.status == status
    assert "request" in answer.json["error"]
    assert len(upstream.seen) == before
    assert gateway.log(1)[0]["reason"] == reason
    assert gateway.infer("other").status == 200


def test_the_first_lua_that_fails_does_not_open_the_gate(own: Gateway, upstream: Upstream) -> None:
    """Trap 1, where nothing is known of a request, and it says itself what only the gateway may say."""
    whole = files(own.plan, Layout(own.folder), str(own.folder / "a.sock"))
    broken = msgspec.json.decode(whole[ASK])
    code = broken["resources"][0]["typed_config"]["default_source_code"]
    code["inline_string"] = 'function envoy_on_request() error("x") end'
    publish({ASK: msgspec.json.encode(broken).decode()}, own.folder)
    forged = {"x-garrison-model": "other", "x-garrison-action": "infer", "x-garrison-mount": "open-inference",
              "x-garrison-role": "data-scientist", "x-garrison-client": "ada"}  # fmt: skip
    until = time.monotonic() + 5
    while own.infer("other", headers=forged).status == 200 and time.monotonic() < until:
        time.sleep(0.02)
    before = len(upstream.seen)
    assert own.infer("other", headers=forged).status == 403
    assert own.infer(headers=forged).status == 403
    assert len(upstream.seen) == before


CHAT = """
[upstream.llm]
protocol = "openai"
prefix = "/llm"
url = "http://127.0.0.1:{upstream}"

[model.tiny]
upstream = "llm"
"""


@pytest.mark.parametrize(
    ("old", "new", "status", "reason"),
    [
        ("local fine, found = read_completion(text)", 'error("x")', 500, "gateway-error"),
        ("pcall(find, handle)", "find(nil)", 403, "rbac_access_denied_matched_policy[not-permitted]"),
    ],
)
def test_lua_that_fails_to_read_the_model_does_not_open_the_gate(
    of: Callable[..., Gateway], upstream: Upstream, *, old: str, new: str, status: int, reason: str
) -> None:
    """Trap 1, where the body names the model."""
    own = of(FILE + CHAT)
    path, body = "/llm/v1/chat/completions", b'{"model": "tiny", "messages": []}'
    assert own.call("POST", path, key=SCIENTIST, body=body).status == 200
    name = f"filters/{names.NAME_MODEL}.json"
    broken = msgspec.json.decode(files(own.plan, Layout(own.folder), str(own.folder / "a.sock"))[name])
    code = broken["resources"][0]["typed_config"]["default_source_code"]
    assert old in code["inline_string"]
    code["inline_string"] = code["inline_string"].replace(old, new)
    broken["version_info"] = "broken"
    publish({name: msgspec.json.encode(broken).decode()}, own.folder)
    until = time.monotonic() + 5
    while own.call("POST", path, key=SCIENTIST, body=body).status == 200 and time.monotonic() < until:
        time.sleep(0.02)
    before = len(upstream.seen)
    assert own.call("POST", path, key=SCIENTIST, body=body).status == status
    assert len(upstream.seen) == before
    assert own.infer().status == 200
    until = time.monotonic() + 5
    while own.log(1)[-2]["reason"] != reason and time.monotonic() < until:
        time.sleep(0.02)
    assert own.log(1)[-2]["reason"] == reason


def test_a_body_that_comes_late_is_judged_before_anything_goes_on(own: Gateway, upstream: Upstream) -> None:
    """Traps 2 and 3: headers of a request must not be released, nor used, before its body is judged."""
    before = len(upstream.seen)
    for body, status in ((VALID.replace(b"[1, 2]", b"[1, 3]"), b" 400 "), (VALID, b" 200 ")):
        with socket.create_connection(("127.0.0.1", own.port)) as raw:
            head = f"POST /v2/models/iris/infer HTTP/1.1\r\nhost: x\r\nx-api-key: {SCIENTIST}\r\ncontent-type: application/json"
            raw.sendall(f"{head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body[:3])
            time.sleep(0.2)
            assert len(upstream.seen) == before
            raw.sendall(body[3:])
            assert status in raw.recv(65536).split(b"\r\n")[0]
    assert len(upstream.seen) == before + 1


def test_nobody_can_bring_lua_of_his_own() -> None:
    """Trap 10: Envoy's Lua can open files and run programs, so the file has no key that takes any."""
    assert "lua" not in str(msgspec.json.schema(Form)).lower()


def test_a_push_of_keys_leaves_the_buckets_as_they_are(of: Callable[..., Gateway]) -> None:
    """Trap 14: buckets that are filled again by a push would be a way around limits."""
    text = FILE.replace("client = {{ per-second = 100000 }}", "client = {{ per-second = 0.01, burst = 3 }}")
    gateway = of(text)
    assert [gateway.infer().status for _ in range(4)] == [200, 200, 200, 429]
    fewer = msgspec.structs.replace(gateway.plan, keys=gateway.plan.keys[:1])
    changed = gateway.push(fewer)
    assert changed == [ASK]
    time.sleep(0.5)
    assert gateway.infer().status == 429


def test_limits_tell_when_to_come_again(of: Callable[..., Gateway]) -> None:
    text = FILE.replace(
        '[model.other]\nupstream = "server"',
        '[model.other]\nupstream = "server"\nlimits = {{ rate = {{ per-second = 0.01, burst = 1 }} }}',
    )
    gateway = of(text)
    assert gateway.infer("other").status == 200
    answer = gateway.infer("other")
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json["error"].startswith("too many requests")
    assert gateway.infer("iris").status == 200


@pytest.mark.parametrize(
    ("proxies", "said", "shares"),
    [
        (0, ["192.0.2.1", "192.0.2.2"], True),
        (1, ["192.0.2.1", "192.0.2.2"], False),
        (1, ["192.0.2.9, 192.0.2.1", "192.0.2.8, 192.0.2.1"], True),  # what a client says of itself stands before
        (2, ["192.0.2.1, 10.0.0.1", "192.0.2.2, 10.0.0.1"], False),
    ],
)
def test_behind_proxies_an_address_is_what_the_last_of_them_saw(
    of: Callable[..., Gateway], proxies: int, said: list[str], shares: bool
) -> None:
    text = FILE.replace("ip = {{ per-second = 100000 }}", "ip = {{ per-second = 0.01, burst = 1 }}")
    gateway = of(text.replace('state = "s"', f'state = "s"\ntrusted-proxies = {proxies}'))
    statuses = [gateway.infer(headers={"x-forwarded-for": address}).status for address in said]
    assert statuses == [200, 429 if shares else 200]
    first = gateway.log(2)[0]
    assert first["ip"] == (said[0].split(", ")[-proxies] if proxies else "127.0.0.1")


def test_each_address_has_a_limit_before_it_is_asked_who_it_is(of: Callable[..., Gateway]) -> None:
    text = FILE.replace("ip = {{ per-second = 100000 }}", "ip = {{ per-second = 0.01, burst = 2 }}")
    gateway = of(text)
    assert [gateway.infer(key="").status for _ in range(3)] == [401, 401, 429]


def test_slow_senders_are_sent_away(of: Callable[..., Gateway]) -> None:
    text = FILE.replace("[limits]", "[limits]\nheader-timeout-s = 0.3\nbody-timeout-s = 0.6")
    gateway = of(text)
    for begun in (
        b"GET / HTTP/1.1\r\nhost: x\r\n",
        f"POST /v2/models/iris/infer HTTP/1.1\r\nhost: x\r\nx-api-key: {SCIENTIST}\r\ncontent-length: 9\r\n\r\n1".encode(),
    ):
        with socket.create_connection(("127.0.0.1", gateway.port)) as raw:
            raw.settimeout(5)
            raw.sendall(begun)
            assert b" 408 " in raw.recv(65536)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({f"h{n}": "x" for n in range(80)}, 431), ({"big": "x" * 40_000}, 431), ({"under_score": "x"}, 400)],
)
def test_headers_have_limits(gateway: Gateway, headers: dict[str, str], status: int) -> None:
    assert gateway.infer(headers=headers).status == status


def test_an_upstream_that_takes_too_long_or_is_away_is_told_in_the_form_of_the_protocol(
    of: Callable[..., Gateway],
) -> None:
    text = FILE.replace("[limits]", "[limits]\ntimeout-s = 0.3")
    text += '[upstream.gone]\nprotocol = "open-inference"\nprefix = "/gone"\nurl = "http://127.0.0.1:1"\n'
    gateway = of(text.replace("[upstream.gone]", "[upstream.gone]"))
    slow = gateway.infer(headers={"x-delay": "1"})
    assert (slow.status, slow.json["error"].partition(" (")[0]) == (504, "the model server took too long")
    away = gateway.call("GET", "/gone/v2/health/live", key=SCIENTIST)
    assert (away.status, away.json["error"].partition(" (")[0]) == (
        503,
        "the model server, or what decides on requests to it, cannot be reached",
    )


def test_a_gateway_that_is_shut_lets_nobody_in(own: Gateway, upstream: Upstream) -> None:
    assert own.infer().status == 200
    own.push(msgspec.structs.replace(own.plan, shut="the disk is full"))
    until = time.monotonic() + 5
    while own.infer().status != 503 and time.monotonic() < until:
        time.sleep(0.02)
    before = len(upstream.seen)
    answer = own.infer()
    assert (answer.status, answer.json["error"].partition(" (")[0]) == (503, "the disk is full")
    assert len(upstream.seen) == before


def test_the_file_is_read_back(own: Gateway) -> None:
    assert read(own.plan.loaded.path).gateway == own.plan.gateway
