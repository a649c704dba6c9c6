"""Interfaces by their description: which operation is which action, and what is denied."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from garrison.errors import ConfigError
from garrison.gateway.protocols.openapi import read_openapi
from garrison.gateway.protocols.route import Route

CREDIT = """
openapi: 3.1.0
info: {title: Credit scoring, description: A machine learning model}
servers: [{url: "https://credit.example/api/v1"}]
paths:
  /score:
    post:
      operationId: score
      requestBody: {$ref: "#/components/requestBodies/Score"}
      responses: {200: {content: {application/json: {}}}}
  /models/{model_name}/predict:
    parameters: [{name: model_name, in: path}]
    post:
      requestBody: {content: {application/json: {}}}
      responses: {200: {content: {application/json: {}, text/event-stream: {}}}}
  /models/{model_name}/reload: {post: {responses: {200: {}}}}
  /models/{model_name}: {delete: {responses: {204: {}}}}
  /train: {post: {requestBody: {content: {multipart/form-data: {}}}, responses: {202: {}}}}
  /healthz: {get: {responses: {200: {content: {text/plain: {}}}}}}
  /metrics: {get: {responses: {200: {content: {text/plain: {}}}}}}
  /version: {get: {responses: {200: {content: {application/json: {}}}}}}
  /customers/{id}: {get: {operationId: customer, responses: {200: {content: {application/json: {}}}}}}
  /debug/vars: {get: {responses: {200: {content: {application/json: {}}}}}}
  /explain/{case}:
    get: {x-garrison-action: infer, responses: {200: {content: {application/json: {}}}}}
components:
  requestBodies: {Score: {content: {application/json: {}}}}
"""


def written(folder: Path, text: str, name: str = "api.yaml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def told(route: Route) -> str:
    kinds = f"{route.body} > {route.answer}" + ("" if route.streams == "never" else f", streams {route.streams}")
    return f"{route.action}: {route.methods[0]} {route.path} ({kinds}; model {route.model})"


def test_words_and_extensions_tell_what_operations_are(tmp_path: Path) -> None:
    described = read_openapi(written(tmp_path, CREDIT), {})
    assert [told(route) for route in described.protocol.routes] == snapshot(
        [
            "infer: POST /api/v1/score (json > json; model file)",
            "train: POST /api/v1/train (multipart > any; model file)",
            "health: GET /api/v1/healthz (none > text; model none)",
            "admin: GET /api/v1/metrics (none > text; model none)",
            "read-metadata: GET /api/v1/version (none > json; model file)",
            "infer: POST /api/v1/models/{model}/predict (json > json, streams asked; model path)",
            "load-model: POST /api/v1/models/{model}/reload (none > any; model path)",
            "unload-model: DELETE /api/v1/models/{model} (none > any; model path)",
            "infer: GET /api/v1/explain/{part} (none > json; model file)",
        ]
    )
    assert described.denied == snapshot(("GET /api/v1/customers/{id}", "GET /api/v1/debug/vars"))
    assert described.protocol.title == "Credit scoring"


def test_the_gateway_file_has_the_last_word(tmp_path: Path) -> None:
    file = written(tmp_path, CREDIT)
    rules = {"customer": "read-metadata", "POST /api/v1/score": "denied", "GET /api/v1/explain/{case}": "denied"}
    described = read_openapi(file, rules)
    actions = {f"{route.methods[0]} {route.path}": str(route.action) for route in described.protocol.routes}
    assert actions["GET /api/v1/customers/{part}"] == "read-metadata"
    assert "POST /api/v1/score" in described.denied
    assert "GET /api/v1/explain/{case}" in described.denied


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"custmer": "infer"}, "no operation is called 'custmer'\n  did you mean customer?"),
        ({"customer": "predict"}, "'predict' of 'customer' is no action"),
        ({"customer": "inferr"}, "did you mean infer?"),
    ],
)
def test_a_rule_that_says_nothing_is_an_error(tmp_path: Path, rules: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        read_openapi(written(tmp_path, CREDIT), rules)


def test_swagger_tells_the_same(tmp_path: Path) -> None:
    text = """
swagger: "2.0"
info: {title: Models}
basePath: /v1/
consumes: [application/json]
produces: [application/json]
paths:
  /predict: {post: {parameters: [{in: body, name: body}], responses: {200: {}}}}
  /embeddings: {post: {consumes: [text/plain], parameters: [{in: body, name: body}], responses: {200: {}}}}
  /upload_model: {post: {parameters: [{in: formData, name: model}], responses: {200: {}}}}
"""
    described = read_openapi(written(tmp_path, text), {})
    assert [told(route) for route in described.protocol.routes] == snapshot(
        [
            "infer: POST /v1/predict (json > json; model file)",
            "infer: POST /v1/embeddings (text > json; model file)",
            "load-model: POST /v1/upload_model (multipart > json; model file)",
        ]
    )
    assert described.denied == snapshot(())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Deployment", "this is no description of an interface"),
        ("a: [", "cannot be read"),
        ("{openapi: 3.0.0, paths: {/predict: {$ref: other.yaml}}}", "other.yaml is not found"),
        ("{openapi: 3.0.0, paths: {/predict: {$ref: '#/paths/~1predict'}}}", "in a circle"),
        (
            "{openapi: 3.0.0, paths: {'/m/{x}/live': {get: {}}, '/m/now/{y}': {get: {x-garrison-action: infer}}}}",
            "take the same requests, but one is health and the other infer",
        ),
    ],
)
def test_what_is_no_description_is_an_error_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as raised:
        read_openapi(file, {})
    assert raised.value.path == str(file)
    assert raised.value.hint


def test_an_operation_that_can_be_asked_for_another_model_is_denied(tmp_path: Path) -> None:
    parameter = {"name": "Model_Name", "in": "query"}
    paths = {"/predict": {"parameters": [{"$ref": "#/components/parameters/M"}], "post": {}}, "/infer": {"post": {}}}
    said = {"openapi": "3.0.0", "paths": paths, "components": {"parameters": {"M": parameter}}}
    file = written(tmp_path, json.dumps(said), "api.json")
    assert read_openapi(file, {}).denied == ("POST /predict",)
    assert read_openapi(file, {"POST /predict": "infer"}).denied == ()


def test_paths_that_cannot_be_matched_exactly_are_denied(tmp_path: Path) -> None:
    paths = {
        path: {"post": {"x-garrison-action": "infer"}} for path in ("/a b", "/a%2Fb", "/[x]", "/{open", "/ok", "no")
    }
    file = written(tmp_path, json.dumps({"openapi": "3.0.0", "paths": paths}), "api.json")
    described = read_openapi(file, {})
    assert [route.path for route in described.protocol.routes] == ["/ok"]
    assert len(described.denied) == 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["get", "post", "parameters", "requestBody", "responses", "$ref", "operationId", "tags"])


@settings(max_examples=300, deadline=None)
@given(
    paths=st.dictionaries(st.sampled_from(["/predict", "/x/{id}", "/m/{model}"]), st.dictionaries(KEYS, JSON) | JSON),
    rest=st.dictionaries(st.sampled_from(["info", "servers", "basePath", "consumes", "components"]), JSON),
)
def test_a_hostile_description_is_an_error_or_a_protocol(
    tmp_path_factory: pytest.TempPathFactory, paths: Any, rest: Any
) -> None:
    file = written(tmp_path_factory.mktemp("api"), json.dumps({"openapi": "3.1.0", "paths": paths, **rest}), "a.json")
    with contextlib.suppress(ConfigError):
        read_openapi(file, {})
