"""Protocols by name: the TOML files of this folder."""

from __future__ import annotations

import enum
import re
import tomllib
from functools import cache
from pathlib import Path

import msgspec

from garrison.errors import ConfigError, nearest
from garrison.gateway.protocols.refusal import Refusals
from garrison.gateway.protocols.route import MODEL_IN_BODY, MODEL_IN_PATH, ModelIn, Route
from garrison.policy.actions import Action

_HERE = Path(__file__).parent


class Transport(enum.StrEnum):
    """What a protocol is spoken over."""

    HTTP = "http"
    GRPC = "grpc"


class Protocol(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that can be asked in one protocol: the first route that takes a request decides what it is.

    `sources` are where the routes were looked up, by server; `tells_tokens` that answers say how many tokens they took.
    """

    name: str
    title: str
    transport: Transport = Transport.HTTP
    sources: dict[str, str]
    refusals: Refusals
    tells_tokens: bool = False
    routes: tuple[Route, ...]

    def unusable(self, model: str) -> str:
        """Why a model of this name cannot be served by this protocol; empty if it can."""
        if not re.fullmatch(MODEL_IN_BODY, model):
            return "a model is named by letters, digits and ._:/@-, and begins with a letter, a digit or _"
        in_path = re.fullmatch(MODEL_IN_PATH, model)
        for index, route in enumerate(self.routes):
            if route.model is not ModelIn.PATH:
                continue
            if not in_path and route.action is Action.INFER:
                return "a model in a path is named by letters, digits, '.', '_' and '-'"
            for other in self.routes[:index]:
                if other.model is ModelIn.NONE and re.fullmatch(route.pattern(model), other.path):
                    return f"{other.methods[0]} {other.path} is something else"
        return ""


@cache
def names() -> tuple[str, ...]:
    """The protocols that a gateway file can name, `openapi` apart, which is read from its description."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.toml")))


@cache
def protocol(name: str) -> Protocol:
    """The protocol of that name. Raises ConfigError, with those it may have meant, where there is none."""
    if name not in names():
        known = names()
        raise ConfigError(f"there is no protocol {name!r}", hint=nearest(name, known, f"one of {', '.join(known)}"))
    text = (_HERE / f"{name}.toml").read_text(encoding="utf-8")
    return msgspec.convert({"name": name, **tomllib.loads(text)}, Protocol)
