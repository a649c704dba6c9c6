"""Quotas as clients meet them: through the real Envoy, with the counter as it runs beside it."""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import signal
import time
import zoneinfo
from collections.abc import Callable
from http.client import HTTPException

import pytest
from tests.gateway.quota.conftest import CHAT, Running

pytestmark = pytest.mark.slow

Run = Callable[..., Running]
COUNTED_S = 1.0  # after which what was let through is counted, whatever else the machine does


def test_a_client_that_has_used_its_requests_is_refused_until_the_day_ends(run: Run) -> None:
    gateway = run('zone = "Europe/Zurich"\nclient = { requests = 3 }\nclients.bob = { requests = 1000 }')
    assert [gateway.infer().status for _ in range(3)] == [200] * 3
    refused = gateway.until(lambda: (found := gateway.infer()).status == 429 and found, 5)
    assert refused.json["error"].startswith("the requests of this client are used up for today (request ")
    left = int(refused.headers["retry-after"])
    zurich = dt.datetime.now(dt.UTC).astimezone(zoneinfo.ZoneInfo("Europe/Zurich"))
    ends = dt.datetime.combine(zurich.date() + dt.timedelta(days=1), dt.time(), zurich.tzinfo)
    assert abs(left - (ends - zurich).total_seconds()) < 10
    assert gateway.infer(client="bob").status == 200
    assert gateway.call("/v2/models/iris").status == 404  # nothing but what is inferred is counted, or refused
    chat = gateway.chat()
    assert chat.status == 429
    assert chat.json["error"]["code"] == "rate_limit_exceeded"
    assert gateway.usage()["ada"] == (gateway.usage()["ada"][0], 0)
    assert gateway.usage()["bob"] == (1, 0)


def test_tokens_are_counted_from_answers_whole_and_streamed(run: Run) -> None:
    gateway = run("client = { tokens = 100000 }")
    assert gateway.chat(usage={"prompt_tokens": 40, "completion_tokens": 2, "total_tokens": 42}).status == 200
    gateway.until(lambda: gateway.usage().get("ada") == (1, 42), 10)
    streamed = gateway.chat(client="bob", stream=True, stream_options={"include_usage": True})
    assert streamed.status == 200
    assert streamed.body.endswith(b"data: [DONE]\n\n")
    gateway.until(lambda: gateway.usage().get("bob") == (1, 10), 10)
    asked = {"model": "chat", "messages": [], "stream": True, "words": ["four", 'f"ve\n']}
    untold = gateway.call(CHAT, asked, client="eve")
    assert untold.status == 200
    text = len("four") + len(r"f\"ve\n")  # as it is written
    length = len(json.dumps(asked))
    gateway.until(lambda: gateway.usage().get("eve") == (1, length + text), 10)


def test_a_budget_of_tokens_binds_even_by_one_large_answer(run: Run) -> None:
    """Trap 7: a bucket drops a charge that is larger than what is left in it."""
    gateway = run("client = { tokens = 1000 }")
    assert gateway.chat(usage={"prompt_tokens": 999, "completion_tokens": 0, "total_tokens": 999}).status == 200
    time.sleep(COUNTED_S)
    assert gateway.chat(usage={"prompt_tokens": 5000, "completion_tokens": 0, "total_tokens": 5000}).status == 200
    refused = gateway.until(lambda: (found := gateway.chat()).status == 429 and found, 5)
    assert "the tokens of this client are used up" in refused.json["error"]["message"]


def test_roles_and_models_have_quotas_of_their_own(run: Run) -> None:
    limits = "limits = { quota = { requests = 6 }, client-quota = { requests = 4 } }\n"
    gateway = run("role.ml-engineer = { requests = 2 }", model=limits)

    def refused(client: str) -> str:
        time.sleep(COUNTED_S)
        answer = gateway.infer(client=client)
        assert answer.status == 429
        return str(answer.json["error"])

    assert [gateway.infer(client="eve").status for _ in range(2)] == [200, 200]
    assert "of this role" in refused("eve")
    assert gateway.chat(client="eve").status == 429
    assert [gateway.infer().status for _ in range(4)] == [200] * 4
    assert "of this client and model" in refused("ada")
    assert gateway.chat().status == 200
    assert "of this model" in refused("bob")
    assert gateway.chat(client="bob").status == 200


def test_without_a_counter_nobody_with_a_quota_is_let_in(run: Run) -> None:
    gateway = run("clients.ada = { requests = 1000 }")
    assert gateway.infer().status == 200
    (counter,) = gateway.children("garrison.gateway.quota")
    os.kill(counter, signal.SIGSTOP)
    refused = gateway.until(lambda: (found := gateway.infer()).status == 503 and found, 10)
    assert "cannot be counted now" in refused.json["error"]
    assert refused.headers["retry-after"] == "5"
    assert gateway.infer(client="bob").status == 200  # who has no quota
    os.kill(counter, signal.SIGCONT)
    gateway.until(lambda: gateway.infer().status == 200, 10)
    os.kill(counter, signal.SIGKILL)
    gateway.until(lambda: "the counter of quotas ended by itself (SIGKILL)" in gateway.words(), 10)
    gateway.until(lambda: gateway.infer().status == 200, 10)


def test_a_store_that_is_broken_lets_nobody_in(run: Run) -> None:
    gateway = run("clients.ada = { requests = 1000 }")
    assert gateway.infer().status == 200
    (counter,) = gateway.children("garrison.gateway.quota")
    os.kill(counter, signal.SIGSTOP)
    files = list((gateway.folder / "s").glob("usage.db*"))
    for path in files:
        path.unlink()
    files[0].with_name("usage.db").write_bytes(b"something else" * 1000)
    os.kill(counter, signal.SIGKILL)
    gateway.until(lambda: gateway.infer().status == 503, 10)
    assert "this is no store of usage" in gateway.words()
    files[0].with_name("usage.db").unlink()
    gateway.until(lambda: gateway.infer().status == 200, 15)
    gateway.until(lambda: gateway.usage().get("ada", (0, 0))[0] >= 2, 10)  # all is counted anew


def test_a_feed_that_is_gone_is_begun_anew_and_what_was_in_it_is_told(run: Run) -> None:
    gateway = run("clients.ada = { requests = 1000 }")
    assert gateway.infer().status == 200
    gateway.until(lambda: gateway.usage().get("ada") == (1, 0), 10)
    (counter,) = gateway.children("garrison.gateway.quota")
    os.kill(counter, signal.SIGKILL)
    (gateway.folder / "s/audit.jsonl").rename(gateway.folder / "elsewhere")
    gateway.until(lambda: "what was still to be read is not counted" in gateway.words(), 10)
    gateway.until(lambda: gateway.infer().status == 200, 10)
    gateway.until(lambda: gateway.usage()["ada"][0] > 1, 10)


def test_a_disk_that_is_full_lets_nobody_in(run: Run) -> None:
    gateway = run("clients.ada = { requests = 1000 }")
    assert gateway.infer().status == 200
    (counter,) = gateway.children("garrison.gateway.quota")
    for process in (gateway.process.pid, counter):
        resource.prlimit(process, resource.RLIMIT_FSIZE, (2048, resource.RLIM_INFINITY))  # nothing longer is written

    def status() -> int:
        try:
            return gateway.infer().status
        except (OSError, HTTPException):  # Envoy is gone, perhaps while it answered
            return 503

    gateway.until(lambda: status() == 503, 10)
    gateway.until(lambda: "Envoy is stopped, as it cannot be told" in gateway.words(), 10)
    assert "usage cannot be counted" in gateway.words() or "File too large" in gateway.words()
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    gateway.until(lambda: status() == 200, 30)


def test_a_counter_that_is_killed_again_and_again_counts_each_request_once(run: Run) -> None:
    gateway = run("client = { requests = 100000 }")
    done = 0
    for _ in range(4):
        for _ in range(50):
            done += gateway.infer().status == 200
        for counter in gateway.children("garrison.gateway.quota"):
            os.kill(counter, signal.SIGKILL)
    log = gateway.folder / "s/audit.jsonl"
    log.rename(log.with_suffix(".jsonl.1"))
    done += gateway.infer().status == 200
    gateway.process.send_signal(signal.SIGHUP)
    gateway.until(log.exists, 5)
    done += gateway.infer().status == 200
    gateway.until(lambda: gateway.usage().get("ada") == (done, 0), 20)
    assert done > 100  # some may have been refused, while nobody counted


def test_a_quota_that_is_raised_lets_in_again(run: Run) -> None:
    gateway = run("client = { requests = 1 }")
    gateway.until(lambda: gateway.infer().status == 429, 5)
    gateway.change("requests = 1 ", "requests = 5000 ")
    gateway.until(lambda: gateway.infer().status == 200, 10)
    gateway.change("requests = 5000 ", "requests = 2 ")
    gateway.until(lambda: gateway.infer().status == 429, 10)


def test_how_long_it_takes_until_what_is_spent_is_refused(run: Run) -> None:
    """What docs/limits.md says of it, with room for a machine that is busy."""
    gateway = run("client = { requests = 20 }")
    for _ in range(20):
        assert gateway.infer().status == 200
    began = time.monotonic()
    gateway.until(lambda: gateway.infer().status == 429, 5)
    took = time.monotonic() - began
    assert took < 2
