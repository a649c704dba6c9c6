"""JSON Patch (RFC 6902) on values."""

from __future__ import annotations

from garrison.estate.values import Body, State, Value, absent, same
from garrison.sources.kubernetes.edits import body_of, entry, listed, updated

_END = "-"
_MAX_OPERATIONS = 1_000
_MAX_STEPS = 100
_OPERATIONS = frozenset({"add", "replace", "remove", "move", "copy", "test"})


class DoesNotFit(Exception):  # noqa: N818 - a patch that does not fit is no defect
    """A patch speaks of what is not there; its text completes "the patch does not fit: ..."."""


def steps_of(pointer: str) -> tuple[str, ...]:
    """The steps of a JSON pointer (RFC 6901)."""
    if not pointer.startswith("/"):
        return ()
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def patched(value: Value, operations: Value) -> Value:
    """A value after all operations of a patch. Raises DoesNotFit."""
    if len(operations.items()) > _MAX_OPERATIONS:
        raise DoesNotFit(f"it has more than {_MAX_OPERATIONS:,} operations")
    for operation in operations.items():
        value = _applied(value, operation)
    return value


def _applied(value: Value, operation: Value) -> Value:
    name, path = entry(operation, "op").text(), steps_of(entry(operation, "path").text())
    if name not in _OPERATIONS or not 0 < len(path) <= _MAX_STEPS:
        raise DoesNotFit(f"an operation says {name[:20] or 'nothing'} at /{'/'.join(path)[:100]}")
    said = entry(operation, "value")
    if name in ("move", "copy"):
        source = steps_of(entry(operation, "from").text())
        said = _at(value, source)
        if name == "move":
            value = _removed(value, source)
    if name == "test":
        if not _equal(_at(value, path), said):
            raise DoesNotFit(f"/{'/'.join(path)} is not what it tests for")
        return value
    if name == "remove":
        return _removed(value, path)
    return _said(value, path, said, replaces=name == "replace")


def _said(value: Value, path: tuple[str, ...], said: Value, *, replaces: bool) -> Value:
    parent = _at(value, path[:-1])
    items = listed(parent)
    if items is None:  # kustomize takes a replacement of what is not there for an addition
        if body_of(parent) is None:
            raise DoesNotFit(f"/{'/'.join(path[:-1])} is no mapping and no list")
        return updated(value, path, lambda _: said)
    if replaces:
        _index(path, len(items))
        return updated(value, path, lambda _: said)
    at = len(items) if path[-1] == _END else _index(path, len(items) + 1)
    longer = (*items[:at], said, *items[at:])
    return updated(value, path[:-1], lambda before: Value(State.KNOWN, longer, before.place, rest=before.rest))


def _removed(value: Value, path: tuple[str, ...]) -> Value:
    gone = absent(_at(value, path).place)
    return updated(value, path, lambda _: gone)


def _at(value: Value, path: tuple[str, ...]) -> Value:
    for n, step in enumerate(path):
        items = listed(value)
        if items is not None:
            value = items[_index(path[: n + 1], len(items))]
        elif value.state is State.UNKNOWN:
            return value
        else:
            value = entry(value, step)
            if value.state is State.ABSENT:
                raise DoesNotFit(f"/{'/'.join(path[: n + 1])} is not there")
    return value


def _index(path: tuple[str, ...], size: int) -> int:
    step = path[-1]
    if not (step.isascii() and step.isdigit() and len(step) < 10 and int(step) < size):  # noqa: PLR2004 - digits
        raise DoesNotFit(f"/{'/'.join(path)} is not there")
    return int(step)


def _equal(one: Value, other: Value) -> bool:
    """Whether two values say the same."""
    pairs = [(one, other)]
    while pairs:
        a, b = pairs.pop()
        if isinstance(a.content, Body) and isinstance(b.content, Body):
            if set(a.content.keys()) != set(b.content.keys()):
                return False
            pairs += [(a.content.child(k), b.content.child(k)) for k in a.content.keys()]
        elif isinstance(a.content, tuple) and isinstance(b.content, tuple):
            if len(a.content) != len(b.content):
                return False
            pairs += zip(a.content, b.content, strict=True)
        elif a.state is not b.state or not same(a.content, b.content):
            return False
    return True
