"""A file of lines, which is begun anew when it is large: for whatever picks files up."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from garrison.errors import BusyError
from garrison.events.event import Event
from garrison.watch.export.destination import Destination
from garrison.watch.export.form import FORMS, Form
from garrison.watch.sending.secret import Beside


class Settings(Destination, frozen=True, kw_only=True, tag_field="type", tag="file"):
    """`type = "file"`."""

    path: Annotated[str, Meta(min_length=1)]
    form: Form = Form.OCSF
    rotate_mb: Annotated[int, Meta(ge=1)] = 256
    keep: Annotated[int, Meta(ge=1, le=1_000, description="Older files that are kept: PATH.1 is the newest.")] = 5


def hold(settings: Settings, beside: Beside) -> None:
    """Nothing: whether the file can be written is seen when it is."""
    del settings, beside


def send(settings: Settings, batch: str, events: Sequence[Event], beside: Beside) -> None:
    """Append the lines, on the disk when this returns. What was written of a batch that was broken off is cut off first."""
    del batch
    path = beside(settings.path)
    data = b"".join(FORMS[settings.form](event) + b"\n" for event in events)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size + len(data) > settings.rotate_mb << 20:
            for number in range(settings.keep - 1, 0, -1):
                older = path.with_name(f"{path.name}.{number}")
                if older.exists():
                    older.replace(path.with_name(f"{path.name}.{number + 1}"))
            path.replace(path.with_name(f"{path.name}.1"))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            before = os.fstat(descriptor).st_size
            try:
                _write(descriptor, data)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise BusyError(
            f"export {settings.name}: {error.strerror}", hint="make room, or see who may write here", path=str(path)
        ) from error


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
