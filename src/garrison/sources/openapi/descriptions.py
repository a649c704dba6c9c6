"""Descriptions to resources, in one form for OpenAPI 3 and Swagger 2.

`operations` are items of `name` ("POST /predict"), `method`, `path`, `security`, `parameters`, `request` and `responses`:

- `security` is a list of alternatives, each a list of schemes that are asked for together (`name`, `type`, `scheme`, `in`,
  `wanted`); an empty alternative lets anybody in. Absent where neither the operation nor the description says anything.
- `request` is a list of contents (`media`, `fields`, `encoding`); `fields` is what `Schemas.fields` gives.
- `responses` are items of `status`, `description`, `headers` (their names) and `contents`.

Webhooks and callbacks are calls that go out; they are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, State, Value, absent, dig, known, unknown
from garrison.sources.interface import File, Tree
from garrison.sources.openapi.examples import examples_of
from garrison.sources.openapi.references import Document, Library
from garrison.sources.openapi.schemas import Schemas
from garrison.sources.openapi.versions import Content, OpenApi, Swagger, Version, entries_of

MAX_OPERATIONS = 5_000  # of one description; GitHub's has about 1,100
# "Path Item Object", OpenAPI 3.1.1, section 4.8.9.
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def read_descriptions(files: Sequence[File], tree: Tree) -> list[Description]:
    """A resource for each file that is a description."""
    library = Library(tree)
    found = []
    for file in files:
        document = library.document(file)
        if document is None:
            continue
        said = document.value(document.root)
        for version in (OpenApi, Swagger):
            if str(said.child(version.KEY).content or "").startswith(version.BEGINS):
                found.append(Description(document, version(said), tree))
    return found


class Description:
    """One description, as a table reads it."""

    __slots__ = ("_value", "address", "place", "root", "type")

    format = "openapi"
    exists: Truth = YES
    condition = ""

    def __init__(self, document: Document, version: Version, tree: Tree) -> None:
        self.type, self.root = version.NAME, document.source.path
        self.address = f"{self.root}:api"
        self.place: Place = document.place(document.root)
        info = version.said.child("info")
        reader = _Operations(version)
        operations = _bounded(reader.all(), self.place, tree)
        tags = dig(version.said, ("tags", "*", "name")).items()
        about = (info.child("title"), info.child("description"), *tags, *(o.child("path") for o in operations))
        said = {
            "title": info.child("title"),
            "about": known(about, self.place),
            "servers": version.servers(),
            "security": reader.general,
            "schemes": known(tuple(reader.schemes.values()), self.place),
            "examples": examples_of(document),
            "operations": known(operations, self.place),
        }
        self._value = known(Body.of(said, self.place), self.place)

    def at(self, path: tuple[str, ...]) -> Value:
        """See `Resource`."""
        return dig(self._value, path)

    def __repr__(self) -> str:
        return f"<{self.address}>"


def _bounded(operations: Iterator[Value], place: Place, tree: Tree) -> tuple[Value, ...]:
    found: list[Value] = []
    for operation in operations:
        if len(found) == MAX_OPERATIONS:
            message = f"it has more than {MAX_OPERATIONS:,} operations: those after them are not read"
            tree.problem(place.source.path, message, hint="split it into several descriptions")
            break
        found.append(operation)
    return tuple(found)


class _Operations:
    """The operations of one description."""

    def __init__(self, version: Version) -> None:
        self.version, self.schemas, self.schemes = version, Schemas(), version.schemes()
        self.general = self._alternatives(version.said.child("security"))

    def all(self) -> Iterator[Value]:
        """Path by path."""
        for path, item in entries_of(self.version.said.child("paths")):
            if path.startswith("/"):  # the others are extensions
                for method in _METHODS:
                    said = item.child(method)
                    if said.state is State.KNOWN and isinstance(said.content, Body):
                        yield self._operation(method.upper(), path, item, said)

    def _operation(self, method: str, path: str, item: Value, said: Value) -> Value:
        place = said.place
        own = self._alternatives(said.child("security"))
        parameters = _parameters(item, said)
        outside = tuple(p for p in parameters if p.child("in").text() not in self.version.BODIES)
        found = {
            "name": known(f"{method} {path}", place),
            "method": known(method, place),
            "path": known(path, place),
            "security": self.general if own.state is State.ABSENT else own,
            "inherits": known(own.state is State.ABSENT, place),
            "gateway": said.child("x-amazon-apigateway-auth").child("type"),
            "parameters": known(outside, place),
            "request": self._contents(self.version.contents(said, parameters), place),
            "responses": known(tuple(self._responses(said)), place),
        }
        return known(Body.of(found, place), place)

    def _alternatives(self, said: Value) -> Value:
        """What is asked of callers, each name of a scheme with what the description says of it."""
        if said.state is not State.KNOWN:
            return said
        found = []
        for option in said.items():
            asked = tuple(self._asked(name, wanted, option.place) for name, wanted in entries_of(option))
            found.append(known(asked, option.place))
        return known(tuple(found), said.place)

    def _asked(self, name: str, wanted: Value, place: Place | None) -> Value:
        scheme = self.schemes.get(name, unknown(f"no security scheme is called {name}", place, decided_by=name))
        keys = {key: scheme.child(key) for key in ("type", "scheme", "in")}
        return known(Body.of({"name": known(name, place), "wanted": wanted, **keys}, place), place)

    def _responses(self, said: Value) -> Iterator[Value]:
        for status, response in entries_of(said.child("responses")):
            place = response.place
            headers = tuple(known(name, header.place) for name, header in entries_of(response.child("headers")))
            keys = {
                "status": known(status, place),
                "description": response.child("description"),
                "headers": response if response.state is State.UNKNOWN else known(headers, place),
                "contents": self._contents(self.version.response_contents(response), place),
            }
            yield known(Body.of(keys, place), place)

    def _contents(self, contents: list[Content], place: Place | None) -> Value:
        return known(tuple(self._content(content, place) for content in contents), place)

    def _content(self, content: Content, place: Place | None) -> Value:
        """A content; what its schema says of the fields is worked out when it is asked for."""
        media, schema, encoding = content
        place = schema.place or place
        said = {"media": known(media, place), "encoding": encoding}

        def child(name: str) -> Value:
            return self.schemas.fields(schema) if name == "fields" else said.get(name, absent(place))

        return known(Body(child, lambda: (*said, "fields")), place)


def _parameters(item: Value, said: Value) -> list[Value]:
    """Those of the path, and those of the operation, which stand before them."""
    found: dict[tuple[str, str], Value] = {}
    for parameter in (*item.child("parameters").items(), *said.child("parameters").items()):
        found[parameter.child("in").text(), parameter.child("name").text()] = parameter
    return list(found.values())
