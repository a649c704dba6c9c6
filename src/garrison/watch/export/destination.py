"""The seam between the export, which knows what was taken, and the kinds of destinations, which know how to hand it over."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from garrison.errors import ConfigError
from garrison.events.event import Event
from garrison.forms.kinds import modules_of
from garrison.watch.export import kinds
from garrison.watch.sending.secret import Beside


class Destination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What the settings of every kind of `[[export]]` begin with."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    filter: Annotated[str, Meta(description="Which events, as `garrison logs` finds them; all if empty.")] = ""
    since: Annotated[str, Meta(description="How far back the first start goes: 2h, 7d; from now on if empty.")] = ""
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 10


class Kind(Protocol):
    """A module of `kinds`."""

    Settings: type[Destination]  # its tag is what `type` says in the watch file

    def hold(self, settings: Any, beside: Beside) -> None:
        """Raises ConfigError for settings that cannot hold: what can be told before anything is sent."""
        ...

    def send(self, settings: Any, batch: str, events: Sequence[Event], beside: Beside) -> None:
        """Hand events over, all of them under the name of their batch. They were taken when this returns.

        Raises BusyError where they were not, ConfigError where the settings cannot hold: no secret stands in either.
        """
        ...


@functools.cache
def destinations() -> dict[type[Destination], Kind]:
    """The kinds of destinations, by their settings."""
    return {module.Settings: module for module in modules_of(kinds)}


def faults(settings: Sequence[Destination], beside: Beside) -> Iterator[str]:
    """What keeps exports from carrying anything: a secret or a certificate that is missing. The other exports go on."""
    for one in settings:
        try:
            destinations()[type(one)].hold(one, beside)
        except ConfigError as error:
            yield f"export {one.name} carries nothing: {error.message}; {error.hint}"


def any_destination() -> Any:
    """The type that an `[[export]]` is read as: one of all kinds, told apart by `type`."""
    return functools.reduce(operator.or_, destinations())
