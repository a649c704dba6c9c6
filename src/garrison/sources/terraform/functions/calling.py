"""A call of a function, and how a function of plain data becomes one of values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from garrison.estate.values import Place, State, Value, unknown
from garrison.sources.terraform.conversion import of_plain, plain
from garrison.sources.terraform.evaluation import Env, Undecided, failed, first_undecided, undecided


class Call(msgspec.Struct, frozen=True):
    """The arguments a function is called with, evaluated."""

    name: str
    values: list[Value]
    env: Env
    place: Place

    def failed(self, why: str) -> Value:
        """What Terraform refuses. Never says what the arguments are: they may be secrets."""
        return failed(f"{self.name}(): {why}", self.place)


Function = Callable[[Call], Value]


class Refused(Exception):  # noqa: N818 - said to the reader of a scan, as a reason
    """A function cannot be applied; its text is shown, so it holds no argument."""


class TooMuch(Exception):  # noqa: N818 - said to the reader of a scan, as a reason
    """Terraform would compute it, we do not: it takes too long, or is not understood."""


def of_data(function: Callable[..., Any], least: int, most: int | None = None) -> Function:
    """A function of plain data: known where all its arguments are."""
    most = least if most is None else most

    def run(call: Call) -> Value:
        if not least <= len(call.values) <= most:
            return call.failed("wrong number of arguments")
        try:
            return of_plain(function(*[plain(v) for v in call.values]), call.place)
        except Undecided as error:
            return undecided(error.value, call.place)
        except Refused as error:
            return call.failed(str(error))
        except TooMuch as error:
            return unknown(f"{call.name}(): {error}", call.place)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            # perhaps Terraform reads more into its arguments than we do, so `try` must not pass it over
            return unknown(f"{call.name}() cannot be applied to these arguments", call.place)

    return run


def of_values(function: Callable[..., Value], least: int, most: int | None = None) -> Function:
    """A function that takes values as they are, unknown ones too; the call comes first."""
    most = least if most is None else most

    def run(call: Call) -> Value:
        if not least <= len(call.values) <= most:
            return call.failed("wrong number of arguments")
        return function(call, *call.values)

    return run


def unknown_among(call: Call) -> Value | None:
    """The result where an argument itself (not something in it) is unknown."""
    cause = first_undecided(call.values)
    return None if cause is None else undecided(cause, call.place)


def unknown_or_failed(call: Call, why: str) -> Value:
    """For arguments that are not what the function needs: unknown where one of them is, else an error."""
    cause = unknown_among(call)
    return call.failed(why) if cause is None else cause


def listed(value: Value) -> tuple[Value, ...] | None:
    """The items of a list; None for what is no list."""
    return value.content if value.state is State.KNOWN and isinstance(value.content, tuple) else None
