"""The gateway under test, beside it the same Envoy without it, and the upstream of both."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from garrison.gateway.envoy import names
from garrison.gateway.envoy.bootstrap import FLUSH
from garrison.gateway.envoy.compiled import in_one_piece
from garrison.gateway.envoy.typed import extension, socket_address
from garrison.gateway.file.read import read
from garrison.gateway.keys.secret import digest_of, id_of, make_key
from garrison.gateway.keys.store import Store
from garrison.gateway.planning import planned
from garrison.gateway.run.program import find_envoy
from load import Server, free_port, running
from validation import SCHEMA, body

_ISSUER = "https://login.example.com/"
_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_BUFFER = "envoy.extensions.filters.http.buffer.v3.Buffer"
_ROUTER = extension("router", "envoy.extensions.filters.http.router.v3.Router")
_FILE = """
[gateway]
state = "s"
workers = 1

[listener.local]
address = "127.0.0.1:{port}"

[identity.keys]

{jwt}

[policy]
cedar = ["own.cedar"]

[upstream.server]
protocol = "open-inference"
url = "http://127.0.0.1:{upstream}"
concurrent = 100000

[upstream.chat]
protocol = "openai"
url = "http://127.0.0.1:{upstream}"

{models}

[limits]
client = {{ per-second = 1000000, burst = 100000000 }}
ip = {{ per-second = 1000000, burst = 100000000 }}
"""
_JWT = f"""
[identity.jwt.corp]
issuer = "{_ISSUER}"
audiences = ["models"]
jwks = "jwks.json"
"""
_ANSWERS = {
    "/v2/": {
        "model_name": "m0",
        "outputs": [{"name": "label", "datatype": "INT64", "shape": [1], "data": [1]}],
    },
    "/v1/": {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "chat",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    },
}
CHAT = "/v1/chat/completions"


class Site(msgspec.Struct, frozen=True):
    """A folder with a gateway file, and what its clients send."""

    folder: Path
    port: int
    secrets: tuple[str, ...]
    models: int

    @property
    def file(self) -> Path:
        """The gateway file."""
        return self.folder / "gateway.toml"

    @property
    def store(self) -> Path:
        """Its keys."""
        return self.folder / "s/keys.db"

    def targets(self) -> Path:
        """Each client in turn, and with it another model."""
        lines = [f"{infer(n % self.models)} x-api-key {secret}" for n, secret in enumerate(self.secrets)]
        return written(self.folder / "targets", "\n".join(lines) + "\n")

    def asking_chat(self) -> Path:
        """Each client in turn, with a question to the chat model."""
        lines = [f"{CHAT} x-api-key {secret}" for secret in self.secrets]
        return written(self.folder / "chats", "\n".join(lines) + "\n")


def infer(model: int) -> str:
    """The path of an inference."""
    return f"/v2/models/m{model}/infer"


def written(path: Path, text: str) -> Path:
    """A small file, in one step as far as readers can see."""
    aside = path.with_name(f".{path.name}")
    aside.write_text(text)
    return aside.replace(path)


def site(folder: Path, upstream: int, *, clients: int = 10, models: int = 1, tokens: str = "") -> Site:
    """Make one. Keys are put into the store as they are when they have been issued one by one."""
    folder.mkdir(parents=True)
    port = free_port()
    entry = '[model.m{}]\nupstream = "server"\nschema = "schema.json"\n'
    listed = "".join(entry.format(n) for n in range(models)) + '[model.chat]\nupstream = "chat"\n'
    written(folder / "schema.json", json.dumps(SCHEMA))
    written(folder / "own.cedar", "")
    written(folder / "jwks.json", tokens)
    written(
        folder / "gateway.toml",
        _FILE.format(port=port, upstream=upstream, models=listed, jwt=_JWT if tokens else ""),
    )
    secrets = tuple(make_key() for _ in range(clients))
    made = Site(folder, port, secrets, models)
    made.store.parent.mkdir(mode=0o700)
    now, expires = int(time.time()), int(time.time()) + 86_400
    with Store(made.store, create=True), contextlib.closing(sqlite3.connect(made.store)) as db:
        rows = [(id_of(s), digest_of(s), f"client-{n}", now, expires) for n, s in enumerate(secrets)]
        db.executemany(
            "INSERT INTO key (id, digest, client, role, owner, created, expires)"
            " VALUES (?, ?, ?, 'service', 'bench', ?, ?)",
            rows,
        )
        db.commit()
    return made


def bodies(folder: Path) -> dict[int, Path]:
    """Requests of 1 KB and 100 KB."""
    found = {size: folder / f"{size}.json" for size in (1_000, 100_000)}
    for size, path in found.items():
        path.write_bytes(body(size))
    return found


@contextmanager
def gateway(made: Site, *, targets: Path | None = None) -> Iterator[Server]:
    """`garrison gateway run`, with its guard."""
    command = [sys.executable, "-m", "garrison", "gateway", "run", str(made.file)]
    with running(command, made.port, targets or made.targets()) as server:
        yield server


def compiled(made: Site) -> dict[str, Any]:
    """The same gateway as one configuration, its log a file beside it."""
    plan = planned(read(made.file), dt.datetime.now(dt.UTC)).plan
    found = in_one_piece(plan, str(made.folder / f"{free_port()}.sock"))
    for log in manager_of(found)["access_log"]:
        log["typed_config"]["path"] = str(made.folder / "audit.jsonl")
    return found


def plain(made: Site) -> dict[str, Any]:
    """Envoy with the listener's settings, and nothing of the gateway in it."""
    found = compiled(made)
    manager = manager_of(found)
    for name in ("access_log", "early_header_mutation_extensions", "local_reply_config"):
        del manager[name]
    manager["http_filters"] = [_ROUTER]
    route = {"match": {"prefix": "/"}, "route": {"cluster": "server"}}
    manager["route_config"] = {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]}
    return found


def verifying(made: Site) -> dict[str, Any]:
    """Plain Envoy that verifies tokens as the gateway has it do, and nothing else."""
    found, whole = plain(made), manager_of(compiled(made))["http_filters"]
    manager_of(found)["http_filters"] = [next(filt for filt in whole if filt["name"] == names.JWT), _ROUTER]
    return found


def manager_of(found: dict[str, Any]) -> dict[str, Any]:
    """Where the filters stand."""
    manager: dict[str, Any] = found["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
    return manager["typed_config"]  # type: ignore[no-any-return]


@contextmanager
def envoy(configuration: dict[str, Any], folder: Path, targets: Path) -> Iterator[Server]:
    """Envoy alone, on a port of its own."""
    port = free_port()
    configuration["static_resources"]["listeners"][0]["address"] = socket_address(f"127.0.0.1:{port}")
    path = written(folder / f"envoy-{port}.json", json.dumps(configuration))
    command = [
        str(find_envoy()),
        "-c",
        str(path),
        "--use-dynamic-base-id",
        "--log-level",
        "error",
        "--concurrency",
        "1",
    ]
    with running([*command, *FLUSH], port, targets) as server:
        yield server


@contextmanager
def upstream(folder: Path) -> Iterator[int]:
    """A server that answers as models do, at the least cost: Envoy's own answers. Its port."""
    routes = [
        {
            "match": {"prefix": prefix},
            "direct_response": {"status": 200, "body": {"inline_string": json.dumps(answer)}},
            "response_headers_to_add": [
                {
                    "header": {"key": "content-type", "value": "application/json"},
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }
            ],
        }
        for prefix, answer in _ANSWERS.items()
    ]
    manager = extension(
        "http",
        _MANAGER,
        stat_prefix="upstream",
        # Without it Envoy answers before it has read the body, and then closes the connection, as no model server does.
        http_filters=[extension("buffer", _BUFFER, max_request_bytes=1 << 20), _ROUTER],
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    )
    listener = {"name": "upstream", "filter_chains": [{"filters": [manager]}]}
    with envoy({"static_resources": {"listeners": [listener]}}, folder, folder / "none") as server:
        yield server.port


class Issuer:
    """Who signs tokens."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwks(self) -> str:
        """Its keys."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return json.dumps({"keys": [{**key, "kid": "one", "alg": "RS256", "use": "sig"}]})

    def targets(self, path: Path, clients: int) -> Path:
        """A token for each of some clients."""
        claims = {"iss": _ISSUER, "aud": "models", "roles": ["service"], "exp": int(time.time()) + 86_400}
        tokens = [
            jwt.encode({**claims, "sub": f"client-{n}"}, self.key, "RS256", {"kid": "one"}) for n in range(clients)
        ]
        return written(path, "".join(f"{infer(0)} authorization Bearer {token}\n" for token in tokens))
