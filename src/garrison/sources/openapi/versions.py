"""Where OpenAPI 3 and Swagger 2.0 say the same thing in different places.

OpenAPI Specification 3.1.1, sections 4.8.5 (servers), 4.8.13 (request bodies), 4.8.27 (security schemes); OpenAPI
Specification 2.0, "Swagger Object", "Parameter Object" and "Security Scheme Object".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Protocol

from garrison.estate.values import Body, State, Value, absent, dig, known

Content = tuple[str, Value, Value]  # media type, schema, encoding

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_LONGEST_URL = 2_000
_FLOWS = {"application": "clientCredentials", "accessCode": "authorizationCode"}  # Swagger's names for them


class Version(Protocol):
    """A description in one version of the format."""

    NAME: ClassVar[str]
    KEY: ClassVar[str]  # what says the version
    BEGINS: ClassVar[str]  # how that begins
    BODIES: ClassVar[tuple[str, ...]]  # where parameters stand that are the body of a request

    @property
    def said(self) -> Value:
        """The whole description."""
        ...

    def servers(self) -> Value:
        """The URLs it names."""
        ...

    def schemes(self) -> dict[str, Value]:
        """By name: bodies of `name`, `type`, `scheme`, `in`, `flows` and `scopes`, the last two lists of names."""
        ...

    def contents(self, operation: Value, parameters: list[Value]) -> list[Content]:
        """What may be sent as the body of a request."""
        ...

    def response_contents(self, response: Value) -> list[Content]:
        """What may be answered."""
        ...


class OpenApi:
    """OpenAPI 3.0 and 3.1."""

    NAME: ClassVar = "OpenAPI"
    KEY: ClassVar = "openapi"
    BEGINS: ClassVar = "3."
    BODIES: ClassVar[tuple[str, ...]] = ()

    def __init__(self, said: Value) -> None:
        self.said = said

    def servers(self) -> Value:
        """With variables at their defaults."""
        said = self.said.child("servers")
        return known(tuple(_url(s) for s in said.items()), said.place)

    def schemes(self) -> dict[str, Value]:
        """As they are."""
        found = {}
        for name, said in entries_of(dig(self.said, ("components", "securitySchemes"))):
            flows = [(known(flow, f.place), f.child("scopes")) for flow, f in entries_of(said.child("flows"))]
            found[name] = _scheme(name, said, said.child("type"), said.child("scheme"), flows)
        return found

    def contents(self, operation: Value, parameters: list[Value]) -> list[Content]:
        """The contents of the request body."""
        del parameters
        return self.response_contents(operation.child("requestBody"))

    def response_contents(self, response: Value) -> list[Content]:
        """One for each media type."""
        said = entries_of(response.child("content"))
        return [(media, content.child("schema"), content.child("encoding")) for media, content in said]


class Swagger:
    """Swagger 2.0."""

    NAME: ClassVar = "Swagger"
    KEY: ClassVar = "swagger"
    BEGINS: ClassVar = "2."
    BODIES: ClassVar[tuple[str, ...]] = ("body", "formData")

    def __init__(self, said: Value) -> None:
        self.said = said

    def servers(self) -> Value:
        """One for each protocol; without any, that of whoever serves the description, which is no URL."""
        said = self.said.child("schemes")
        host, base = self.said.child("host"), self.said.child("basePath")
        where = f"{host.text()}{base.text()}"
        found = [known(f"{protocol.text()}://{where}", protocol.place) for protocol in said.items()]
        return known(tuple(found or [known(where, host.place)]), said.place)

    def schemes(self) -> dict[str, Value]:
        """In the words of OpenAPI 3."""
        found = {}
        for name, said in entries_of(self.said.child("securityDefinitions")):
            type_, flow, scheme = said.child("type"), said.child("flow"), absent(said.place)
            if type_.text() == "basic":
                type_, scheme = known("http", type_.place), known("basic", type_.place)
            flows = (
                [(known(_FLOWS.get(flow.text(), flow.text()), flow.place), said.child("scopes"))] if flow.text() else []
            )
            found[name] = _scheme(name, said, type_, scheme, flows)
        return found

    def contents(self, operation: Value, parameters: list[Value]) -> list[Content]:
        """The parameter that is the body, or those of a form as one object."""
        own = operation.child("consumes")
        types = [t.text() for t in (own if own.state is not State.ABSENT else self.said.child("consumes")).items()]
        for parameter in parameters:
            if parameter.child("in").text() == "body":
                return [(types[0] if types else _JSON, parameter.child("schema"), absent(parameter.place))]
        fields = {p.child("name").text(): p for p in parameters if p.child("in").text() == "formData"}
        if not fields:
            return []
        place = next(iter(fields.values())).place
        schema = {"type": known("object", place), "properties": known(Body.of(fields, place), place)}
        closed = {"additionalProperties": known(False, place)}
        return [(types[0] if types else _FORM, known(Body.of(schema | closed, place), place), absent(place))]

    def response_contents(self, response: Value) -> list[Content]:
        """The schema, whatever the media type."""
        schema = response.child("schema")
        return [] if schema.state is State.ABSENT else [(_JSON, schema, absent(schema.place))]


def entries_of(said: Value) -> Iterator[tuple[str, Value]]:
    """The entries of a mapping; none of anything else."""
    if said.state is State.KNOWN and isinstance(said.content, Body):
        yield from said.content.items()


def _url(server: Value) -> Value:
    url = server.child("url")
    if url.state is not State.KNOWN:
        return url
    text = url.text()
    for name, variable in entries_of(server.child("variables")):
        text = text.replace("{" + name + "}", variable.child("default").text(), 1)[:_LONGEST_URL]
    return known(text, url.place)


def _scheme(name: str, said: Value, type_: Value, scheme: Value, flows: list[tuple[Value, Value]]) -> Value:
    scopes = [known(scope, s.place) for _, listed in flows for scope, s in entries_of(listed)]
    found = {
        "name": known(name, said.place),
        "type": type_ if said.state is State.KNOWN else said,
        "scheme": scheme,
        "in": said.child("in"),
        "flows": known(tuple(flow for flow, _ in flows), said.place),
        "scopes": known(tuple(scopes), said.place),
    }
    return known(Body.of(found, said.place), said.place)
