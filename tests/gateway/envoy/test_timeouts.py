"""How long an answer may take: in all, or if it is a stream while nothing comes; for each model, whatever it is spoken to in."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from tests.gateway.envoy.conftest import FILE, SCIENTIST, VALID, Answer, Gateway, serving

from garrison.gateway.envoy.plan import Plan

pytestmark = pytest.mark.slow
SHORT = "limits = {{ timeout-s = 0.6 }}"
LONG = "limits = {{ timeout-s = 3 }}"
TEXT = FILE.replace('[model.other]\nupstream = "server"', f'[model.other]\nupstream = "server"\n{SHORT}')
TEXT = TEXT.replace('schema = "iris.schema.json"', LONG).replace("[limits]", "[limits]\ntimeout-s = 1.2")
CHAT = f"""
[upstream.llm]
protocol = "openai"
prefix = "/llm"
url = "http://127.0.0.1:{{upstream}}"

[model.hasty]
upstream = "llm"
{SHORT}

[model.slow]
upstream = "llm"
{LONG}

[model.tiny]
upstream = "llm"
"""
EVENTS = {"x-kind": "text/event-stream", "x-say": "0123456789", "x-chunked": "1"}
TOO_LONG = "the model server took too long"


@pytest.fixture(scope="module")
def timed(made: Callable[..., Plan], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(made(tmp_path_factory.mktemp("t"), TEXT + CHAT)) as running:
        yield running


def chat(
    gateway: Gateway, model: str, headers: dict[str, str], *, stream: str = "", path: str = "chat/completions"
) -> Answer:
    body = f'{{"model": "{model}", "input": "x"{stream and ", "}{stream}}}'.encode()
    return gateway.call("POST", f"/llm/v1/{path}", headers, key=SCIENTIST, body=body)


def v2(gateway: Gateway, model: str, headers: dict[str, str], *, path: str = "infer") -> Answer:
    return gateway.call("POST", f"/v2/models/{model}/{path}", headers, key=SCIENTIST, body=VALID)


def together(*asks: Callable[[], Answer]) -> list[Answer]:
    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(lambda ask: ask(), asks))


def test_a_model_of_v2_has_its_own(timed: Gateway) -> None:
    cases = [("other", "1", 504), ("other", "0.2", 200), ("iris", "1.6", 200), ("iris", "4", 504)]
    answers = together(*(partial(v2, timed, model, {"x-delay": delay}) for model, delay, _ in cases))
    assert [answer.status for answer in answers] == [status for *_, status in cases]
    assert answers[0].json["error"].partition(" (")[0] == TOO_LONG


@pytest.mark.parametrize("stream", ["", '"stream": false', '"stream": true'])
def test_a_model_of_openai_has_its_own(timed: Gateway, stream: str) -> None:
    """Before anything comes, it is the same for a stream."""
    cases = [
        ("hasty", "1", 504),
        ("hasty", "0.2", 200),
        ("slow", "1.6", 200),
        ("tiny", "1.6", 504),
        ("tiny", "0.8", 200),
    ]
    answers = together(*(partial(chat, timed, model, {"x-delay": delay}, stream=stream) for model, delay, _ in cases))
    assert [answer.status for answer in answers] == [status for *_, status in cases]
    assert answers[0].json["error"]["message"].partition(" (")[0] == TOO_LONG


def test_a_stream_goes_on_for_as_long_as_something_comes(timed: Gateway) -> None:
    often, seldom = EVENTS | {"x-pause": "0.15"}, EVENTS | {"x-pause": "1"}
    assert chat(timed, "hasty", often, stream='"stream": true').body == b"0123456789"
    assert v2(timed, "other", often, path="generate_stream").body == b"0123456789"
    assert chat(timed, "slow", seldom | {"x-say": "012"}, stream='"stream": true').body == b"012"
    asks: list[Callable[[], Answer]] = [
        lambda: chat(timed, "hasty", seldom, stream='"stream": true'),
        lambda: v2(timed, "other", seldom, path="generate_stream"),
    ]
    for ask in asks:
        with pytest.raises(http.client.IncompleteRead) as cut:
            ask()
        assert cut.value.partial == b"0"


def test_what_is_no_stream_ends_although_something_comes(timed: Gateway) -> None:
    """Nor does it help to ask for one where there is none."""
    often = EVENTS | {"x-pause": "0.15"}
    asks: list[Callable[[], Answer]] = [
        lambda: chat(timed, "hasty", often),
        lambda: chat(timed, "hasty", often, stream='"stream": true', path="embeddings"),
        lambda: v2(timed, "other", often),
    ]
    for ask in asks:
        with pytest.raises(http.client.IncompleteRead):
            ask()


@pytest.mark.parametrize("name", ["x-envoy-upstream-rq-timeout-ms", "X-Envoy-Upstream-Rq-Timeout-Ms"])
def test_a_client_cannot_ask_for_more(timed: Gateway, name: str) -> None:
    said = {"x-delay": "1", name: "9000"}
    answers = together(partial(v2, timed, "other", said), partial(chat, timed, "hasty", said))
    assert [answer.status for answer in answers] == [504, 504]


def test_the_feed_tells(of: Callable[..., Gateway]) -> None:
    gateway = of(TEXT)
    v2(gateway, "other", {"x-delay": "1"})
    (line,) = gateway.log(1)
    assert (line["status"], line["model"], line["decision"]) == (504, "other", "allow")
    assert line["reason"] in {"response_timeout", "stream_idle_timeout"}
