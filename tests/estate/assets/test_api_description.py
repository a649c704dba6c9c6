"""What a description decides of an operation and of the whole interface."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.assets.api_description import ApiDescription, ApiOperation
from garrison.estate.estate import Estate
from garrison.sources.discover import discover
from garrison.sources.interface import formats
from garrison.sources.mapping.assemble import assets_of

HEAD = "openapi: 3.1.0\ninfo: {title: Fraud scoring}\n"
SCHEMES = """components:
  securitySchemes:
    key: {type: apiKey, in: query, name: k}
    login: {type: oauth2, flows: {password: {scopes: {a: x}}}}
"""


def api_of(folder: Path, text: str) -> ApiDescription:
    (folder / "a.yaml").write_text(text)
    tree = discover(folder)
    (reader,) = [f for f in formats() if f.NAME == "openapi"]
    estate = Estate(assets_of("openapi", reader.read(list(tree.files.values()), tree)))
    assert not tree.problems
    return estate.of(ApiDescription)[0]


def operation_of(folder: Path, said: str, general: str = "") -> ApiOperation:
    text = f"{HEAD}{general}\npaths: {{/predict: {{post: {{{said}}}}}}}\n{SCHEMES}"
    return api_of(folder, text).operations[0]


@pytest.mark.parametrize(
    ("said", "general", "open_", "optional"),
    [
        ("", "", True, False),
        ("security: []", "security: [{key: []}]", True, False),
        ("security: [{}]", "", True, False),
        ("", "security: [{key: []}]", False, False),
        ("security: [{key: []}, {}]", "", False, True),
        ("security: [{unheard: []}]", "", False, False),
        ("x-amazon-apigateway-auth: {type: AWS_IAM}", "", False, False),
        ("x-amazon-apigateway-auth: {type: NONE}", "", True, False),
        ("parameters: [{name: X-API-Key, in: header}]", "", None, False),
        ("parameters: [{name: X-Request-Id, in: header}]", "", True, False),
    ],
)
def test_who_is_let_in(said: str, general: str, open_: bool | None, optional: bool, tmp_path: Path) -> None:
    operation = operation_of(tmp_path, said, general)
    assert (operation.open.answer, operation.optional.answer) == (open_, optional)
    assert operation.open.because


@pytest.mark.parametrize(
    ("paths", "without", "about"),
    [
        ("/predict: {post: {}}", True, True),
        ("/orders: {get: {}}", True, False),
        ("/health: {get: {}}", False, False),
        ("/predict: {post: {}}, /jobs: {get: {security: [{key: []}]}}", False, True),
        ("/predict: {post: {security: [{key: []}]}}, /health: {get: {}}", False, True),
        ("/predict: {post: {parameters: [{name: Authorization, in: header}]}}", None, True),
    ],
)
def test_an_interface_without_a_login(paths: str, without: bool | None, about: bool, tmp_path: Path) -> None:
    api = api_of(tmp_path, f"{HEAD}paths: {{{paths}}}\n{SCHEMES}")
    assert (api.without_login.answer, api.serves_model.answer) == (without, about)


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://score.bank.com/v1", True),
        ("https://score.bank.com", False),
        ("http://localhost:8080", False),
        ("http://127.0.0.1/", False),
        ("http://model.test", False),
        ("http://localhost.bank.com", True),
        ("/v1", False),
    ],
)
def test_served_in_plain(url: str, answer: bool, tmp_path: Path) -> None:
    assert api_of(tmp_path, f"{HEAD}servers: [{{url: '{url}'}}]\npaths: {{}}\n").plain.answer is answer


@pytest.mark.parametrize(
    ("responses", "limited", "refuses"),
    [
        ("{'200': {description: a}}", False, False),
        ("{'429': {description: a}}", True, False),
        ("{4XX: {description: a}}", True, True),
        ("{default: {description: a}}", False, True),
        ("{'200': {description: a, headers: {X-RateLimit-Remaining: {}}}}", True, False),
        ("{'200': {description: a, headers: {X-Request-Id: {}}}, '403': {}}", False, True),
    ],
)
def test_what_an_operation_answers(responses: str, limited: bool, refuses: bool, tmp_path: Path) -> None:
    operation = operation_of(tmp_path, f"responses: {responses}")
    assert (operation.limited.answer, operation.refuses.answer) == (limited, refuses)


def test_errors_that_show_too_much(tmp_path: Path) -> None:
    trace = "content: {application/json: {schema: {properties: {detail: {properties: {stackTrace: {type: string}}}}}}}"
    assert operation_of(tmp_path, f"responses: {{'500': {{{trace}}}}}").shows_insides.yes
    assert operation_of(tmp_path, f"responses: {{'200': {{{trace}}}}}").shows_insides.no
    assert operation_of(tmp_path, "responses: {default: {description: A Python traceback}}").shows_insides.yes


def test_one_login_for_asking_and_changing(tmp_path: Path) -> None:
    asks = "/predict: {post: {security: [{login: [a]}]}}"
    paths = f"paths: {{{asks}, '/models/{{m}}/load': {{post: {{security: [{{login: [@]}}]}}}}}}\n"
    assert api_of(tmp_path, HEAD + paths.replace("@", "a") + SCHEMES).one_login.yes
    assert api_of(tmp_path, HEAD + paths.replace("@", "b") + SCHEMES).one_login.no


def test_a_key_in_an_example(tmp_path: Path) -> None:
    def shows(text: str) -> bool | None:
        paths = f"paths: {{/x: {{post: {{parameters: [{{name: a, in: header, example: '{text}'}}]}}}}}}\n"
        return api_of(tmp_path, HEAD + paths).shows_key.answer

    assert shows("sk-proj-" + "Zx81Qmw0Lr" * 4)
    assert not shows("sk-proj-" + "x" * 40)
    assert not shows("AKIAIOSFODNN7EXAMPLE")
    assert not shows("sk-your-key-goes-here-0123456789abcdef")
