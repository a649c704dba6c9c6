"""What the counter is told: one file, written whole by the gateway's supervisor, and looked at again when it changes."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garrison.gateway.envoy.names import EVERY
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.quota.budgets import Budgets, budgets_of
from garrison.gateway.quota.shared import Address
from garrison.gateway.quota.store import STORE
from garrison.running import job

JOB = "quotas.json"
SPENT = "spent.json"  # what the counter says: who has nothing left
ALIVE = "counted"  # touched when all lines are counted


class Job(msgspec.Struct, frozen=True):
    """What to count, from where, and against what."""

    log: str
    state: str  # the folder of the store and of what the counter says
    zone: str
    budgets: Budgets
    streams: dict[str, tuple[str, ...]] = {}  # the models that one request may speak of, by what stands for them
    telling: frozenset[str] = frozenset()  # protocols whose tokens are counted
    redis: Address | None = None

    @property
    def store(self) -> Path:
        """Where counts are kept."""
        return Path(self.state) / STORE


def job_of(plan: Plan) -> Job:
    """What a gateway file says of it."""
    budgets, said = budgets_of(plan.gateway), plan.gateway.quotas.redis
    password, ca = (_whole(plan, name) for name in ((said.password_file, said.ca) if said else ("", "")))
    return Job(
        log=str(plan.loaded.log.resolve()),
        state=str(plan.loaded.state.resolve()),
        zone=plan.gateway.quotas.zone,
        budgets=budgets,
        streams={EVERY + mount.name: tuple(mount.models) for mount in plan.mounts},
        telling=frozenset(
            mount.protocol.name for mount in plan.mounts if budgets.tokens and mount.protocol.tells_tokens
        ),
        redis=Address(said.url, password, ca, said.prefix) if said else None,
    )


def read_job(path: Path) -> Job:
    """Read what is to be done. Raises ConfigError."""
    return job.read_job(path, Job, "what to count")


def _whole(plan: Plan, name: str) -> str:
    return str(plan.loaded.beside(name).resolve()) if name else ""
