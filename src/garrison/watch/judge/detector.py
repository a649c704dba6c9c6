"""What a detector is, and whom and what an event is about: one way of saying it for rules, baselines and incidents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from garrison.events.event import Class, Event
from garrison.events.mappers.garrison_gateway import LABEL as GATEWAY
from garrison.events.mappers.garrison_outcome import LABEL as OUTCOME
from garrison.watch.alerts.signal import Signal
from garrison.watch.baselines.baseline import Kind

AHEAD_US: Final = 60_000_000  # that an event's own time is believed past now
NOBODY: Final = ("anonymous", "system:anonymous", "ANONYMOUS_PRINCIPAL")  # S3, Kubernetes, CloudTrail
UNKNOWN_USER: Final = "unknown user"  # whatever a stranger typed (events/sshd.py)
EVERYWHERE: Final = (Class.API, Class.HTTP, Class.DATASTORE)  # users of these are not those of one host
MAX_NAME: Final = 200  # characters of a subject's
_OF_A_HOST: Final = ("unit", "network interface")  # what each host has one of, by the same name

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
    return _user_of(event) or event.src_ip or event.actor_user


def asset_of(event: Event) -> tuple[str, str]:
    """On what it was done, and what kind of thing that is: a bucket rather than each of its objects, a host rather than its units."""
    if event.model:
        return event.model, "model"
    if event.pod:
        return (f"{event.namespace}/{event.pod}" if event.namespace else event.pod), "pod"
    if event.resource and not (event.host and event.resource_type in _OF_A_HOST):
        if event.resource_type == "object":
            return event.resource.partition("/")[0], "bucket"
        return (f"{event.namespace}/{event.resource}" if event.namespace else event.resource), event.resource_type
    for name, kind in (
        (event.container, "container"),
        (event.host, "host"),
        (event.dst_ip, "address"),
        (event.api_service, "service"),
        (event.log_name, "input"),
    ):
        if name:
            return name, kind
    return "", ""


def subjects_of(event: Event) -> list[Subject]:
    """Whose ordinary hours an event counts for. Addresses have none: a stranger could make any number of them."""
    if event.product == OUTCOME:
        return []
    found: list[Subject] = []
    if event.actor_user and (user := _user_of(event)):
        found.append((Kind.CLIENT if event.product == GATEWAY else Kind.PRINCIPAL, user[:MAX_NAME]))
    if event.model:
        found.append((Kind.MODEL, event.model[:MAX_NAME]))
    if event.host:
        found.append((Kind.HOST, event.host[:MAX_NAME]))
    return found


def _user_of(event: Event) -> str:
    user = event.actor_user
    if user in NOBODY or event.status_detail == UNKNOWN_USER:
        return ""
    if user:
        return f"{user}@{event.host}" if event.host and event.class_uid not in EVERYWHERE else user
    return event.actor_uid or event.credential_uid
