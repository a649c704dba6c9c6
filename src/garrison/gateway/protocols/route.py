"""One thing that a model server can be asked for, and how it is told from all others.

A path is a template: `{model}`, `{version}` and other names stand for one whole or partial segment, `[...]` for what may
be left out, all else for itself. It is matched as a whole, after the path is normalised (RFC 3986, section 6.2.2):
what no template matches is denied.
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from garrison.policy.actions import Action

MODEL_IN_PATH: Final = "[A-Za-z0-9_][A-Za-z0-9._-]*"  # no encoded, dot or empty segment can be taken for a model
MODEL_IN_BODY: Final = "[A-Za-z0-9_][A-Za-z0-9._:/@-]*"  # such as meta-llama/Llama-3.1-8B or ft:gpt-4o-mini:acme::x1
_NAMED: Final = {"version": "[0-9]+(?:[.][0-9]+)*"}
_OTHER: Final = "[A-Za-z0-9_][A-Za-z0-9._~-]*"
_TOKEN: Final = re.compile(r"\{(?P<name>[a-z_]+)\}|(?P<mark>[\[\]])|(?P<text>[^\[\]{}]+)|(?P<wrong>.)")


class ModelIn(enum.StrEnum):
    """Where a request names the model that it is about."""

    NONE = "none"  # nowhere: it is about the server as a whole
    FILE = "file"  # nowhere: the server serves the one model that the gateway file names
    PATH = "path"  # {model} of the path
    BODY = "body"  # `model` of the JSON body
    MESSAGE = "message"  # a field of the gRPC message


class Body(enum.StrEnum):
    """What a request carries, or what it is answered with."""

    NONE = "none"
    JSON = "json"
    TENSORS = "tensors"  # JSON, and after it binary tensors if a header tells where the JSON ends
    PROTOBUF = "protobuf"
    MULTIPART = "multipart"
    TEXT = "text"
    ANY = "any"  # what the content type says


class Streams(enum.StrEnum):
    """Whether an answer comes in pieces."""

    NEVER = "never"
    ASKED = "asked"  # if the JSON body says `"stream": true`
    ALWAYS = "always"


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One path of a protocol. `servers` are those that have it; none are named where all do."""

    path: str
    action: Action
    methods: tuple[str, ...] = ("GET",)
    model: ModelIn = ModelIn.NONE
    model_field: str = ""  # of the gRPC message
    model_number: int = 0  # of that field
    asks_in_stream: bool = False  # a gRPC request of many messages, each with a model of its own
    body: Body = Body.NONE
    answer: Body = Body.JSON
    streams: Streams = Streams.NEVER
    servers: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        _check(self)

    @property
    def can_validate(self) -> bool:
        """Whether a JSON schema can be enforced on what is asked: of `ANY` only if the content type says JSON."""
        return self.body in {Body.JSON, Body.TENSORS, Body.ANY}

    @property
    def can_reshape(self) -> bool:
        """Whether a response policy can be enforced on the answer.

        Of `TENSORS` only if none are binary, of `ANY` only if the content type says JSON, and where it streams when
        `ASKED` only if nobody asks.
        """
        return self.answer in {Body.JSON, Body.TENSORS, Body.ANY} and self.streams is not Streams.ALWAYS

    @property
    def decides_model(self) -> bool:
        """Whether the gateway knows of which model all of a request speaks; if not, it is allowed for all or for none.

        It does not read the later messages of a stream, nor the fields of a form.
        """
        return not self.asks_in_stream and not (self.model is ModelIn.BODY and self.body is Body.MULTIPART)

    def pattern(self, model: str | None = None) -> str:
        """The whole path as a regular expression (RE2 and Python's), for one model or for any of them."""
        return "".join(_regex(token, model) for token in _TOKEN.finditer(self.path))


def _regex(token: re.Match[str], model: str | None) -> str:
    if text := token["text"]:
        return re.escape(text)
    if mark := token["mark"]:
        return "(?:" if mark == "[" else ")?"
    if token["name"] == "model":
        return MODEL_IN_PATH if model is None else re.escape(model)
    return hole_pattern(token["name"])


def hole_pattern(name: str) -> str:
    """What may stand for a name of a path other than `model`, as a regular expression."""
    return _NAMED.get(name, _OTHER)


def _check(route: Route) -> None:
    """What a table of routes must not say."""
    if not route.path.removeprefix("[").startswith("/") or any(token["wrong"] for token in _TOKEN.finditer(route.path)):
        raise ValueError(f"{route.path} is no path of a route")
    if ("{model}" in route.path) is not (route.model is ModelIn.PATH):
        raise ValueError(f"{route.path} has {{model}} in it, or takes the model from its path, but not both")
    if (route.model is ModelIn.MESSAGE) is not (route.model_number > 0 and bool(route.model_field)):
        raise ValueError(
            f"{route.path} needs model_field and model_number exactly if the model is named in the message"
        )
    if route.model is ModelIn.BODY and route.body not in {Body.JSON, Body.MULTIPART}:
        raise ValueError(f"{route.path} has no body that could name a model")
