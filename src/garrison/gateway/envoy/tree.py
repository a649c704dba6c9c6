"""Routes as a tree of path segments, so that a request is told what it is in a few steps, however many routes there are.

What is taken for what is as in `garrison.gateway.protocols.route`; a test holds the two against each other.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Any, Final

import msgspec

from garrison.errors import ConfigError
from garrison.gateway.protocols.route import Body, ModelIn, Route, Streams

_PARTS: Final = {"model": "[%w_][%w._-]*", "version": "%d[%d.]*"}
_OTHER: Final = "[%w_][%w._~-]*"
_HOLE: Final = re.compile(r"\{([a-z_]+)\}")
_OPTION: Final = re.compile(r"\[([^\]]*)\]")
_MAGIC: Final = re.compile(r"([^\w\s])")

_NOBODY: Final = 0  # no leaf has this number


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is that came here."""

    mount: str
    protocol: str
    route: Route
    unfit: bool  # a schema or a response policy cannot be enforced on it


class Tree:
    """The routes of all that is mounted."""

    def __init__(self) -> None:
        self.root = _node()
        self.leaves: list[Leaf] = []

    def add(self, prefix: str, leaf: Leaf) -> None:
        """Mount a route. Raises ConfigError where another answers the same request.

        What is asked of the server itself, and could be asked of several, is asked of none.
        """
        self.leaves.append(leaf)
        for path in spelled(leaf.route.path):
            node = self.root
            for segment in f"{prefix}{path}".split("/")[1:]:
                node = _child(node, segment)
            for method in leaf.route.methods:
                self._answer(node["methods"], method, f"{method} {prefix}{path}")

    def _answer(self, methods: dict[str, int], method: str, asked: str) -> None:
        """Let the last leaf answer a method of a path."""
        number = len(self.leaves)
        if methods.setdefault(method, number) == number:
            return
        leaf, other = self.leaves[-1], self.leaves[methods[method] - 1] if methods[method] else None
        if leaf.route.model is ModelIn.NONE and (other is None or other.route.model is ModelIn.NONE):
            methods[method] = _NOBODY
            return
        mounts = " and ".join(x.mount for x in (other, leaf) if x is not None)
        raise ConfigError(f"{mounts} answer {asked} both", hint='give one of the upstreams a prefix = "/NAME"')

    def at(self, path: str, method: str) -> Leaf | None:
        """The leaf that answers a route's path, with its prefix and spelled out; None where nobody does."""
        node = self.root
        for segment in path.split("/")[1:]:
            node = _child(node, segment)
        number = node["methods"].get(method, _NOBODY)
        return self.leaves[number - 1] if number != _NOBODY else None

    def as_lua(self) -> tuple[Any, list[dict[str, Any]]]:
        """The tree, and its leaves, as Lua tables."""
        return _sorted(self.root), [
            {
                "mount": leaf.mount,
                "protocol": leaf.protocol,
                "action": leaf.route.action.value,
                "model": leaf.route.model.value,
                "number": leaf.route.model_number,
                "every": leaf.route.model is not ModelIn.NONE and not leaf.route.decides_model,
                "grpc": leaf.route.body is Body.PROTOBUF,
                "unfit": leaf.unfit,
                "streams": _streams(leaf.route).value,
            }
            for leaf in self.leaves
        ]


def _streams(route: Route) -> Streams:
    """When an answer is a stream, as far as a request tells: what is said in a body that is not read may be asked each time."""
    told = route.streams is not Streams.ASKED or (route.model is ModelIn.BODY and route.decides_model)
    return route.streams if told else Streams.ALWAYS


def _node() -> dict[str, Any]:
    return {"exact": {}, "params": {}, "methods": {}}


def _child(node: dict[str, Any], segment: str) -> dict[str, Any]:
    if not _HOLE.search(segment):
        return node["exact"].setdefault(segment, _node())  # type: ignore[no-any-return]
    pattern, model = _pattern(segment)
    return node["params"].setdefault(pattern, {"pattern": pattern, "model": model, "node": _node()})["node"]  # type: ignore[no-any-return]


def _sorted(node: dict[str, Any]) -> dict[str, Any]:
    """A node whose parameters stand in the order in which they are tried: the narrowest first."""
    params = sorted(node["params"].values(), key=lambda p: (-len(_MAGIC.sub("", p["pattern"])), p["pattern"]))
    return {
        "exact": {name: _sorted(inner) for name, inner in node["exact"].items()},
        "params": [{**param, "node": _sorted(param["node"])} for param in params],
        "methods": node["methods"],
    }


def spelled(path: str) -> list[str]:
    """A path with and without each part that may be left out."""
    pieces = _OPTION.split(path)
    choices = [(piece,) if number % 2 == 0 else ("", piece) for number, piece in enumerate(pieces)]
    return ["".join(chosen) for chosen in product(*choices)]


def _pattern(segment: str) -> tuple[str, bool]:
    """A segment with holes as a Lua pattern that captures the model, or all of it; whether it names the model."""
    pieces = _HOLE.split(segment)
    model = "model" in pieces[1::2]
    made = ""
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            made += _MAGIC.sub(r"%\1", piece)
        else:
            part = _PARTS.get(piece, _OTHER)
            made += f"({part})" if piece == "model" else part
    return (f"^{made}$" if model else f"^({made})$"), model
