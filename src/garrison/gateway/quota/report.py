"""What has been used today, against the quotas: as a table of records, and as numbers for Prometheus."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping

import msgspec

from garrison.errors import UsageError
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.file.form import Quota
from garrison.gateway.quota.days import day_of, end_of
from garrison.gateway.quota.job import job_of
from garrison.gateway.quota.store import Store
from garrison.gateway.quota.tally import NOTHING, Key, Used

_NONE = Quota()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has used, or something; None where there is no quota. `here` is what this gateway alone has counted."""

    kind: str  # client, role, model, or client-of-model: each client, of a model
    name: str
    model: str = ""
    used: Used
    here: Used
    quota: Quota

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return bool(self.used.spends(self.quota))


class Usage(msgspec.Struct, frozen=True):
    """A day."""

    day: dt.date
    ends: dt.datetime
    rows: tuple[Row, ...]


def usage(plan: Plan, now: dt.datetime) -> Usage:
    """What the counter has counted up to now. Raises StoreError, and UsageError where nothing is counted."""
    if not plan.budgets.any:
        raise UsageError("this gateway file has no quotas, so nothing is counted", hint="add [quotas]: docs/limits.md")
    job = job_of(plan)
    if not job.store.exists():
        raise UsageError("nothing has been counted yet", hint="garrison gateway run counts")
    day = day_of(now, job.zone)
    with Store(job.store, read_only=True) as store:
        here, others = store.used(day), store.others(day)
    both = {key: here.get(key, NOTHING) + others.get(key, NOTHING) for key in here.keys() | others.keys()}
    return Usage(day, end_of(day, job.zone), tuple(_rows(plan, here, both)))


def _rows(plan: Plan, here: Mapping[Key, Used], both: Mapping[Key, Used]) -> Iterator[Row]:
    budgets = plan.budgets
    kinds: dict[str, tuple[Callable[[Key], str], Mapping[str, Quota]]] = {
        "client": (lambda key: key.client, budgets.clients),
        "role": (lambda key: key.role, budgets.role),
        "model": (lambda key: key.model, budgets.model),
    }
    for kind, (name_of, quotas) in kinds.items():
        own, all_ = _sums(here, name_of), _sums(both, name_of)
        for name in sorted(all_.keys() | quotas.keys()):
            quota = budgets.of_client(name) if kind == "client" else quotas.get(name, _NONE)
            yield Row(kind=kind, name=name, used=all_.get(name, NOTHING), here=own.get(name, NOTHING), quota=quota)
    for model, quota in sorted(budgets.client_model.items()):
        of_model = [{key: used for key, used in some.items() if key.model == model} for some in (here, both)]
        own, all_ = (_sums(some, lambda key: key.client) for some in of_model)
        for name, used in sorted(all_.items()):
            here_ = own.get(name, NOTHING)
            yield Row(kind="client-of-model", name=name, model=model, used=used, here=here_, quota=quota)


def _sums(used: Mapping[Key, Used], name_of: Callable[[Key], str]) -> dict[str, Used]:
    found: dict[str, Used] = {}
    for key, more in used.items():
        found[name_of(key)] = found.get(name_of(key), NOTHING) + more
    return found


def as_text(told: Usage) -> Iterator[str]:
    """Lines for people."""
    yield f"{told.day}, until {told.ends:%Y-%m-%d %H:%M} UTC"
    widest = max((len(_name(row)) for row in told.rows), default=0)
    for row in told.rows:
        amounts = (
            f"{used:,}{f' of {most:,}' if most is not None else ''} {word}"
            for word, used, most in _amounts(row)
            if used or most is not None
        )
        yield f"  {row.kind.partition('-')[0]:<6} {_name(row):<{widest}}  {', '.join(amounts)}{'  SPENT' if row.spent else ''}"


def as_prometheus(told: Usage) -> Iterator[str]:
    """Lines of Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/)."""
    for metric, what in (("used", "What has been used today."), ("quota", "What may be used in a day.")):
        yield f"# HELP garrison_gateway_{metric} {what}"
        yield f"# TYPE garrison_gateway_{metric} gauge"
        for row in told.rows:
            labels = {"kind": row.kind, "name": row.name, "model": row.model}
            for word, used, most in _amounts(row):
                number = used if metric == "used" else most
                if number is not None:
                    said = ",".join(f"{key}={_quoted(value)}" for key, value in {**labels, "unit": word}.items())
                    yield f"garrison_gateway_{metric}{{{said}}} {number}"


def _amounts(row: Row) -> tuple[tuple[str, int, int | None], ...]:
    return (
        ("requests", row.used.requests, row.quota.requests),
        ("tokens", row.used.tokens, row.quota.tokens),
    )


def _name(row: Row) -> str:
    return f"{row.name} on {row.model}" if row.model else row.name


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'
