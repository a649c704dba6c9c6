"""Functions that turn one type into another."""

from __future__ import annotations

from garrison.estate.values import Body, State, Value, known
from garrison.sources.terraform.conversion import as_bool, as_number, text_value
from garrison.sources.terraform.functions.calling import Call, Function, of_values
from garrison.sources.terraform.functions.sequences import to_set


def _same(_: Call, value: Value) -> Value:
    return value


def _to_text(call: Call, value: Value) -> Value:
    return value if value.state is State.ABSENT else text_value(value, call.place)


def _to_number(call: Call, value: Value) -> Value:
    if value.state is not State.KNOWN:
        return value
    number = as_number(value.content)
    return call.failed("it is no number") if number is None else known(number, call.place, value.ref)


def _to_bool(call: Call, value: Value) -> Value:
    if value.state is not State.KNOWN:
        return value
    answer = as_bool(value.content)
    return call.failed("it is neither true nor false") if answer is None else known(answer, call.place, value.ref)


def _to_list(call: Call, value: Value) -> Value:
    if value.state is State.KNOWN and isinstance(value.content, Body):
        return call.failed("a map is no list")
    if value.state is State.KNOWN and not isinstance(value.content, tuple):
        return call.failed("it is no list")
    return value


def _to_map(call: Call, value: Value) -> Value:
    if value.state is State.KNOWN and not isinstance(value.content, Body):
        return call.failed("it is no map")
    return value


FUNCTIONS: dict[str, Function] = {
    "ephemeralasnull": of_values(_same, 1),
    "nonsensitive": of_values(_same, 1),
    "sensitive": of_values(_same, 1),
    "tobool": of_values(_to_bool, 1),
    "tolist": of_values(_to_list, 1),
    "tomap": of_values(_to_map, 1),
    "tonumber": of_values(_to_number, 1),
    "toset": of_values(to_set, 1),
    "tostring": of_values(_to_text, 1),
}
