"""An upstream that speaks enough of OpenAI's protocol for its real client: an ASGI application that answers at once.

What it answers is told by what it is asked, so a test can tell what has come through. `GET /seen` lists the requests
since it started, with their headers, without itself; the gateway has no route for it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
MODELS = ("tiny-chat", "other-chat")
_seen: list[dict[str, Any]] = []


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request, or the messages of starting and stopping."""
    if scope["type"] != "http":
        return
    asked = await _json(receive)
    path, method = scope["path"], scope["method"]
    if path == "/seen":
        await _answer(send, 200, _seen)
        return
    headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
    _seen.append({"method": method, "path": path, "headers": headers, "body": asked})
    known = {("GET", "/v1/models"): _models, ("POST", "/v1/embeddings"): _embeddings}
    if (method, path) in known:
        await _answer(send, 200, known[method, path](asked))
    elif method == "POST" and path in {"/v1/chat/completions", "/v1/completions"}:
        if asked.get("stream"):
            await _stream(send, asked, path)
        else:
            await _answer(send, 200, _completion(asked, path))
    elif method == "POST" and path in {"/v1/load_lora_adapter", "/v1/unload_lora_adapter"}:
        await _answer(send, 200, f"{path.split('/')[-1]}: {asked['lora_name']}")
    elif path == "/v1/fails":
        await _answer(send, 500, {"error": {"message": 'Traceback (most recent call last): File "/srv/model.py"'}})
    else:
        await _answer(send, 404, {"error": {"message": "no such path", "type": "invalid_request_error", "code": None}})


async def _json(receive: Receive) -> Any:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return json.loads(body) if body else {}


def _models(_: Any) -> Any:
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "tests"} for name in MODELS]
    return {"object": "list", "data": data}


def _embeddings(asked: Any) -> Any:
    texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    data = [
        {"object": "embedding", "index": index, "embedding": [float(len(text)), 0.123456789, 1.0]}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": _tokens(*texts), "total_tokens": _tokens(*texts)}
    return {"object": "list", "data": data, "model": asked["model"], "usage": usage}


def _said(asked: Any) -> str:
    """What the client said last, which is what it is answered."""
    return str(asked["messages"][-1]["content"] if "messages" in asked else asked["prompt"])


def _choice(path: str, text: str, *, piece: bool = False) -> dict[str, Any]:
    done = None if piece else "stop"
    if path == "/v1/completions":
        return {"index": 0, "text": text, "finish_reason": done}
    key = "delta" if piece else "message"
    return {"index": 0, key: {"role": "assistant", "content": text}, "finish_reason": done}


def _completion(asked: Any, path: str) -> Any:
    said = _said(asked)
    kind = "text_completion" if path == "/v1/completions" else "chat.completion"
    usage = {"prompt_tokens": _tokens(said), "completion_tokens": _tokens(said), "total_tokens": 2 * _tokens(said)}
    head = {"id": "c-1", "object": kind, "created": 0, "model": asked["model"]}
    return {**head, "choices": [_choice(path, said)], "usage": usage}


async def _stream(send: Send, asked: Any, path: str) -> None:
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
    await send(start)
    async for event in _pieces(asked, path):
        await send({"type": "http.response.body", "body": f"data: {event}\n\n".encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def _pieces(asked: Any, path: str) -> AsyncIterator[str]:
    kind = "text_completion" if path == "/v1/completions" else "chat.completion.chunk"
    head = {"id": "c-1", "object": kind, "created": 0, "model": asked["model"]}
    said = _said(asked)
    for word in said.split():
        yield json.dumps({**head, "choices": [_choice(path, f"{word} ", piece=True)]})
    if (asked.get("stream_options") or {}).get("include_usage"):
        count = _tokens(said)
        usage = {"prompt_tokens": count, "completion_tokens": count, "total_tokens": 2 * count}
        yield json.dumps({**head, "choices": [], "usage": usage})


def _tokens(*texts: str) -> int:
    return sum(len(text.split()) for text in texts)


async def _answer(send: Send, status: int, value: Any) -> None:
    headers = [(b"content-type", b"application/json"), (b"server", b"tests-upstream/1.0")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})
