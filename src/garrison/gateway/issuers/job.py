"""What is fetched, and what was: two files in the gateway's state folder, each written whole."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garrison.gateway.envoy.plan import Plan
from garrison.gateway.issuers.key_set import KeyServer
from garrison.running import job

JOB = "issuers.json"
FETCHED = "key-sets.json"


class Job(msgspec.Struct, frozen=True):
    """What to fetch, by the name of the issuer, and where to put it."""

    folder: str
    servers: dict[str, KeyServer]


class Fetched(msgspec.Struct, frozen=True):
    """A key set, and where it came from."""

    server: KeyServer
    keys: str


def job_of(plan: Plan) -> Job:
    """What a gateway file says of it."""
    issuers = sorted(plan.gateway.identity.jwt.items())
    servers = {
        name: KeyServer(jwt.jwks, jwt.ca and plan.file(jwt.ca), jwt.cache_minutes * 60)
        for name, jwt in issuers
        if "://" in jwt.jwks
    }
    return Job(str(plan.loaded.state.resolve()), servers)


def read_job(path: Path) -> Job:
    """Read what is to be done. Raises ConfigError."""
    return job.read_job(path, Job, "what to fetch")


def read_fetched(path: Path) -> dict[str, Fetched]:
    """What was fetched; nothing where nothing was yet. Raises OSError, msgspec.DecodeError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Fetched])
    except FileNotFoundError:
        return {}
