"""OpenAPI and Swagger documents to one form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.estate.values import State, Value
from garrison.sources.discover import discover
from garrison.sources.interface import File, Tree
from garrison.sources.openapi import claims
from garrison.sources.openapi.descriptions import Description, read_descriptions


def read(folder: Path, files: dict[str, str]) -> tuple[list[Description], Tree]:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    tree = discover(folder)
    return read_descriptions([f for f in tree.files.values() if claims(f)], tree), tree


def one(folder: Path, text: str, **files: str) -> tuple[Value, Tree]:
    """The first operation of a description, `a.yaml`, and what was noted."""
    (found,), tree = read(folder, {"a.yaml": text, **{f"{n}.yaml": t for n, t in files.items()}})
    return found.at(("operations", "*")).items()[0], tree


def plain(said: Value) -> object:
    """What is known, as Python would write it."""
    if said.state is not State.KNOWN:
        return said.state.name.lower()
    if isinstance(said.content, tuple):
        return [plain(item) for item in said.content]
    return said.content


def fields(content: Value) -> list[tuple[str, str]]:
    return [(f.child("name").text(), f.child("type").text()) for f in content.child("fields").items()]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("openapi: 3.1.0\npaths: {}\n", True),
        ('"openapi" : "3.0.3"\n', True),
        ("# a comment\nswagger: '2.0'\n", True),
        ('{"info": {}, "swagger":"2.0"}', True),
        ("openapi: 4.0.0\n", False),
        ("swagger: 1.2\n", False),
        ("spec:\n  openAPIV3Schema: {}\n", False),
        ("spec:\n  openapi: 3.1.0\n", False),
    ],
)
def test_a_description_says_that_it_is_one(text: str, answer: bool, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    assert claims(File("a.yaml", tmp_path / "a.yaml")) is answer


def test_what_says_so_further_down_is_none(tmp_path: Path) -> None:
    found, tree = read(tmp_path, {"a.json": json.dumps({"inner": {"openapi": "3.1.0", "paths": {}}})})
    assert (found, tree.problems) == ([], [])


def test_both_versions_give_one_form(tmp_path: Path) -> None:
    three = """openapi: 3.0.3
servers: [{url: "https://{host}/v1", variables: {host: {default: a.example.org}}}]
security: [{key: []}]
paths:
  /predict:
    parameters: [{name: q, in: query, schema: {type: string}}]
    post:
      requestBody: {content: {application/json: {schema: {type: object, properties: {x: {type: number}}}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {type: string}}}}}
components: {securitySchemes: {key: {type: http, scheme: basic}, o: {type: oauth2, flows: {clientCredentials: {scopes: {a: x}}}}}}
"""
    two = """swagger: "2.0"
schemes: [https]
host: a.example.org
basePath: /v1
security: [{key: []}]
paths:
  /predict:
    parameters: [{name: q, in: query, type: string}]
    post:
      parameters: [{name: body, in: body, schema: {type: object, properties: {x: {type: number}}}}]
      responses: {200: {description: ok, schema: {type: string}}}
securityDefinitions: {key: {type: basic}, o: {type: oauth2, flow: application, scopes: {a: x}}}
"""
    (new, old), _ = read(tmp_path, {"3.yaml": three, "swagger.yaml": two})
    assert (new.type, old.type, old.address) == ("OpenAPI", "Swagger", "swagger.yaml:api")
    for said in (new, old):
        assert plain(said.at(("servers",))) == ["https://a.example.org/v1"]
        assert plain(said.at(("schemes", "*", "scheme"))) == ["basic"]
        assert plain(said.at(("schemes", "*", "flows", "*"))) == ["clientCredentials"]
        assert plain(said.at(("schemes", "*", "scopes", "*"))) == ["a"]
        (operation,) = said.at(("operations",)).items()
        assert plain(operation.child("name")) == "POST /predict"
        assert [p.child("name").text() for p in operation.child("parameters").items()] == ["q"]
        (alternative,) = operation.child("security").items()
        assert [s.child("name").text() for s in alternative.items()] == ["key"]
        (content,) = operation.child("request").items()
        assert fields(content) == [("", "object"), ("x", "number")]
        (response,) = operation.child("responses").items()
        assert plain(response.child("status")) == "200"
        assert fields(response.child("contents").items()[0]) == [("", "string")]


@pytest.mark.parametrize(
    ("general", "own", "expected"),
    [
        ("", "", "absent"),
        ("security: [{a: []}]", "", [["a"]]),
        ("security: [{a: []}]", "security: []", []),
        ("security: [{a: []}]", "security: [{}]", [[]]),
        ("", "security: [{a: [], b: [x]}, {c: []}]", [["a", "b"], ["c"]]),
    ],
)
def test_what_an_operation_asks_for(general: str, own: str, expected: object, tmp_path: Path) -> None:
    operation, _ = one(tmp_path, f"openapi: 3.1.0\n{general}\npaths: {{/x: {{get: {{{own}}}}}}}\n")
    said = operation.child("security")
    found = (
        plain(said)
        if said.state is not State.KNOWN
        else [[s.child("name").text() for s in o.items()] for o in said.items()]
    )
    assert found == expected
    assert plain(operation.child("inherits")) is not bool(own)


def test_an_operation_replaces_the_parameters_of_its_path(tmp_path: Path) -> None:
    operation, _ = one(
        tmp_path,
        "openapi: 3.1.0\npaths:\n  /x:\n    parameters: [{name: a, in: query, schema: {type: string}}, {name: b, in: header}]\n"
        "    get: {parameters: [{name: a, in: query, schema: {type: integer}}]}\n",
    )
    said = [
        (p.child("name").text(), p.child("schema").child("type").text()) for p in operation.child("parameters").items()
    ]
    assert said == [("a", "integer"), ("b", "")]


BODY = "openapi: 3.1.0\npaths: {/x: {post: {requestBody: {content: {application/json: {schema: @@}}}}}}\ncomponents:\n  schemas:\n"


@pytest.mark.parametrize(
    ("schema", "components", "expected"),
    [
        ("{}", "", [("", "any")]),
        ("true", "", [("", "any")]),
        ("false", "", []),
        ("{type: [string, 'null']}", "", [("", "string")]),
        ("{maxLength: 3}", "", [("", "string")]),
        ("{type: array, items: {type: array, items: {type: number}}}", "", [("", "array"), ("[]", "array"), ("[][]", "number")]),
        ("{anyOf: [{type: string}, {type: 'null'}]}", "", [("", "string")]),
        ("{$ref: '#/components/schemas/A'}", "    A: {properties: {x: {enum: [a]}}}\n", [("", "object"), ("x", "one of")]),
        ("{allOf: [{$ref: '#/components/schemas/A'}, {properties: {y: {type: integer}}}]}", "    A: {properties: {x: {type: string}}}\n",
         [("", "object"), ("x", "string"), ("y", "integer")]),
        ("{properties: {id: {type: string, readOnly: true}}, additionalProperties: {type: number}}", "", [("", "object"), (".*", "number")]),
        ("{$ref: '#/components/schemas/A'}", "    A: {properties: {child: {$ref: '#/components/schemas/A'}}}\n", [("", "object")]),
    ],
)  # fmt: skip
def test_the_fields_of_a_schema(schema: str, components: str, expected: object, tmp_path: Path) -> None:
    operation, tree = one(tmp_path, BODY.replace("@@", schema) + components)
    (content,) = operation.child("request").items()
    assert fields(content) == expected
    assert content.child("fields").rest is None
    assert tree.problems == []


def test_keywords_hold_whoever_says_them(tmp_path: Path) -> None:
    components = "    A: {type: string, pattern: '^a$'}\n"
    schema = "{properties: {x: {$ref: '#/components/schemas/A', maxLength: 5}}}"
    operation, _ = one(tmp_path, BODY.replace("@@", schema) + components)
    field = operation.child("request").items()[0].child("fields").items()[1]
    assert (plain(field.child("maxLength")), plain(field.child("pattern"))) == (5, "^a$")
    choice = "{maxItems: 9, anyOf: [{type: array, items: {type: string}}, {type: string, maxLength: 7}]}"
    operation, _ = one(tmp_path, BODY.replace("@@", choice))
    found = operation.child("request").items()[0].child("fields").items()
    assert [plain(f.child("maxItems")) for f in found][:1] == [9]


def test_references_lead_into_other_files_and_back(tmp_path: Path) -> None:
    text = (
        BODY.replace("@@", "{$ref: 'parts/b.yaml#/Request'}")
        + "    Row: {type: object, properties: {n: {type: number}}}\n"
    )
    part = "Request: {type: array, items: {$ref: '../a.yaml#/components/schemas/Row'}}\n"
    operation, tree = one(tmp_path, text, **{"parts/b": part})
    (content,) = operation.child("request").items()
    found = content.child("fields").items()
    assert [(f.child("name").text(), str(f.place)) for f in found] == [
        ("", "parts/b.yaml:1:10"),
        ("[]", "a.yaml:5:10"),
        ("[].n", "a.yaml:5:41"),
    ]
    assert (tree.problems, tree.notes) == ([], [])


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("https://example.org/s.json#/A", "https://example.org/s.json is not among the files that are read"),
        ("other.yaml#/A", "other.yaml is not among the files that are read"),
        ("#/components/schemas/B", "nothing stands at #/components/schemas/B"),
        ("#anchor", "nothing stands at #anchor"),
        ("#/components/schemas/A", "its references lead round in a circle"),
    ],
)
def test_what_a_reference_does_not_lead_to_is_unknown(target: str, reason: str, tmp_path: Path) -> None:
    operation, tree = one(
        tmp_path, BODY.replace("@@", f"{{$ref: '{target}'}}") + "    A: {$ref: '#/components/schemas/A'}\n"
    )
    said = operation.child("request").items()[0].child("fields")
    assert said.items() == ()
    assert said.rest is not None
    assert said.rest.reason == reason
    assert [n.message for n in tree.notes] == (
        [f"what it refers to is not read: {target.partition('#')[0]}"] if ":" in target or "other" in target else []
    )


def test_examples_are_gathered_wherever_they_stand(tmp_path: Path) -> None:
    text = """openapi: 3.1.0
info: {description: not an example at all}
paths:
  /x:
    post:
      requestBody:
        content:
          application/json:
            schema: {properties: {a: {type: string, example: a longer text of a schema}, default: {type: string}}}
            examples: {one: {value: {deep: [a longer text of a message]}}}
"""
    (found,), _ = read(tmp_path, {"a.yaml": text})
    assert plain(found.at(("examples",))) == ["a longer text of a schema", "a longer text of a message"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 999) | st.sampled_from(["", "#/paths", "object", "array", "3.1.0", "a"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["paths", "/x", "get", "post", "security", "parameters", "requestBody", "content", "schema", "$ref", "allOf", "anyOf",
             "properties", "items", "type", "responses", "200", "components", "schemas", "securitySchemes", "in", "name", "example"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=40,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    body=st.dictionaries(st.sampled_from(["paths", "components", "security", "servers", "info", "tags"]), _JSON),
    two=st.booleans(),
)
def test_whatever_stands_in_it_is_read(
    body: dict[str, object], two: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("d")
    version = {"swagger": "2.0"} if two else {"openapi": "3.1.0"}
    (found,), tree = read(folder, {"a.json": json.dumps({**version, **body})})
    for operation in found.at(("operations",)).items():
        for content in (
            *operation.child("request").items(),
            *(c for r in operation.child("responses").items() for c in r.child("contents").items()),
        ):
            fields(content)
    assert tree.problems == []
