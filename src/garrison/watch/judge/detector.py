"""What a detector is, and whom and what an event is about: one way of saying it for rules, baselines and incidents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from garrison.events.event import Event
from garrison.events.mappers.garrison_gateway import LABEL as GATEWAY
from garrison.watch.alerts.signal import Signal
from garrison.watch.baselines.baseline import Kind

AHEAD_US: Final = 60_000_000  # that an event's own time is believed past now
NOBODY: Final = ("anonymous", "system:anonymous", "ANONYMOUS_PRINCIPAL")  # S3, Kubernetes, CloudTrail
UNKNOWN_USER: Final = "unknown user"  # whatever a stranger typed (events/sshd.py)
MAX_NAME: Final = 200  # characters of a subject's

Subject = tuple[Kind, str]


class Detector(Protocol):
    """Looks at events in the order in which they were stored. What it remembers has names that begin with its own.

    What it says, and what it remembers, follows from events and times alone: after a crash the same events come again.
    """

    name: str

    def observe(self, event: Event, now_us: int) -> Iterable[Signal]:
        """One event. Raises anything: the judge tells which event it was, and goes on."""
        ...

    def tick(self, now_us: int) -> Iterable[Signal]:
        """Time has passed. What takes long is done in slices, a slice a call."""
        ...

    def remember(self) -> dict[str, bytes | None]:
        """What has changed of what it remembers since it was asked last; None: nothing under that name any more."""
        ...


def principal_of(event: Event) -> str:
    """Who did it: a name, else an identity, else a key, else an address. Names of a host's own users say which host."""
    user = event.actor_user
    if user in NOBODY or event.status_detail == UNKNOWN_USER:
        return event.src_ip or user
    if user:
        return f"{user}@{event.host}" if event.host else user
    return event.actor_uid or event.credential_uid or event.src_ip


def asset_of(event: Event) -> tuple[str, str]:
    """On what it was done, and what kind of thing that is: a bucket rather than each of its objects, a host rather than its units."""
    if event.model:
        return event.model, "model"
    if event.pod:
        return (f"{event.namespace}/{event.pod}" if event.namespace else event.pod), "pod"
    if event.resource and event.resource_type != "unit":
        if event.resource_type == "object":
            return event.resource.partition("/")[0], "bucket"
        return (f"{event.namespace}/{event.resource}" if event.namespace else event.resource), event.resource_type
    for name, kind in ((event.container, "container"), (event.host, "host"), (event.dst_ip, "address")):
        if name:
            return name, kind
    return event.api_service, "service" if event.api_service else ""


def subjects_of(event: Event) -> list[Subject]:
    """Whose ordinary hours an event counts for. Addresses have none: a stranger could make any number of them."""
    found: list[Subject] = []
    user, host = event.actor_user, event.host
    if user and user not in NOBODY and event.status_detail != UNKNOWN_USER:
        kind = Kind.CLIENT if event.product == GATEWAY else Kind.PRINCIPAL
        found.append((kind, (f"{user}@{host}" if host else user)[:MAX_NAME]))
    if event.model:
        found.append((Kind.MODEL, event.model[:MAX_NAME]))
    if host:
        found.append((Kind.HOST, host[:MAX_NAME]))
    return found
