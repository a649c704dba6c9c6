"""What `watch.toml` can say; `docs/watch.md` shows a file. Paths are from the file's own folder, and no secret stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

import msgspec
from msgspec import Meta

from garrison.watch.export.destination import any_destination
from garrison.watch.judge.settings import Baselines, Rules, Silence
from garrison.watch.models.settings import Model, Models
from garrison.watch.quarantine.settings import Settings as Quarantine
from garrison.watch.receive.inputs import inputs
from garrison.watch.redact.settings import Redaction
from garrison.watch.redact.settings import Rule as Redact
from garrison.watch.responses.response import any_response
from garrison.watch.retention.settings import Class
from garrison.watch.routes.route import any_route

if TYPE_CHECKING:
    from garrison.watch.export.destination import Destination as AnyDestination
    from garrison.watch.receive.input import InputSettings as AnyInput
    from garrison.watch.responses.response import Response as AnyResponse
    from garrison.watch.routes.route import Route as AnyRoute
else:  # as many as there are modules of them
    AnyInput = Union[tuple(found.Settings for found in inputs().values())]  # noqa: UP007
    AnyResponse, AnyRoute, AnyDestination = any_response(), any_route(), any_destination()


class Running(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[watch]`: the watch itself."""

    state: Annotated[str, Meta(min_length=1, description="Folder of the spool, the store and all that is kept.")] = (
        "watch"
    )
    store: Annotated[
        str,
        Meta(
            description="http(s) URL of a ClickHouse cluster, without a user; in the state folder if empty. See docs/watch.md."
        ),
    ] = ""
    ledger: Annotated[str, Meta(description="Folder of a ledger that is told of each batch; empty for none.")] = ""
    metrics: Annotated[str, Meta(description="Loopback address of Prometheus' /metrics; empty for none.")] = ""
    spool_mb: Annotated[int, Meta(ge=1, description="What may wait for the store, of each retention class.")] = 4_096
    findings: Annotated[str, Meta(description="A report of garrison scan --format json, told beside alerts.")] = ""
    drain_s: Annotated[float, Meta(ge=0, le=3_600, description="How long SIGTERM waits for what was received.")] = 10.0


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A whole file."""

    input: Annotated[tuple[AnyInput, ...], Meta(min_length=1, description="Where events come from.")]
    watch: Running = Running()
    redact: tuple[Redact, ...] = ()
    redaction: Redaction = Redaction()
    quarantine: Quarantine = Quarantine()
    retention: tuple[Class, ...] = ()
    rules: Rules = Rules()
    baselines: Baselines = Baselines()
    silence: Silence = Silence()
    models: Models = Models()
    model: tuple[Model, ...] = ()
    route: tuple[AnyRoute, ...] = ()
    response: tuple[AnyResponse, ...] = ()
    export: tuple[AnyDestination, ...] = ()
