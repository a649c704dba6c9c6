"""The seam between the outbox, which knows what is to be told, and the kinds of routes, which know how."""

from __future__ import annotations

import functools
import operator
from typing import Annotated, Any, Protocol

from msgspec import Meta

from garrison.forms.kinds import modules_of
from garrison.watch.alerts.which import Name, Which
from garrison.watch.routes import kinds
from garrison.watch.routes.message import Message
from garrison.watch.sending.secret import Beside


class Route(Which, frozen=True, kw_only=True):
    """What the settings of every kind of route begin with."""

    name: Name
    digest_minutes: Annotated[int, Meta(ge=0, le=1440, description="At most one message in so long; 0: each.")] = 0
    closed: Annotated[bool, Meta(description="Tell too when an alert is closed.")] = False
    give_up_hours: Annotated[float, Meta(gt=0, le=720, description="After which a message is lost, and that told.")] = (
        24
    )
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 10


class Kind(Protocol):
    """A module of `kinds`."""

    Settings: type[Route]  # its tag is what `type` says in the watch file

    def hold(self, settings: Any, beside: Beside) -> None:
        """Raises ConfigError for settings that cannot hold: what can be told before anything is sent."""
        ...

    def send(self, settings: Any, message: Message, beside: Beside) -> None:
        """Hand a message over. It was taken when this returns.

        Raises BusyError where it was not, ConfigError where the settings cannot hold: in neither stands a secret, or an address that is one.
        """
        ...


@functools.cache
def routes() -> dict[type[Route], Kind]:
    """The kinds of routes, by their settings."""
    return {module.Settings: module for module in modules_of(kinds)}


def any_route() -> Any:
    """The type that a `[[route]]` is read as: one of all kinds, told apart by `type`."""
    return functools.reduce(operator.or_, routes())
