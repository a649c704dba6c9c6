"""The audit webhook of a Kubernetes API server: lists of events by POST ("Auditing", Kubernetes documentation, "Webhook backend").

The kubeconfig that `--audit-webhook-config-file` names has our address, our CA, and a client's certificate or a key as its `token`. What is
not taken now is answered by 429 or 503 and when to come again; each stage of a request has a name of its own, so that it doubles nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import msgspec

from garrison.errors import UnmappedError
from garrison.events.mappers import mapper, records
from garrison.watch.receive.body import Budget, RefusedError, pieces
from garrison.watch.receive.input import Around, Line, Source
from garrison.watch.receive.lines import AT_ONCE
from garrison.watch.receive.listen import Listen, hold_listener
from garrison.watch.receive.web import answer
from garrison.watch.receive.web import serve as serve_web

if TYPE_CHECKING:
    from aiohttp import web

TYPE = "kubernetes"

_HELD_BYTES = 256 << 20


class Settings(Listen, frozen=True, kw_only=True, tag=TYPE, forbid_unknown_fields=True, rename="kebab"):
    """`type = "kubernetes"`."""

    path: Annotated[str, msgspec.Meta(pattern="^/")] = "/"
    most_mb: Annotated[int, msgspec.Meta(gt=0, le=1024)] = (
        64  # of a request; API servers send 10 unless they are told otherwise
    )


hold = hold_listener


async def serve(settings: Settings, around: Around) -> None:
    """See `Input`."""
    form, budget, most_bytes = mapper("kubernetes-audit"), Budget(_HELD_BYTES), settings.most_mb << 20
    source = Source(settings.name, form)

    async def take(request: web.BaseRequest, _: str) -> web.Response:
        async with budget.whole(pieces(request, most_bytes)) as data:
            try:
                found = list(await asyncio.to_thread(records, form, data))
            except UnmappedError as error:
                raise RefusedError(400, error.message) from error
            events = 0
            for at in range(0, len(found), AT_ONCE):
                events += await around.intake.take(source, [Line(item) for item in found[at : at + AT_ONCE]])
        return answer({"events": events, "quarantined": len(found) - events})

    await serve_web(settings, around, {settings.path: take})
