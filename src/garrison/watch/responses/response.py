"""The seam between the queue, which knows what may be done, and the kinds of responses, which do it."""

from __future__ import annotations

import enum
import functools
import operator
from typing import Annotated, Any, Literal, Protocol

import msgspec
from msgspec import Meta

from garrison.errors import ConfigError
from garrison.forms.kinds import modules_of
from garrison.watch.alerts.alert import Alert
from garrison.watch.alerts.which import Name, Patterns, Which, Word
from garrison.watch.responses import kinds
from garrison.watch.sending.secret import Beside

ACTOR = "service:garrison-watch"


class Response(Which, frozen=True, kw_only=True):
    """What the settings of every kind of response begin with."""

    name: Name
    severity: Word = "high"
    approve: Annotated[
        Literal["always", "never"], Meta(description="always: somebody has to agree; never: done at once.")
    ] = "always"
    per_hour: Annotated[int, Meta(ge=1, le=1000, description="Done without asking, at most; more wait.")] = 3
    protect: Annotated[Patterns, Meta(description="Principals that it is never done to; * for anything.")] = ()
    wait_hours: Annotated[float, Meta(gt=0, le=720, description="After which nobody can approve it any more.")] = 24
    timeout_s: Annotated[float, Meta(gt=0, le=600)] = 60


class State(enum.StrEnum):
    """Where it stands."""

    WAITING = "waiting"  # for somebody to approve it
    APPROVED = "approved"  # to be done
    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"  # nobody approved it in time


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done, and what came of it. Times in microseconds."""

    number: int = 0
    response: str  # as the watch file calls it
    alert: int
    target: str  # the principal that it is done to
    state: State
    asked_us: int
    until_us: int
    why: str = ""  # why it waits, or is not done
    actor: str = ""  # who approved or rejected it; "" where nobody had to
    reason: str = ""
    tries: int = 0
    due_us: int = 0  # when it is tried next
    ended_us: int = 0
    outcome: str = ""  # what was done, or why it failed


class Case(msgspec.Struct, frozen=True):
    """What a response is given."""

    request: Request
    alert: Alert
    beside: Beside


class Kind(Protocol):
    """A module of `kinds`."""

    Settings: type[Response]  # its tag is what `type` says in the watch file

    def hold(self, settings: Any, beside: Beside) -> None:
        """Raises ConfigError for what it needs and is not there: what can be told before anything is done."""
        ...

    def respond(self, settings: Any, case: Case) -> str:
        """Do it, and say what was done. It may be done again where whoever did it was killed.

        Raises BusyError where it may go well later, any other GarrisonError where it will not.
        """
        ...


@functools.cache
def responses() -> dict[type[Response], Kind]:
    """The kinds of responses, by their settings."""
    return {module.Settings: module for module in modules_of(kinds)}


def needs(name: str, beside: Beside, hint: str) -> None:
    """Raises ConfigError where what the watch file names is not there."""
    if not beside(name).exists():
        raise ConfigError(f"there is no {name}", hint=hint)


def any_response() -> Any:
    """The type that a `[[response]]` is read as: one of all kinds, told apart by `type`."""
    return functools.reduce(operator.or_, responses())
