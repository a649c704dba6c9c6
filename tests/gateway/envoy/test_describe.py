"""The gateway's own OpenAPI document, held by schemathesis against the gateway itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.gateway.conftest import probing
from tests.gateway.envoy.conftest import FILE, OPERATOR, SCIENTIST, Gateway, serving

from garrison.cli import program
from garrison.gateway.describe import describe, written
from garrison.gateway.envoy.plan import Plan

pytestmark = pytest.mark.slow

MORE = """
[upstream.v1]
protocol = "kserve-v1"
url = "http://127.0.0.1:{upstream}"
prefix = "/v1s"

[upstream.llm]
protocol = "openai"
url = "http://127.0.0.1:{upstream}"

[model.flowers]
upstream = "v1"
schema = "flowers.json"

[model.tiny-chat]
upstream = "llm"
"""
FLOWERS = {
    "type": "object",
    "properties": {"instances": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/flower"}}},
    "required": ["instances"],
    "additionalProperties": False,
    "$defs": {"flower": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 10}, "maxItems": 4}},
}
TRIED = r"flowers:predict$|iris/infer$|\{model\}$|/\{upload\}/complete$|/chat/completions$|/v2/health"
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")


@pytest.fixture(scope="module")
def gateway(made: Callable[..., Plan], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("d")
    (folder / "flowers.json").write_text(json.dumps(FLOWERS))
    with serving(made(folder, FILE + MORE)) as running:
        yield running


@pytest.fixture(scope="module")
def document(gateway: Gateway) -> dict[str, Any]:
    (gateway.folder / "openapi.json").write_text(written(describe(gateway.plan)))
    return json.loads((gateway.folder / "openapi.json").read_text())  # type: ignore[no-any-return]


def test_what_is_let_through_is_in_it(document: dict[str, Any]) -> None:
    paths = document["paths"]
    assert paths["/v1s/v1/models/flowers:predict"]["post"]["x-garrison-action"] == "infer"
    asked = paths["/v1s/v1/models/flowers:predict"]["post"]["requestBody"]
    assert asked["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/flowers"}
    held = document["components"]["schemas"]["flowers"]
    assert held["$defs"] == FLOWERS["$defs"]
    assert held["properties"]["instances"]["items"] == {"$ref": "#/components/schemas/flowers/$defs/flower"}
    assert paths["/v2/models/{model}"]["get"]["parameters"][0]["schema"]["enum"] == ["iris", "other"]
    assert paths["/v2/models/{model}/generate_stream"]["post"]["parameters"][0]["schema"]["enum"] == ["other"]
    chat = paths["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert chat["properties"]["model"] == {"enum": ["tiny-chat"]}
    assert document["components"]["securitySchemes"]["key"] == {"type": "apiKey", "in": "header", "name": "x-api-key"}
    assert "/metrics" not in paths, "two servers could be meant, so none is asked"


def test_what_is_not_in_it_is_refused(gateway: Gateway, document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        concrete = path.replace("{model}", "other").replace("{version}", "1")
        for method in METHODS:
            if method.lower() not in methods and "{" not in concrete:
                assert gateway.call(method, concrete, key=OPERATOR).status == 404, f"{method} {concrete}"


def test_what_no_protocol_is_known_of_is_refused_as_json(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/nothing/here", key=SCIENTIST)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
    assert answer.json["error"].startswith("there is nothing at this address (request ")


def test_the_gateway_does_what_it_says(gateway: Gateway, document: dict[str, Any], tmp_path: Path) -> None:
    checks = (
        "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
        "response_schema_conformance", "negative_data_rejection", "ignored_auth",
    )  # fmt: skip
    command = [
        probing("schemathesis"), "run", str(gateway.folder / "openapi.json"), "--url", f"http://127.0.0.1:{gateway.port}",
        "--header", f"x-api-key: {SCIENTIST}", "--checks", ",".join(checks), "--max-examples", "5", "--include-path-regex", TRIED, "--no-color",
        "--phases", "coverage,fuzzing", "--generation-deterministic", "--continue-on-failure", "--no-shrink",
        "--suppress-health-check", "all",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]


def test_a_scan_of_it_finds_nothing_grave(gateway: Gateway, document: dict[str, Any], tmp_path: Path) -> None:
    del document  # it lies in the folder by now
    (tmp_path / "openapi.json").write_text((gateway.folder / "openapi.json").read_text())
    done = CliRunner().invoke(program, ["scan", str(tmp_path), "--format", "json", "--fail-on", "never"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["findings"]
    assert not [f for f in found if f["severity"] in {"high", "critical"}]
