"""The audit feed: each request is one line, and no line holds a credential."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.gateway.envoy.conftest import FILE, SCIENTIST, STRANGER, VALID, Gateway, Upstream

from garrison.gateway.digests import PREFIX, is_of

pytestmark = pytest.mark.slow


@pytest.fixture
def own(of: Callable[..., Gateway]) -> Gateway:
    return of()


def test_each_request_is_one_line(own: Gateway) -> None:
    answer = own.infer()
    own.infer(body=b"{}")
    own.infer(key=STRANGER)
    own.call("POST", "/v2/repository/models/iris/load", key=SCIENTIST)
    lines = own.log(4)
    assert len(lines) == 4
    assert [(x["decision"], x["status"], x["reason"]) for x in lines] == [
        ("allow", 200, "via_upstream"),
        ("deny", 400, "invalid"),
        ("deny", 401, "unknown-key"),
        ("deny", 403, "rbac_access_denied_matched_policy[not-permitted]"),
    ]
    first = lines[0]
    told = {
        name: first[name]
        for name in ("client", "role", "model", "action", "protocol", "method", "path", "upstream", "ip")
    }
    assert told == {
        "client": "ada", "role": "data-scientist", "model": "iris", "action": "infer", "protocol": "open-inference",
        "method": "POST", "path": "/v2/models/iris/infer", "upstream": "server", "ip": "127.0.0.1",
    }  # fmt: skip
    assert first["request_id"] == answer.headers["x-request-id"]
    assert first["request_bytes"] == len(VALID)
    assert first["response_bytes"] == len(answer.body)
    assert "client" not in lines[2]
    text = own.plan.loaded.log.read_text()
    assert SCIENTIST not in text
    assert STRANGER not in text


def test_a_query_is_not_written_down(own: Gateway) -> None:
    own.call("GET", "/v2/health/ready?token=secret", key=SCIENTIST)
    assert own.log(1)[0]["path"] == "/v2/health/ready"


def test_lines_are_as_many_as_envoy_counts(own: Gateway) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: own.infer(key=SCIENTIST if n % 3 else STRANGER), range(300)))
    assert len(own.log(300)) == 300
    assert own.counters(r"^http\.local\.downstream_rq_completed$") == {"http.local.downstream_rq_completed": 300}


def test_an_envoy_that_is_killed_has_lost_no_line_of_a_quiet_moment(own: Gateway) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: own.infer(), range(200)))
    import time

    time.sleep(0.2)  # the feed is flushed every 50 ms
    os.kill(own.process.pid, signal.SIGKILL)
    own.process.wait()
    assert len(own.log(200)) == 200


def test_a_line_tells_the_keyed_digest_of_what_was_looked_into(of: Callable[..., Gateway], upstream: Upstream) -> None:
    key = b"k" * 32
    own = of(digest_key=key)
    own.infer(headers={"x-garrison-input-digest": "forged"})
    own.infer(body=b"{}")
    own.infer("other", headers={"x-garrison-input-digest": "forged"})
    own.infer(key=STRANGER)
    told = [line.get("input_digest", "") for line in own.log(4)]
    assert told[0].startswith(PREFIX)
    assert told[2:] == ["", ""]
    assert is_of(told[0], key, VALID)
    assert is_of(told[1], key, b"{}")
    assert not is_of(told[1], key, b"{} ")
    assert not is_of(told[1], b"j" * 32, b"{}")


SAMPLE = """schema = "iris.schema.json"
sample = {{ share = SHARE, output = true, size-kb = 1, redact = {{ strip = ["name", "secret"], decimals = 1 }} }}"""


def sampled(share: str) -> str:
    return FILE.replace('schema = "iris.schema.json"', SAMPLE.replace("SHARE", share))


def test_a_sample_is_redacted_and_bounded(of: Callable[..., Gateway]) -> None:
    own = of(sampled("1"))
    said = '{"secret": "x", "p": 0.123, "rest": "ok"}'
    assert own.infer(headers={"x-say": said}).body == said.encode()
    assert own.infer(headers={"x-say": '{"p": "%s"}' % ("\u00e9" * 900)}).status == 200
    own.infer(headers={"x-say": "no json"})
    own.infer(headers={"x-say": "{}", "x-kind": "text/event-stream"})
    own.infer(body=b"{}")
    own.infer("other")
    first, second, third, stream, refused, other = own.log(6)
    assert json.loads(first["input"]) == {"inputs": [{"shape": [1, 2], "datatype": "FP32", "data": [1.5, 2]}]}
    assert json.loads(first["output"]) == {"p": 0.1, "rest": "ok"}
    assert 1000 < len(second["output"].encode()) <= 1024
    assert "output" not in third
    assert "output" not in stream
    assert not {"input", "output"} & (refused.keys() | other.keys())


def test_as_many_are_sampled_as_the_file_says(of: Callable[..., Gateway]) -> None:
    own = of(sampled("0.25"))
    for _ in range(200):
        own.infer()
    lines = own.log(200)
    assert 15 < sum("input" in line for line in lines) < 90  # beyond it once in ten million
    assert all(("input" in line) is ("output" in line) for line in lines)


def test_a_file_can_do_without_digests(of: Callable[..., Gateway]) -> None:
    own = of(FILE + "\n[log]\ninput-digest = false\n", digest_key=b"k" * 32)
    own.infer()
    assert "input_digest" not in own.log(1)[0]
