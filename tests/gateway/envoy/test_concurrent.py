"""How many requests a model, or a server, gets at a time: so many go through at once, and all others are told to come later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.gateway.envoy.conftest import FILE, SCIENTIST, Answer, Gateway, serving

from garrison.gateway.envoy.plan import Plan
from garrison.gateway.protocols.refusal import MESSAGES

pytestmark = pytest.mark.slow
MOST = 4
LONG_S = 1.0  # of an answer: a thread of a busy machine may ask that much later than the others
TEXT = FILE.replace(
    '[model.other]\nupstream = "server"', f'[model.other]\nupstream = "server"\nlimits = {{{{ concurrent = {MOST} }}}}'
)
CHAT = f"""
[upstream.llm]
protocol = "openai"
prefix = "/llm"
url = "http://127.0.0.1:{{upstream}}"
concurrent = {MOST}

[model.tiny]
upstream = "llm"
"""


@pytest.fixture(scope="module", params=[1, 2, 5])
def narrow(
    request: pytest.FixtureRequest, made: Callable[..., Plan], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    with serving(made(tmp_path_factory.mktemp("n"), TEXT + CHAT), workers=request.param) as running:
        yield running


def at_once(count: int, ask: Callable[[], Answer]) -> list[Answer]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: ask(), range(count)))


def ask_other(gateway: Gateway) -> Answer:
    return gateway.infer("other", headers={"x-delay": str(LONG_S)})


def ask_tiny(gateway: Gateway) -> Answer:
    body = b'{"model": "tiny", "messages": []}'
    return gateway.call("POST", "/llm/v1/chat/completions", {"x-delay": str(LONG_S)}, key=SCIENTIST, body=body)


@pytest.mark.parametrize("ask", [ask_other, ask_tiny])
def test_so_many_pass_and_none_waits(narrow: Gateway, ask: Callable[[Gateway], Answer]) -> None:
    """Whether connections are there or not, and whichever of Envoy's threads has them."""
    for count in (MOST, MOST, 5 * MOST, MOST):
        before = len(narrow.log(0))
        answers = at_once(count, lambda: ask(narrow))
        assert Counter(answer.status for answer in answers) == Counter({200: MOST, 503: count - MOST})
        took = [line["duration_ms"] for line in narrow.log(before + count)[before:] if line["status"] == 200]
        assert max(took) < 1_900 * LONG_S, "one has waited for another"


def test_who_is_refused_is_told_to_come_again(narrow: Gateway) -> None:
    answers = at_once(3 * MOST, lambda: ask_other(narrow)) + at_once(3 * MOST, lambda: ask_tiny(narrow))
    refused = [answer for answer in answers if answer.status == 503]
    assert MOST < len(refused) <= 4 * MOST  # fewer, where one asked late
    words = {str(answer.json["error"]).count("too many requests at a time (request ") for answer in refused}
    assert words == {1}
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert not any(name.startswith("x-envoy-") for answer in refused for name in answer.headers)
    assert narrow.infer("iris").status == 200
    ids = {answer.headers["x-request-id"] for answer in refused}
    lines = [line for line in narrow.log(1) if line["request_id"] in ids]
    assert len(lines) == len(refused)
    assert {(line["decision"], line["reason"], line["status"]) for line in lines} == {("deny", "busy", 503)}


def test_a_server_that_is_away_is_not_busy(of: Callable[..., Gateway]) -> None:
    gateway = of(TEXT + CHAT.replace("127.0.0.1:{upstream}", "127.0.0.1:1"))
    answer = ask_tiny(gateway)
    assert answer.status == 503
    assert answer.json["error"]["message"].startswith(MESSAGES[503])
    assert "retry-after" not in answer.headers
    (line,) = gateway.log(1)
    assert line["decision"] == "allow"
