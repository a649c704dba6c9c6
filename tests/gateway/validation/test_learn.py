"""Contracts learned from servers and descriptions: they compile, and take what the source takes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from garrison.errors import ConfigError, GarrisonError, UsageError
from garrison.gateway.validation import contract_validator, lua, prelude
from garrison.gateway.validation.contract import load
from garrison.gateway.validation.learn import Learned, learn_metadata, learn_openapi, learn_server

from .conftest import Run

METADATA = {
    "name": "iris",
    "platform": "sklearn",
    "inputs": [
        {"name": "x", "datatype": "FP32", "shape": [-1, 4], "parameters": {"content_type": "np"}},
        {"name": "t", "datatype": "BYTES", "shape": ["1"]},
    ],
    "outputs": [{"name": "y", "datatype": "INT64", "shape": [-1]}],
}


class Server(BaseHTTPRequestHandler):
    """Answers the metadata of one model to whoever shows a key."""

    def do_GET(self) -> None:
        found = self.path == "/v2/models/iris%2Fbig/versions/2" and self.headers["x-api-key"] == "k"
        self.send_response(200 if found else 302 if self.path.endswith("/moved") else 404)
        if self.path.endswith("/moved"):
            self.send_header("location", "/v2/models/iris%2Fbig/versions/2")
        self.end_headers()
        self.wfile.write(json.dumps(METADATA).encode() if found else b"no")

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def loaded(learned: Learned, folder: Path) -> Any:
    path = folder / "learned.json"
    path.write_text(learned.text)
    return load(path)


def test_a_running_server_is_asked(server: str, tmp_path: Path, run: Run) -> None:
    learned = learn_server(server, "iris/big", version="2", headers={"x-api-key": "k"})
    assert learned.notes == (
        "any size is taken where a shape says -1: x",
        "write minimum and maximum where you know them: x",
        "write max_bytes: t",
        "no other outputs can be asked for: y",
    )
    assert '"shape": [-1, 4]' in learned.text
    contract = loaded(learned, tmp_path)
    validate = run(f"{prelude()}return {contract_validator(contract, tensors=True, json_outputs=False)}")
    x = {"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}
    t = {"name": "t", "datatype": "BYTES", "shape": [1], "data": ["a"]}
    assert validate(json.dumps({"inputs": [x, t]}).encode(), None) is True
    assert validate(json.dumps({"inputs": [x]}).encode(), None) == (False, b'the body: expected the input "t"')


def test_a_server_that_does_not_answer_is_told(server: str) -> None:
    with pytest.raises(GarrisonError, match="the server answered 404"):
        learn_server(server, "none")
    with pytest.raises(GarrisonError, match="the server answered 302"):  # a key is not carried elsewhere
        learn_server(server, "moved", headers={"x-api-key": "k"})
    with pytest.raises(GarrisonError, match="cannot be asked"):
        learn_server("http://127.0.0.1:1", "iris", timeout_s=2)
    for url in ("file:///etc/passwd", "http://[::1", "http://127.0.0.1:99999", "http://127.0.0.1:abc", "http://a b"):
        with pytest.raises(UsageError, match="is no address"):
            learn_server(url, "iris")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (b"<html>", "the metadata cannot be used"),
        (b"[]", "the metadata cannot be used"),
        (b'{"inputs":[{"name":"x"}]}', "the metadata cannot be used"),
        (b'{"inputs":[{"name":"x","datatype":"FP99","shape":[1]}]}', "the metadata cannot be used: 'FP99'"),
        (b'{"inputs":[{"name":"x","datatype":"FP32","shape":[-7]}]}', "expected sizes from 0 on"),
        (b'{"inputs":[]}', "the server says nothing of the inputs"),
    ],
)
def test_metadata_that_cannot_be_used_is_refused(metadata: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        learn_metadata(metadata, "http://server")


OPENAPI_3_0 = """
openapi: 3.0.3
paths:
  /predict:
    post:
      operationId: predict
      requestBody: {$ref: '#/components/requestBodies/Predict'}
  /batch:
    post:
      requestBody:
        content:
          application/json; charset=utf-8:
            schema: {type: array, items: {$ref: '#/components/schemas/Row'}}
  /form:
    post: {requestBody: {content: {text/csv: {schema: {type: string}}}}}
components:
  requestBodies:
    Predict: {content: {application/json: {schema: {$ref: '#/components/schemas/Row'}}}}
  schemas:
    Row:
      type: object
      required: [age]
      xml: {name: row}
      properties:
        age: {type: integer, format: int32, minimum: 0, exclusiveMinimum: true, example: 3}
        note: {type: string, nullable: true, format: email, x-order: 2}
        kids: {type: array, items: {$ref: '#/components/schemas/Row'}}
        maybe: {allOf: [{$ref: '#/components/schemas/Row'}], nullable: true}
        exact: {type: number, format: double, exclusiveMaximum: false, maximum: 5}
"""
SWAGGER = """
swagger: '2.0'
paths:
  /predict:
    post:
      parameters:
        - {in: header, name: h, type: string}
        - {in: body, name: b, schema: {$ref: '#/definitions/Row'}}
definitions:
  Row: {type: object, required: [a], properties: {a: {type: integer}}}
"""


def described(folder: Path, text: str) -> Path:
    path = folder / "openapi.yaml"
    path.write_text(text)
    return path


def test_a_description_becomes_a_schema_of_today(tmp_path: Path, run: Run) -> None:
    learned = learn_openapi(described(tmp_path, OPENAPI_3_0), operation="predict")
    assert learned.notes == (
        "xml is not carried over",
        "format email is not enforced; write a pattern where it matters",
        "x-order is not carried over",
    )
    validate = run(lua(loaded(learned, tmp_path).schema))[b"validate"]
    assert validate(b'{"age":3,"note":null,"kids":[{"age":1}],"exact":5,"maybe":null}') is True
    for body in (
        b'{"age":0}',
        b'{"age":2147483648}',
        b'{"age":3,"kids":[{"age":"x"}]}',
        b"{}",
        b'{"age":1,"exact":5.1}',
    ):
        assert validate(body)[0] is False, body


def test_operations_are_named_by_method_and_path(tmp_path: Path, run: Run) -> None:
    path = described(tmp_path, OPENAPI_3_0)
    validate = run(lua(loaded(learn_openapi(path, operation="POST /batch"), tmp_path).schema))[b"validate"]
    assert validate(b'[{"age":1}]') is True
    assert validate(b'{"age":1}')[0] is False
    with pytest.raises(ConfigError, match=r"several operations take JSON\n.*POST /predict, POST /batch"):
        learn_openapi(path)
    with pytest.raises(ConfigError, match="no operation 'POST /form' takes JSON"):
        learn_openapi(path, operation="POST /form")


def test_the_only_operation_needs_no_name(tmp_path: Path, run: Run) -> None:
    validate = run(lua(loaded(learn_openapi(described(tmp_path, SWAGGER)), tmp_path).schema))[b"validate"]
    assert validate(b'{"a":1}') is True
    assert validate(b"{}")[0] is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "no OpenAPI description"),
        ("paths: {}", "no operation takes JSON"),
        (SWAGGER.replace("#/definitions/Row", "other.yaml#/Row"), "points out of the file"),
        (SWAGGER.replace("#/definitions/Row", "#/definitions/None"), "nothing stands at"),
        (SWAGGER.replace("type: integer", "type: int"), "'int' is no type"),
    ],
)
def test_descriptions_that_cannot_be_used_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        learn_openapi(described(tmp_path, text))
