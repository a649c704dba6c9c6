"""What a gateway lets through, as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1.html).

It is made from the plan that Envoy's configuration is compiled from: an operation is in it if some client may do it. gRPC has
no place in OpenAPI, so those protocols are left out.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from garrison.gateway.envoy.ask import fits, tree_of
from garrison.gateway.envoy.names import EVERY, SERVER
from garrison.gateway.envoy.plan import Mount, Plan
from garrison.gateway.envoy.responses import PLAIN
from garrison.gateway.envoy.tree import spelled
from garrison.gateway.protocols.protocol import Transport
from garrison.gateway.protocols.refusal import MESSAGES, Refusals
from garrison.gateway.protocols.route import Body, ModelIn, Route, Streams, hole_pattern
from garrison.gateway.validation.contract import load
from garrison.policy.actions import Action

_HOLE: Final = re.compile(r"\{([a-z_]+)\}")
_KINDS: Final = {
    Body.JSON: ("application/json",),
    Body.TENSORS: ("application/json", "application/octet-stream"),
    Body.MULTIPART: ("multipart/form-data",),
    Body.TEXT: ("text/plain",),
    Body.ANY: ("*/*",),
}
_WITH_BODY: Final = frozenset({413, 415})  # what only a request with a body is told
_VALUES: Final = frozenset({"const", "enum", "default", "examples"})  # keywords under which no schema stands
_TOLD: Final = {401: ("www-authenticate",), 429: ("retry-after",), 503: ("retry-after",)}
_ANYWAY: Final = {"2XX": "what the model server answers", "4XX": "what the model server says of a request"}

Json = dict[str, Any]


class _Operation(NamedTuple):
    """One method of one path, for models that are alike in what they take."""

    mount: Mount
    route: Route
    path: str
    routed: str  # the path as the route has it, behind its prefix
    method: str
    models: tuple[str, ...]  # that may stand in the path or in the body
    schemas: Mapping[str, object]  # what bodies are held against, by model


def describe(plan: Plan) -> Json:
    """The document. Raises ConfigError where a schema cannot be read."""
    schemes = _schemes(plan)
    paths: dict[str, Json] = {}
    for operation in _operations(plan) if schemes else ():
        shown = _shown(operation)
        paths.setdefault(operation.path, {}).setdefault(operation.method.lower(), shown)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": f"The gateway of {plan.loaded.path.name}",
            "version": "1",
            "description": "What garrison gateway lets through. All else is refused.",
        },
        "servers": [_server(x.address, https=x.tls is not None) for _, x in sorted(plan.gateway.listener.items())],
        "security": [{name: []} for name in schemes],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": schemes,
            "schemas": {
                _component(m): _moved(schema, f"#/components/schemas/{_component(m)}")
                for m, schema in sorted(_schemas(plan).items())
            },
            "responses": _errors(plan),
        },
    }


def written(document: Json) -> str:
    """The document as it lies in a file. Numbers of schemas keep their value as far as JSON's readers do."""
    return json.dumps(document, indent=1, ensure_ascii=False, default=_number) + "\n"


def _number(value: object) -> float:
    assert isinstance(value, Decimal)  # noqa: S101 - the only other kind of value that a schema holds
    return float(value)


def _schemes(plan: Plan) -> dict[str, Json]:
    identity = plan.gateway.identity
    found: dict[str, Json] = {}
    if identity.keys:
        found["key"] = {"type": "apiKey", "in": "header", "name": identity.keys.header}
        found["key-as-token"] = {"type": "http", "scheme": "bearer", "description": "An API key."}
    for name, jwt in sorted(identity.jwt.items()):
        said = f"A token of {jwt.issuer} for {' or '.join(jwt.audiences)}."
        found[f"jwt-{name}"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": said}
    if identity.certificate:
        found["certificate"] = {"type": "mutualTLS"}
    return found


def _server(address: str, *, https: bool) -> Json:
    """Where a listener is found; at a host to be filled in where it listens on all."""
    host, _, port = address.rpartition(":")
    scheme = "https" if https else "http"
    if not ipaddress.ip_address(host.strip("[]")).is_unspecified:
        return {"url": f"{scheme}://{address}"}
    return {"url": f"{scheme}://{{host}}:{port}", "variables": {"host": {"default": "localhost"}}}


def _operations(plan: Plan) -> Iterator[_Operation]:
    """Each that may be done by someone."""
    tree = tree_of(plan)
    allowed = {(p.model, p.action) for p in plan.permissions}
    schemas = _schemas(plan)
    for mount in plan.mounts:
        if mount.protocol.transport is Transport.HTTP:
            for route in mount.protocol.routes:
                models = tuple(m for m in _subjects(plan, mount, route) if (m, route.action) in allowed)
                held = {m: schemas[m] for m in models if route.action is Action.INFER and m in schemas}
                for operation in _spellings(mount, route, models, held):
                    if (leaf := tree.at(operation.routed, operation.method)) and leaf.route is route:
                        yield operation


def _schemas(plan: Plan) -> dict[str, object]:
    """What models take, where that is said as a JSON Schema."""
    named = {name: model.schema for name, model in plan.gateway.model.items() if model.schema}
    said = {name: load(plan.loaded.beside(file)).schema for name, file in named.items()}
    return {name: schema for name, schema in said.items() if schema is not None}


def _subjects(plan: Plan, mount: Mount, route: Route) -> Sequence[str]:
    """What a route can be about, by the names that permissions have for it."""
    if route.model is ModelIn.NONE:
        return [f"{SERVER}{mount.server}"] if mount.server else []
    if not route.decides_model:
        return [f"{EVERY}{mount.name}"] if mount.server else []
    models = [mount.only] if route.model is ModelIn.FILE else sorted(mount.models)
    unfit = route.action is Action.INFER and not fits(route)
    return [m for m in models if not (unfit and plan.guarded(m))]


def _spellings(
    mount: Mount, route: Route, models: tuple[str, ...], schemas: Mapping[str, object]
) -> Iterator[_Operation]:
    """A route's paths: one for each model that has a schema, and one for all others together."""
    for path in spelled(route.path) if models else ():
        for method in route.methods:
            whole = mount.prefix + path
            if route.model is not ModelIn.PATH:
                yield _Operation(mount, route, whole, whole, method, models, schemas)
                continue
            for model, schema in schemas.items():
                named = whole.replace("{model}", model)
                yield _Operation(mount, route, named, whole, method, (), {model: schema})
            if rest := tuple(m for m in models if m not in schemas):
                yield _Operation(mount, route, whole, whole, method, rest, {})


def _shown(operation: _Operation) -> Json:
    route = operation.route
    takes_body = route.body is not Body.NONE and operation.method != "GET"
    shown: Json = {
        "operationId": f"{operation.method.lower()}{re.sub('[^A-Za-z0-9]+', '-', operation.path)}",
        "tags": [operation.mount.name],
        "x-garrison-action": route.action.value,
        "responses": _responses(operation, takes_body=takes_body),
    }
    if route.note:
        shown["description"] = f"{route.note[0].upper()}{route.note[1:]}."
    if names := _HOLE.findall(operation.path):
        shown["parameters"] = [_parameter(name, operation.models) for name in names]
    if takes_body:
        shown["requestBody"] = _body(operation)
    return shown


def _parameter(name: str, models: tuple[str, ...]) -> Json:
    schema = {"enum": list(models)} if name == "model" else {"pattern": f"^{hole_pattern(name)}$"}
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", **schema}}


def _body(operation: _Operation) -> Json:
    route = operation.route
    held = [_reference(model) for model in operation.schemas]
    kinds = _KINDS[route.body]
    if route.model is ModelIn.BODY and route.body is Body.JSON:
        named = {"properties": {"model": {"enum": list(operation.models)}}, "required": ["model"]}
        pairs = zip(operation.schemas, held, strict=True)
        own = [{"if": {"properties": {"model": {"const": m}}}, "then": schema} for m, schema in pairs]
        schema: object = {"type": "object", **named, **({"allOf": own} if own else {})}
    elif held:
        kinds = ("application/json",)
        schema = held[0]
    else:
        schema = {}
    return {"required": bool(operation.schemas), "content": {kind: {"schema": schema} for kind in kinds}}


def _reference(model: str) -> Json:
    return {"$ref": f"#/components/schemas/{_component(model)}"}


def _component(model: str) -> str:
    """The name of a model's schema, of letters that components may have."""
    return re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found[0]):x}_", model)


def _moved(schema: object, to: str) -> object:
    """A schema whose references to itself lead to where it stands now; values that only look like some are left."""
    if isinstance(schema, list):
        return [_moved(inner, to) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"{to}{value[1:]}"
        if key == "$ref" and isinstance(value, str) and value.startswith("#")
        else value
        if key in _VALUES
        else _moved(value, to)
        for key, value in schema.items()
    }


def _responses(operation: _Operation, *, takes_body: bool) -> Json:
    kinds = ("*/*",) if operation.route.streams is not Streams.NEVER else _KINDS.get(operation.route.answer, ("*/*",))
    found: Json = {"2XX": {"description": _ANYWAY["2XX"], "content": {kind: {} for kind in kinds}}}
    for status in MESSAGES:
        if takes_body or status not in _WITH_BODY:
            found[str(status)] = {"$ref": f"#/components/responses/{operation.mount.protocol.name}-{status}"}
    found["4XX"] = {"description": _ANYWAY["4XX"], "content": {"*/*": {}}}
    return found


def _errors(plan: Plan) -> Json:
    """How each protocol is told what is refused, by protocol and status."""
    spoken = {x.protocol.name: x.protocol for x in plan.mounts if x.protocol.transport is Transport.HTTP}
    return {
        f"{name}-{status}": _refused(protocol.refusals, status)
        for name, protocol in sorted(spoken.items())
        for status in MESSAGES
    }


def _refused(refusals: Refusals, status: int) -> Json:
    """In the protocol's own form; and in the plain one, where a request does not get so far that its protocol is known."""
    forms: dict[str, list[Json]] = {}
    for form in (refusals, PLAIN):
        kind = form.content_type
        schema = _like(form.error(status, MESSAGES[status], ""))
        if schema not in forms.setdefault(kind, []):
            forms[kind].append(schema)
    content = {kind: {"schema": {"anyOf": schemas}} for kind, schemas in forms.items()}
    headers = {name: {"schema": {"type": "string"}} for name in _TOLD.get(status, ())}
    return {"description": MESSAGES[status], "content": content, **({"headers": headers} if headers else {})}


def _like(value: object) -> Json:
    """A schema of whatever has the form of an error."""
    if isinstance(value, dict):
        properties = {key: _like(inner) for key, inner in value.items()}
        return {"type": "object", "properties": properties, "required": list(value)}
    kinds = {bool: "boolean", int: "integer", str: "string", type(None): "null"}
    return {"type": kinds[type(value)]}
