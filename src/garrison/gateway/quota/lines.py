"""What a line of the audit feed counts for.

Requests that infer something and were let through count, whatever became of them. Tokens are those that the answer tells.
Where it tells none, no more can be known than that a token has at least one byte: each byte of the question and of the text in
the answer counts as one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from garrison.gateway.quota.tally import Key, Used
from garrison.policy.actions import Action

_FAILED = 400  # the status from which on an answer is an error, for which nobody is charged tokens

_MOST = 10**12  # tokens of one answer: sums of no more can be kept, whatever a server says


class Line(msgspec.Struct, frozen=True):
    """What is read of a line; the fields are those of `garrison.gateway.envoy.logs`."""

    time: dt.datetime
    decision: str
    client: str = ""
    role: str = ""
    model: str = ""
    action: str = ""
    protocol: str = ""
    status: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    total_tokens: float | None = None
    text_bytes: float | None = None


_decoder = msgspec.json.Decoder(Line)


def read_line(line: bytes) -> Line | None:
    """A line, or None for what is none. What an Envoy that was killed has left of one may stand before it."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        at = line.find(b"{", 1)
        while at > 0:
            try:
                return _decoder.decode(line[at:])
            except (msgspec.DecodeError, UnicodeDecodeError):
                at = line.find(b"{", at + 1)
        return None


def charges(line: Line, streams: Mapping[str, tuple[str, ...]], telling: frozenset[str]) -> dict[Key, Used]:
    """What it counts for.

    `streams` has the models of which one request may speak at once, by the name that stands for them, and it counts for each;
    `telling` the protocols whose tokens are counted.
    """
    if line.decision != "allow" or line.action != Action.INFER:
        return {}
    used = Used(1, _tokens(line) if line.protocol in telling else 0)
    models = streams.get(line.model, (line.model,))
    return {Key(line.client, line.role, model): used for model in models}


def _tokens(line: Line) -> int:
    if line.prompt_tokens is not None or line.completion_tokens is not None or line.total_tokens is not None:
        told = max((line.prompt_tokens or 0) + (line.completion_tokens or 0), line.total_tokens or 0)
        return int(min(told, _MOST))
    if line.status >= _FAILED:
        return 0
    return line.request_bytes + int(line.response_bytes if line.text_bytes is None else line.text_bytes)
