"""How Compose merges one file into another: https://github.com/compose-spec/compose-spec/blob/main/13-merge.md."""

from __future__ import annotations

from collections.abc import Callable

from garrison.estate.values import Body, State, Value, shown
from garrison.sources.compose.interpolation import OVERRIDE, RESET

_REPLACED = frozenset({"command", "entrypoint"})
# What makes an item of a list the same as another, which it then replaces.
_SAME: dict[str, tuple[str, ...]] = {
    "ports": ("host_address", "host_port", "target", "protocol"),
    "volumes": ("mountPath",),
    "secrets": ("mountPath",),
    "configs": ("mountPath",),
}


def merge_services(base: dict[str, Value], over: dict[str, Value]) -> dict[str, Value]:
    """A service in long form, with another laid over it."""
    found = dict(base)
    for key, value in over.items():
        if key in found and key not in _REPLACED:
            value = merge(found[key], value, _SAME.get(key))  # noqa: PLW2901 - what is laid over it from here on
        if value.state is State.ABSENT and value.reason == RESET:
            found.pop(key, None)
        elif value.state is not State.ABSENT or key not in found:
            found[key] = value
    return found


def merge(base: Value, over: Value, same: tuple[str, ...] | None = None) -> Value:
    """Mappings are merged, lists follow one another, anything else gives way."""
    if over.state is State.ABSENT or over.reason == OVERRIDE or State.UNKNOWN in (base.state, over.state):
        return base if over.state is State.ABSENT and over.reason != RESET else over
    if isinstance(base.content, Body) and isinstance(over.content, Body):
        items = dict(base.content.items())
        for name, value in over.content.items():
            if value.state is State.ABSENT and value.reason == RESET:
                items.pop(name, None)
            else:
                items[name] = merge(items[name], value) if name in items else value
        return Value(
            State.KNOWN, Body.of(items, over.place), over.place, rest=base.rest if over.rest is None else over.rest
        )
    if isinstance(base.content, tuple) and isinstance(over.content, tuple):
        return Value(
            State.KNOWN,
            _together(base.content, over.content, same),
            over.place,
            rest=base.rest if over.rest is None else over.rest,
        )
    return over


def _together(base: tuple[Value, ...], over: tuple[Value, ...], same: tuple[str, ...] | None) -> tuple[Value, ...]:
    if same is None:
        return (*base, *over)
    key: Callable[[Value], tuple[str, ...]] = lambda item: tuple(shown(item.child(k)) for k in same)  # noqa: E731
    items: dict[tuple[str, ...], Value] = {}
    for item in (*base, *over):
        items[key(item)] = item
    return tuple(items.values())
