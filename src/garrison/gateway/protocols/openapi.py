"""Any REST interface by its description: OpenAPI 3.0 and 3.1 (https://spec.openapis.org/oas/v3.1.1.html), Swagger 2.0.

Which action an operation is, is told by the first of these that says so: the gateway file, by `operationId` or by
`METHOD /path`; the operation itself, by `x-garrison-action`; the words of its path, by the table that `garrison scan`
has too. An operation that none of them tells, or that is told to be `denied`, has no route; nor has one that takes the
model's name from the query or a header, unless it is told what it is.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from garrison.errors import ConfigError, nearest
from garrison.estate.endpoints import Purpose, about_models, purpose_of
from garrison.gateway.protocols.protocol import Protocol
from garrison.gateway.protocols.refusal import Refusals
from garrison.gateway.protocols.route import Body, ModelIn, Route, Streams
from garrison.policy.actions import Action

DENIED: Final = "denied"
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")
# RFC 9457
REFUSALS: Final = Refusals(
    body='{"title": "{message}", "status": "{status}", "instance": "urn:uuid:{request_id}"}',
    content_type="application/problem+json",
)
_MODEL: Final = frozenset({"model", "model_name", "modelname", "model_id", "modelid"})
_PLACEHOLDER: Final = re.compile(r"\{([^{}/]+)\}")
_TEMPLATE: Final = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|\{model\}|\{part\})*)+")
_UNLOADS: Final = frozenset({"unload", "undeploy", "delete", "unregister", "deactivate", "remove"})
_TRAINS: Final = re.compile(r"(?i)(?:re)?train|fine[-_ ]?tun")


class RuleError(ConfigError):
    """What a gateway file says of an operation is wrong, not the description."""

    def __init__(self, rule: str, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.rule = rule


class Operation(NamedTuple):
    """One operation of a description, with the path that servers see."""

    method: str
    path: str
    said: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As a gateway file and people speak of it."""
        return f"{self.method} {self.path}"


class Described(NamedTuple):
    """What a description comes to: its routes, and the operations that have none."""

    protocol: Protocol
    denied: tuple[str, ...]


def read_openapi(file: Path, rules: Mapping[str, str]) -> Described:
    """The protocol that a description describes; `rules` are what the gateway file says of its operations.

    Raises RuleError where a rule is about no operation or no action, ConfigError where the file is no description, and where two
    paths take the same request but are different actions.
    """
    try:
        return _described(_document(file), rules, file)
    except RuleError:
        raise
    except ConfigError as error:
        error.path = str(file)
        raise


def _described(document: Mapping[str, Any], rules: Mapping[str, str], file: Path) -> Described:
    operations = list(_operations(document))
    _check_rules(rules, operations)
    about = about_models(_texts(document, operations))
    routes: list[Route] = []
    denied: list[str] = []
    for operation in operations:
        action = _action(operation, rules, document, about=about)
        if action is None or not _TEMPLATE.fullmatch(_template(operation.path)):
            denied.append(operation.name)
        else:
            routes.append(_route(operation, action, document))
    # The concrete path comes first where a template would match too (OpenAPI 3.1.1, 4.8.8.2).
    routes.sort(key=lambda route: route.path.count("{"))
    _check_overlaps(routes)
    title = str(_map(document.get("info")).get("title", file.name))
    told = Protocol(name="openapi", title=title, sources={"file": file.name}, refusals=REFUSALS, routes=tuple(routes))
    return Described(told, tuple(denied))


def _document(file: Path) -> Mapping[str, Any]:
    import yaml

    hint = "name an OpenAPI 3 or Swagger 2 file, in YAML or JSON"
    try:
        text = file.read_text(encoding="utf-8")
        document = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"the description cannot be read: {error}", hint=hint) from error
    if not isinstance(document, dict) or not ({"openapi", "swagger"} & document.keys()):
        raise ConfigError("this is no description of an interface", hint=hint)
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    base = _base(document)
    for path, item in _map(document.get("paths")).items():
        within = _resolved(item, document)
        full = f"{base}{path}"
        for method in METHODS:
            said = within.get(method)
            if isinstance(said, dict):
                shared = [*_list(said.get("parameters")), *_list(within.get("parameters"))]
                yield Operation(method.upper(), full, {**said, "parameters": shared})


def _base(document: Mapping[str, Any]) -> str:
    """What stands before all paths."""
    servers = _list(document.get("servers")) or [{}]
    url = str(document.get("basePath") or _map(servers[0]).get("url") or "")
    path = re.sub(r"^\w+://[^/]*", "", url).strip("/")
    return f"/{path}" if path else ""


def _resolved(value: Any, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a local `$ref` points at; a chain of them is followed as far as it is not a circle."""
    for _ in range(16):
        if not isinstance(value, dict) or "$ref" not in value:
            return _map(value)
        reference = str(value["$ref"])
        value = document
        for part in reference.removeprefix("#").strip("/").split("/"):
            value = _map(value).get(part.replace("~1", "/").replace("~0", "~"))
        if not reference.startswith("#") or value is None:
            raise ConfigError(f"{reference} is not found in the description", hint="bundle it into one file")
    raise ConfigError("references go in a circle", hint="bundle the description into one file without them")


def _check_rules(rules: Mapping[str, str], operations: list[Operation]) -> None:
    known = {name for operation in operations for name in _names(operation)}
    for name, action in rules.items():
        if name not in known:
            hint = nearest(name, known, "name it by its operationId or as METHOD /path")
            raise RuleError(name, f"no operation is called {name!r}", hint=hint)
        try:
            _told(action, name)
        except ConfigError as error:
            raise RuleError(name, error.message, hint=error.hint) from error


def _check_overlaps(routes: list[Route]) -> None:
    """Servers may try templates in another order than the gateway: it must not matter."""
    for one, other in itertools.combinations(routes, 2):
        differ = one.action is not other.action and one.methods == other.methods
        if differ and one.path.count("{") == other.path.count("{") and _overlap(one.path, other.path):
            raise ConfigError(
                f"{one.methods[0]} {one.path} and {other.path} take the same requests, but one is {one.action} "
                f"and the other {other.action}",
                hint="give both the same action, or deny one",
            )


def _overlap(one: str, other: str) -> bool:
    pairs = list(itertools.zip_longest(one.split("/"), other.split("/"), fillvalue=""))
    return all(a == b or (a and b and "{" in a + b) for a, b in pairs)


def _names(operation: Operation) -> list[str]:
    given = operation.said.get("operationId")
    return [operation.name, *([str(given)] if given else [])]


def _told(action: str, name: str) -> Action | None:
    if action == DENIED:
        return None
    try:
        return Action(action)
    except ValueError:
        known = [*Action, DENIED]
        hint = nearest(str(action), known, f"one of {', '.join(known)}")
        raise ConfigError(f"{action!r} of {name!r} is no action", hint=hint) from None


def _action(
    operation: Operation, rules: Mapping[str, str], document: Mapping[str, Any], *, about: bool
) -> Action | None:
    for name in _names(operation):
        if name in rules:
            return _told(rules[name], name)
    if (given := operation.said.get("x-garrison-action")) is not None:
        return _told(given, operation.name)
    return None if _asks_elsewhere(operation.said, document) else _by_words(operation, about=about)


def _asks_elsewhere(said: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether a query or a header names the model, which decisions do not look at."""
    given = [_resolved(parameter, document) for parameter in said["parameters"]]
    return any(each.get("in") in ("query", "header") and str(each.get("name")).lower() in _MODEL for each in given)


def _by_words(operation: Operation, *, about: bool) -> Action | None:
    words = set(re.findall(r"[a-z]+", operation.path.lower()))
    purpose = purpose_of(operation.method, operation.path, about=about)
    if purpose is Purpose.INFERENCE:
        return Action.INFER
    if purpose is Purpose.FEEDBACK:
        return Action.TRAIN
    if purpose is Purpose.HARMLESS:
        if "metrics" in words:
            return Action.ADMIN
        return Action.READ_METADATA if words & {"version", "openapi", "docs", "swagger", "redoc"} else Action.HEALTH
    if purpose is Purpose.MANAGEMENT:
        if _TRAINS.search(operation.path):
            return Action.TRAIN
        if operation.method == "DELETE" or words & _UNLOADS:
            return Action.UNLOAD_MODEL
        return Action.LOAD_MODEL
    return None


def _texts(document: Mapping[str, Any], operations: list[Operation]) -> Iterator[str]:
    info = _map(document.get("info"))
    yield from (str(info.get(key, "")) for key in ("title", "description"))
    for operation in operations:
        yield operation.path
        yield from (str(tag) for tag in _list(operation.said.get("tags")))


def _route(operation: Operation, action: Action, document: Mapping[str, Any]) -> Route:
    path = _template(operation.path)
    asks, answers = _asked(operation.said, document), _answered(operation.said, document)
    one = ModelIn.NONE if action in {Action.HEALTH, Action.ADMIN} else ModelIn.FILE
    events = "text/event-stream" in answers
    return Route(
        path=path,
        action=action,
        methods=(operation.method,),
        model=ModelIn.PATH if "{model}" in path else one,
        body=_body(asks) if asks else Body.NONE,
        answer=_body(answers - {"text/event-stream"}) if answers else Body.ANY,
        streams=(Streams.ASKED if len(answers) > 1 else Streams.ALWAYS) if events else Streams.NEVER,
    )


def _template(path: str) -> str:
    """The path in the form of a route: `{model}` where one parameter names the model, `{part}` for all others."""
    named = [name for name in _PLACEHOLDER.findall(path) if name.lower() in _MODEL]
    model = named[0] if len(named) == 1 else ""
    return _PLACEHOLDER.sub(lambda match: "{model}" if match[1] == model else "{part}", path)


def _asked(said: Mapping[str, Any], document: Mapping[str, Any]) -> set[str]:
    """The content types of a request."""
    if "requestBody" in said:
        return set(_map(_resolved(said["requestBody"], document).get("content")))
    places = {str(_resolved(given, document).get("in")) for given in said["parameters"]}
    if "formData" in places:
        return {"multipart/form-data"}
    return _types(said, document, "consumes") or {"application/json"} if "body" in places else set()


def _answered(said: Mapping[str, Any], document: Mapping[str, Any]) -> set[str]:
    """The content types of good answers."""
    types: set[str] = set()
    for status, given in _map(said.get("responses")).items():
        if str(status).startswith("2"):
            types |= set(_map(_resolved(given, document).get("content"))) or _types(said, document, "produces")
    return types


def _types(said: Mapping[str, Any], document: Mapping[str, Any], key: str) -> set[str]:
    """The content types that Swagger 2 gives an operation, or all of them."""
    return {str(type_) for type_ in _list(said.get(key)) or _list(document.get(key))}


def _body(types: set[str]) -> Body:
    plain = {str(type_).partition(";")[0].strip().lower() for type_ in types}
    if not plain:
        return Body.TEXT
    if all(type_ == "application/json" or type_.endswith("+json") for type_ in plain):
        return Body.JSON
    if plain <= {"multipart/form-data", "application/x-www-form-urlencoded"}:
        return Body.MULTIPART
    return Body.TEXT if all(type_.startswith("text/") for type_ in plain) else Body.ANY


def _map(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
