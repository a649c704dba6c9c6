"""Functions of lists and sets. A list that may have more items than are known says so in its result."""

from __future__ import annotations

from typing import Any

from garrison.estate.truth import Truth, all_of, any_of
from garrison.estate.values import Body, State, Value, absent, known, unknown
from garrison.sources.terraform.conversion import as_bool, as_number, as_text, json_text, plain, sequence
from garrison.sources.terraform.evaluation import MAX_ITEMS, Encoded, Failed, Undecided, undecided
from garrison.sources.terraform.functions.calling import (
    Call,
    Function,
    Refused,
    listed,
    of_data,
    of_values,
    unknown_among,
    unknown_or_failed,
)
from garrison.sources.terraform.functions.text import integer
from garrison.sources.terraform.operators import decided, equal
from garrison.sources.terraform.steps import item

_MAX_RANGE = 1024  # Terraform itself refuses more items


def _concat(call: Call, *values: Value) -> Value:
    items: list[Value] = []
    rest = None
    for value in values:
        found = listed(value)
        if found is not None:
            items += found
            rest = value.rest if rest is None else rest
        elif value.state is State.UNKNOWN:
            rest = value if rest is None else rest
        else:
            return call.failed("needs lists")
    return sequence(items, call.place, rest)


def _flatten(call: Call, value: Value) -> Value:
    if value.state is State.UNKNOWN:
        return value
    items: list[Value] = []
    rest = value.rest
    stack = [value]
    while stack:
        found = stack.pop()
        inner = listed(found)
        if inner is not None:
            rest = found.rest if rest is None else rest
            stack.extend(reversed(inner))
        elif found.state is State.UNKNOWN and found.content is None:
            rest = found if rest is None else rest
        else:
            items.append(found)
        if not call.env.scope.spend(1) or len(stack) > MAX_ITEMS:
            return unknown("too many items to be evaluated", call.place)
    return sequence(items, call.place, rest)


def _length(call: Call, value: Value) -> Value:
    if type(value) is Encoded:
        value = json_text(value, call.place)
    if value.state is State.UNKNOWN or value.rest is not None:
        return undecided(value.rest if value.rest is not None else value, call.place)
    if isinstance(value.content, Body):
        return known(len(value.content.keys()), call.place)
    if isinstance(value.content, str | tuple):
        return known(len(value.content), call.place)
    return call.failed("needs a list, a map or a text")


def _element(call: Call, value: Value, number: Value) -> Value:
    items = listed(value)
    if items is None or value.rest is not None or number.state is not State.KNOWN:
        return item(value, number) if value.state is not State.ABSENT else call.failed("needs a list")
    index = as_number(number.content)
    if not isinstance(index, int) or not items:
        return call.failed("there is no such item")
    return items[index % len(items)]


def _one(call: Call, value: Value) -> Value:
    items = listed(value)
    if items is None:
        return value
    if value.rest is not None:
        return value.rest if not items else undecided(value.rest, call.place)
    if len(items) > 1:
        return call.failed("there is more than one")
    return items[0] if items else absent(call.place)


def _contains(call: Call, value: Value, wanted: Value) -> Value:
    if value.state is not State.KNOWN:
        return undecided(value, call.place) if value.state is State.UNKNOWN else call.failed("needs a list")
    return decided(value.any(lambda v: equal(v, wanted)), call.place)


def _distinct(call: Call, value: Value) -> Value:
    items = listed(value)
    if items is None:
        return value
    seen: set[object] = set()
    found = []
    for member in items:
        mark = _mark(member)
        if mark is None or mark not in seen:
            found.append(member)
        seen.add(mark)
    return sequence(found, call.place, value.rest)


def _mark(value: Value) -> object:
    """What tells one item from another; None where that is not known."""
    if value.state is State.KNOWN and isinstance(value.content, str | bool | int | float):
        return type(value.content) is bool, value.content
    try:
        return repr(plain(value))
    except Undecided:
        return None


def to_set(call: Call, value: Value) -> Value:
    """Each item once; in the order Terraform goes over a set of texts."""
    found = _distinct(call, value)
    items = listed(found)
    if items is None or not all(isinstance(i.content, str) and i.state is State.KNOWN for i in items):
        return found
    return sequence(sorted(items, key=lambda i: str(i.content)), call.place, found.rest)


def _compact(call: Call, value: Value) -> Value:
    items = listed(value)
    if items is None:
        return value
    found: list[Value] = []
    rest = value.rest
    for member in items:
        empty = member.is_empty()
        if empty.unknown:
            rest = member if rest is None else rest
        elif empty.no:
            found.append(member)
    return sequence(found, call.place, rest)


def _coalesce(call: Call, *values: Value) -> Value:
    for value in values:
        if value.state is State.ABSENT or value.content == "":
            continue
        if type(value) is Failed or value.given().yes:
            return value
        return undecided(value, call.place)
    return call.failed("none of its arguments is given")


def _coalesce_list(call: Call, *values: Value) -> Value:
    for value in values:
        empty = value.is_empty()
        if empty.unknown:
            return undecided(value, call.place)
        if empty.no:
            return value
    return call.failed("all of its lists are empty")


def _index(call: Call, value: Value, wanted: Value) -> Value:
    items = listed(value)
    if items is None:
        return unknown_or_failed(call, "needs a list")
    for number, member in enumerate(items):
        truth = equal(member, wanted)
        if truth.unknown:
            return decided(truth, call.place)
        if truth.yes:
            return known(number, call.place)
    return undecided(value.rest, call.place) if value.rest is not None else call.failed("there is no such item")


def _range(*numbers: Any) -> list[int | float]:
    said = [as_number(n) for n in numbers]
    if None in said:
        raise Refused("needs numbers")
    values = [n for n in said if n is not None]
    start, end = (0, values[0]) if len(values) == 1 else (values[0], values[1])
    step = values[2] if len(values) == len(("start", "end", "step")) else 1 if start <= end else -1
    if start == end:
        return []
    if not step or (step > 0) is not (end > start):
        raise Refused("it would not end")
    if abs(end - start) / abs(step) > _MAX_RANGE:
        raise Refused("it has more than 1024 items")
    found: list[int | float] = []
    at = start
    while (at < end) if step > 0 else (at > end):
        found.append(at)
        at += step
    return found


def _reverse(call: Call, value: Value) -> Value:
    items = listed(value)
    if items is None:
        return unknown_or_failed(call, "needs a list")
    return sequence(list(reversed(items)), call.place, value.rest)


def _slice(call: Call, value: Value, start: Value, end: Value) -> Value:
    cause = unknown_among(call)
    items = listed(value)
    if cause is not None or items is None or value.rest is not None:
        return (
            cause
            if cause is not None
            else (undecided(value.rest, call.place) if value.rest is not None else call.failed("needs a list"))
        )
    a, b = as_number(start.content), as_number(end.content)
    if not isinstance(a, int) or not isinstance(b, int) or not 0 <= a <= b <= len(items):
        return call.failed("its bounds are outside of the list")
    return sequence(list(items[a:b]), call.place)


def _chunks(call: Call, value: Value, size: Value) -> Value:
    cause = unknown_among(call)
    items = listed(value)
    if cause is not None or items is None or value.rest is not None:
        return (
            cause
            if cause is not None
            else (undecided(value.rest, call.place) if value.rest is not None else call.failed("needs a list"))
        )
    count = as_number(size.content)
    if not isinstance(count, int) or count < 1:
        return call.failed("needs a size")
    chunks = [sequence(list(items[n : n + count]), call.place) for n in range(0, len(items), count)]
    return sequence(chunks, call.place)


def _set_product(call: Call, *values: Value) -> Value:
    cause = unknown_among(call)
    if cause is not None:
        return cause
    rows: list[list[Value]] = [[]]
    for value in values:
        items = listed(value)
        if items is None or value.rest is not None:
            return undecided(value.rest, call.place) if value.rest is not None else call.failed("needs lists")
        if not call.env.scope.spend(len(rows) * len(items)) or len(rows) * len(items) > MAX_ITEMS:
            return unknown("too many items to be evaluated", call.place)
        rows = [[*row, member] for row in rows for member in items]
    return sequence([sequence(row, call.place) for row in rows], call.place)


def _scalars(data: Any) -> list[Any]:
    if not isinstance(data, list) or not all(isinstance(d, str | bool | int | float) for d in data):
        raise Refused("needs lists of scalars")
    return data


def _set_operation(kind: str) -> Any:
    def run(*lists: Any) -> list[Any]:
        found = dict.fromkeys(_scalars(lists[0]))
        for other in lists[1:]:
            marks = dict.fromkeys(_scalars(other))
            if kind == "union":
                found |= marks
            else:
                keep = kind == "intersection"
                found = {k: None for k in found if (k in marks) is keep}
        return sorted(found, key=lambda k: (str(type(k)), k))

    return run


def _all_true(call: Call, value: Value, *, every: bool) -> Value:
    if value.state is not State.KNOWN:
        return undecided(value, call.place)
    truths = value.each(lambda v: Truth(None if v.state is State.UNKNOWN else as_bool(v.content) or False, (v,)))
    return decided(all_of(truths) if every else any_of(truths), call.place)


def _sort(data: Any) -> list[str]:
    found = [as_text(d) for d in data]
    if not all(isinstance(f, str) for f in found):
        raise Refused("needs texts")
    return sorted(f for f in found if f is not None)


def _sum(data: Any) -> Any:
    if not data:
        raise Refused("there is nothing to add")
    return sum(integer(d) if isinstance(as_number(d), int) else float(d) for d in data)


def _match_keys(values: Any, keys: Any, wanted: Any) -> list[Any]:
    return [v for v, k in zip(values, keys, strict=True) if k in wanted]


FUNCTIONS: dict[str, Function] = {
    "alltrue": of_values(lambda call, v: _all_true(call, v, every=True), 1),
    "anytrue": of_values(lambda call, v: _all_true(call, v, every=False), 1),
    "chunklist": of_values(_chunks, 2),
    "coalesce": of_values(_coalesce, 1, 100),
    "coalescelist": of_values(_coalesce_list, 1, 100),
    "compact": of_values(_compact, 1),
    "concat": of_values(_concat, 1, 1000),
    "contains": of_values(_contains, 2),
    "distinct": of_values(_distinct, 1),
    "element": of_values(_element, 2),
    "flatten": of_values(_flatten, 1),
    "index": of_values(_index, 2),
    "length": of_values(_length, 1),
    "list": lambda call: sequence(call.values, call.place),
    "matchkeys": of_data(_match_keys, 3),
    "one": of_values(_one, 1),
    "range": of_data(_range, 1, 3),
    "reverse": of_values(_reverse, 1),
    "setintersection": of_data(_set_operation("intersection"), 1, 100),
    "setproduct": of_values(_set_product, 1, 100),
    "setsubtract": of_data(_set_operation("subtraction"), 2),
    "setunion": of_data(_set_operation("union"), 1, 100),
    "slice": of_values(_slice, 3),
    "sort": of_data(_sort, 1),
    "sum": of_data(_sum, 1),
}
