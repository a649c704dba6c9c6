"""What a detector is, and whom and what an event is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from garrison.events.event import Event
from garrison.watch.alerts.signal import Signal


class Detector(Protocol):
    """Looks at events in the order in which they were stored. What it remembers has names that begin with its own."""

    name: str

    def observe(self, event: Event, now_us: int) -> Iterable[Signal]:
        """One event. Raises anything: the judge tells which event it was, and goes on."""
        ...

    def tick(self, now_us: int) -> Iterable[Signal]:
        """Time has passed."""
        ...

    def remember(self) -> dict[str, bytes | None]:
        """What has changed of what it remembers since it was asked last; None: nothing under that name any more."""
        ...


def principal_of(event: Event) -> str:
    """Who did it: the name, else the identity, else the key, else the address."""
    return event.actor_user or event.actor_uid or event.credential_uid or event.src_ip


def asset_of(event: Event) -> tuple[str, str]:
    """On what it was done, and what kind of thing that is; the most telling first."""
    if event.model:
        return event.model, "model"
    if event.resource:
        return event.resource, event.resource_type
    if event.pod:
        return (f"{event.namespace}/{event.pod}" if event.namespace else event.pod), "pod"
    if event.container:
        return event.container, "container"
    if event.host:
        return event.host, "host"
    return event.api_service, "service" if event.api_service else ""
