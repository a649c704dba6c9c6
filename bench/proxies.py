"""Proxies in Python that do what the gateway does, or the most of it that they can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from garrison.gateway.keys.secret import digest_of
from load import Server, free_port, running
from stack import CHAT, Site, written
from validation import SCHEMA

_PROXY = Path(__file__).parent / "peers" / "python_proxy"
_MASTER = "sk-bench"  # LiteLLM's own key
_CONFIGURATION = """
model_list:
  - model_name: chat
    litellm_params: {{model: openai/chat, api_base: "http://127.0.0.1:{upstream}/v1", api_key: none}}
general_settings: {{master_key: {master}}}
litellm_settings: {{telemetry: false}}
"""


class MissingError(Exception):
    """A peer is not installed."""


@contextmanager
def python_proxy(granian: Path | None, site: Site, upstream: int) -> Iterator[Server]:
    """Granian and aiohttp, with the site's keys, schema and limits."""
    if granian is None or not granian.exists():
        raise MissingError("it is not installed (make .venv/.python_proxy)")
    settings = {
        "upstream": f"http://127.0.0.1:{upstream}",
        "log": str(site.folder / "python.jsonl"),
        "keys": {digest_of(secret): (f"client-{n}", "service") for n, secret in enumerate(site.secrets)},
        "permitted": [("service", f"m{n}") for n in range(site.models)],
        "per_second": 1_000_000,
        "burst": 100_000_000,
        "largest_bytes": 1 << 20,
        "json_schema": SCHEMA,
    }
    path, port = written(site.folder / "proxy.json", json.dumps(settings)), free_port()
    command = [
        str(granian), "--interface", "asgi", "--loop", "uvloop", "--no-ws", "--workers", "1", "--log-level", "error",
        "--working-dir", str(_PROXY), "--host", "127.0.0.1", "--port", str(port), "proxy:app",
    ]  # fmt: skip
    with running(command, port, site.targets(), PROXY=str(path)) as server:
        yield server


@contextmanager
def litellm(program: Path | None, folder: Path, upstream: int) -> Iterator[Server]:
    """LiteLLM's proxy, with its key."""
    if program is None or not program.exists():
        raise MissingError("it is not installed (make .venv/.litellm)")
    configuration = written(folder / "litellm.yaml", _CONFIGURATION.format(upstream=upstream, master=_MASTER))
    port, targets = free_port(), written(folder / "chats", f"{CHAT} authorization Bearer {_MASTER}\n")
    command = [str(program), "--config", str(configuration), "--host", "127.0.0.1", "--port", str(port)]
    with running(command, port, targets, LITELLM_LOG="ERROR", LITELLM_LOCAL_MODEL_COST_MAP="True") as server:
        yield server


def chat(folder: Path) -> Path:
    """A question of 1 KB."""
    said = {"model": "chat", "messages": [{"role": "user", "content": "Why? " * 180}]}
    return written(folder / "chat.json", json.dumps(said))
