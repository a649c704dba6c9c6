"""Gateway files: right ones, and what is said of those that are not."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml
from inline_snapshot import snapshot

from garrison.errors import ConfigError
from garrison.gateway.envoy.plan import mounts_of
from garrison.gateway.file import rules, schema
from garrison.gateway.file.read import read

RIGHT = """\
[listener.public]
address = "0.0.0.0:8443"
tls = { certificate = "server.pem", key = "server.key" }

[upstream.server]
protocol = "open-inference"
url = "http://127.0.0.1:8080"

[model."acme/iris"]
upstream = "server"
limits = { rate = { per-second = 3 } }
"""


def held(path: Path) -> None:
    loaded = read(path)
    rules.hold(loaded)
    mounts_of(loaded)


def said(tmp_path: Path, text: str, name: str = "gateway.toml") -> str:
    """What is wrong with a file, in the words of the error."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        held(path)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_a_right_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(RIGHT)
    gateway = read(path).gateway
    assert gateway.listener["public"].address == "0.0.0.0:8443"
    assert gateway.model["acme/iris"].upstreams == ("server",)
    rate = gateway.model["acme/iris"].limits.rate
    assert rate is not None
    assert rate.at_once == 6
    assert gateway.limits.client.per_second == 50


def test_yaml_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(RIGHT)
    (tmp_path / "gateway.yaml").write_text(yaml.safe_dump(tomllib.loads(RIGHT)))
    assert read(tmp_path / "gateway.yaml").gateway == read(tmp_path / "gateway.toml").gateway


def test_an_unknown_key(tmp_path: Path) -> None:
    assert said(tmp_path, RIGHT.replace("rate =", "rat =")) == snapshot(
        """\
gateway.toml:11  model."acme/iris".limits.rat: unknown key
  did you mean rate?\
"""
    )
    assert said(tmp_path, RIGHT + "[limit]\n") == snapshot(
        """\
gateway.toml:12  limit: unknown key
  did you mean limits?\
"""
    )


def test_a_key_that_is_missing(tmp_path: Path) -> None:
    assert said(tmp_path, RIGHT.replace(', key = "server.key"', "")) == snapshot(
        """\
gateway.toml:3  listener.public.tls: key is missing
  add key = "...": PEM file: its private key.\
"""
    )
    assert said(tmp_path, "") == snapshot(
        """\
gateway.toml:1  listener is missing
  add [listener.NAME] with address = "..."\
"""
    )
    assert said(tmp_path, "[listener]\n") == snapshot(
        """\
gateway.toml:1  listener: nothing is in it
  add [listener.NAME] with address = "..."\
"""
    )


def test_a_value_that_is_wrong(tmp_path: Path) -> None:
    assert said(tmp_path, RIGHT.replace("= 3", "= 0")) == snapshot(
        """\
gateway.toml:11  model."acme/iris".limits.rate.per-second: expected a number > 0.0\
"""
    )
    assert said(tmp_path, RIGHT.replace('"http://', '"ftp://')) == snapshot(
        """\
gateway.toml:7  upstream.server.url: not of the right form
  http(s)://HOST:PORT.\
"""
    )
    assert said(tmp_path, RIGHT.replace("[model.", '[model." "]\nupstream = "server"\n[model.')) == snapshot(
        """\
gateway.toml:9  model." ": not a name: not of the right form
  it has to match ^[A-Za-z0-9_][A-Za-z0-9._:/@-]*$\
"""
    )


def test_a_value_of_another_kind(tmp_path: Path) -> None:
    assert said(tmp_path, RIGHT + '[limits]\nrequest-kb = "64"\n') == snapshot(
        """\
gateway.toml:13  limits.request-kb: expected a whole number, got text
  write it without quotation marks\
"""
    )
    assert said(tmp_path, RIGHT.replace('upstream = "server"', "upstream = 3")) == snapshot(
        """\
gateway.toml:10  model."acme/iris".upstream: expected text or a list, got a whole number
  The upstream that serves it, or one per protocol.\
"""
    )


PLAIN = RIGHT.replace('tls = { certificate = "server.pem", key = "server.key" }', "").replace("0.0.0.0", "127.0.0.1")


def test_what_only_openapi_reads(tmp_path: Path) -> None:
    told = "only an upstream of openapi has one"
    take_out = 'take it out, or write protocol = "openapi" in the place of "open-inference"'
    for line in ('description = "openapi.yaml"', 'actions = { predict = "infer" }'):
        text = PLAIN.replace('url = "', f'{line}\nurl = "')
        key = line.partition(" ")[0]
        assert said(tmp_path, text) == f"gateway.toml:7  upstream.server.{key}: {told}\n  {take_out}"


OPENAPI = """\
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /predict:
    post:
      operationId: predict
      requestBody: {content: {application/json: {schema: {}}}}
"""


def test_what_is_wrong_with_actions_and_descriptions(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OPENAPI)
    (tmp_path / "b.yaml").write_text("a: b")
    upstream = '[upstream.server]\nprotocol = "openapi"\ndescription = "{}"\nurl = "http://127.0.0.1:8080"\n'
    text = PLAIN.partition("[upstream")[0] + upstream
    assert said(tmp_path, text.format("a.yaml") + 'actions = { predct = "infer" }\n') == snapshot(
        """\
gateway.toml:9  upstream.server.actions.predct: no operation is called 'predct'
  did you mean predict or POST /predict?\
"""
    )
    assert said(tmp_path, text.format("a.yaml") + 'actions = { predict = "infr" }\n') == snapshot(
        """\
gateway.toml:9  upstream.server.actions.predict: 'infr' of 'predict' is no action
  did you mean infer?\
"""
    )
    assert said(tmp_path, text.format("b.yaml")) == snapshot(
        """\
gateway.toml:7  upstream.server.description: b.yaml: this is no description of an interface
  name an OpenAPI 3 or Swagger 2 file, in YAML or JSON\
"""
    )
    (tmp_path / "b.yaml").write_text(OPENAPI.replace("predict", "score"))
    other = upstream.replace("server", "other").format("b.yaml")
    assert said(tmp_path, text.format("a.yaml") + other) == snapshot(
        """\
gateway.toml:9  upstream.other: server is described otherwise, at the same place
  add prefix = "/other"\
"""
    )


@pytest.mark.parametrize("header", ["x-garrison-role", "x-envoy-key", "content-type", "authorization", "x-request-id"])
def test_a_header_that_can_hold_no_key(tmp_path: Path, header: str) -> None:
    text = PLAIN + f'[identity.keys]\nheader = "{header}"\n'
    assert said(tmp_path, text).startswith(f"gateway.toml:13  identity.keys.header: {header} says something else")
    (tmp_path / "gateway.toml").write_text(text.replace(header, "x-model-key"))
    rules.hold(read(tmp_path / "gateway.toml"))


def test_a_folder_of_policies(tmp_path: Path) -> None:
    (tmp_path / "policies/more").mkdir(parents=True)
    (tmp_path / "policies/more/own.cedar").write_text("")
    (tmp_path / "policies/README").write_text("")
    path = tmp_path / "gateway.toml"
    path.write_text(PLAIN + '[policy]\ncedar = ["policies"]\n')
    rules.hold(read(path))
    assert rules.named_files(read(path)) == [(("policy", "cedar", 0), "policies/more/own.cedar")]
    assert {found.relative_to(tmp_path).as_posix() for found in rules.watched(read(path))} == {
        "gateway.toml",
        "policies",
        "policies/more",
        "policies/more/own.cedar",
    }


def test_two_listeners_at_one_address(tmp_path: Path) -> None:
    text = (
        '[listener.a]\naddress = "[::1]:8443"\n[listener.b]\naddress = "[0:0::1]:8443"\n' + RIGHT.partition("\n\n")[2]
    )
    assert said(tmp_path, text) == snapshot(
        """\
gateway.toml:4  listener.b.address: the listener a is at [0:0::1]:8443 too
  give each a port of its own\
"""
    )
    (tmp_path / "gateway.toml").write_text(text.replace("[0:0::1]:8443", "[::1]:8444"))
    rules.hold(read(tmp_path / "gateway.toml"))


def test_keys_of_an_issuer_in_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "issuer.pem").write_text("-----BEGIN PUBLIC KEY-----")
    text = RIGHT.replace('tls = { certificate = "server.pem", key = "server.key" }', "").replace("0.0.0.0", "127.0.0.1")
    issuer = '[identity.jwt.corp]\nissuer = "corp"\naudiences = ["models"]\njwks = "issuer.pem"\n'
    assert said(tmp_path, text + issuer) == snapshot(
        """\
gateway.toml:15  identity.jwt.corp.jwks: issuer.pem is no key set: JSON is malformed: invalid character (byte 1)
  it has to be {"keys": [{"kty": ...}, ...]} (RFC 7517), as an issuer serves it at its jwks_uri\
"""
    )


def test_names_that_lead_nowhere(tmp_path: Path) -> None:
    plain = RIGHT.replace('tls = { certificate = "server.pem", key = "server.key" }', "").replace(
        "0.0.0.0", "127.0.0.1"
    )
    assert said(tmp_path, plain.replace('upstream = "server"', 'upstream = "sever"')) == snapshot(
        """\
gateway.toml:10  model."acme/iris".upstream: no upstream is called sever
  did you mean server?\
"""
    )
    assert said(tmp_path, plain.replace('"open-inference"', '"open-inferenc"')) == snapshot(
        """\
gateway.toml:6  upstream.server.protocol: there is no protocol 'open-inferenc'
  did you mean open-inference or open-inference-grpc?\
"""
    )


def test_plaintext_from_the_network(tmp_path: Path) -> None:
    plain = RIGHT.replace('tls = { certificate = "server.pem", key = "server.key" }', "")
    assert said(tmp_path, plain) == snapshot(
        """\
gateway.toml:2  listener.public.address: 0.0.0.0:8443 would take plaintext from the network
  add tls = { certificate = ..., key = ... }; garrison gateway certs makes them for development\
"""
    )
    path = tmp_path / "gateway.toml"
    path.write_text(plain.replace("[upstream.server]", "insecure = true\n[upstream.server]"))
    rules.hold(read(path))
    assert rules.warnings(read(path)) == snapshot(
        ["listener public takes plaintext on 0.0.0.0:8443: keys and data can be read on the way"]
    )
    path.write_text(plain.replace("0.0.0.0", "[::1]"))
    rules.hold(read(path))
    assert rules.warnings(read(path)) == []


def test_metrics_for_the_network(tmp_path: Path) -> None:
    plain = RIGHT.replace('tls = { certificate = "server.pem", key = "server.key" }', "").replace(
        "0.0.0.0", "127.0.0.1"
    )
    path = tmp_path / "gateway.toml"
    assert said(tmp_path, plain + '[gateway]\nmetrics = "0.0.0.0:9464"\n') == snapshot("""\
gateway.toml:13  gateway.metrics: 0.0.0.0:9464 would tell the network, in plaintext, what is asked here
  write 127.0.0.1:PORT, or add metrics-insecure = true where only those who may read it can connect\
""")
    path.write_text(plain + '[gateway]\nmetrics = "[::]:9464"\nmetrics-insecure = true\n')
    rules.hold(read(path))
    assert rules.warnings(read(path)) == snapshot(
        ["metrics are told in plaintext on [::]:9464, to everybody who can connect"]
    )
    path.write_text(plain + '[gateway]\nmetrics = "127.0.0.1:9464"\n')
    rules.hold(read(path))
    assert rules.warnings(read(path)) == []


@pytest.mark.parametrize(
    "address",
    [
        "localhost:80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        ":80",
        "::1:80:",
        "::1:80",
        "[127.0.0.1]:80",
        "[fe80::1%lo]:80",
    ],
)
def test_what_is_no_address(tmp_path: Path, address: str) -> None:
    assert "listener.public.address" in said(tmp_path, RIGHT.replace("0.0.0.0:8443", address))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert said(tmp_path, RIGHT) == snapshot(
        """\
gateway.toml:3  listener.public.tls.certificate: server.pem: no such file or directory
  paths are from the folder of this file\
"""
    )


def test_what_is_no_toml_or_yaml(tmp_path: Path) -> None:
    assert said(tmp_path, "a = \n[b]") == snapshot("""\
gateway.toml:1  it is not TOML: Invalid value (at line 1, column 5)
  see https://toml.io\
""")
    assert said(tmp_path, "a: b\na: c\n", "gateway.yaml") == snapshot(
        """\
gateway.yaml:2  'a' is said twice, first in line 1; only the last counts
  keep one of them\
"""
    )
    assert said(tmp_path, "a: 1\n---\nb: 2\n", "gateway.yaml") == snapshot(
        """\
gateway.yaml:1  2 documents
  write exactly one\
"""
    )
    bomb = "a: &a [1]\n" + "".join(
        f"x{n}: &x{n} [{', '.join([f'*{p}'] * 10)}]\n" for n, p in enumerate(["a", *(f"x{n}" for n in range(9))])
    )
    assert "aliases expand" in said(tmp_path, bomb, "gateway.yaml")
    (tmp_path / "gateway.toml").write_bytes(b'a = "\xff"')
    with pytest.raises(ConfigError, match="UTF-8"):
        read(tmp_path / "gateway.toml")


def test_the_shipped_schema_is_that_of_the_form() -> None:
    assert schema.SHIPPED.read_text() == schema.text(), "write schema.text() to it"


def test_the_schema_takes_what_is_right_and_refuses_the_rest() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema.SHIPPED.read_text()))
    right = tomllib.loads(RIGHT)
    assert validator.is_valid(right)
    assert not validator.is_valid({**right, "limit": {}})
    assert not validator.is_valid({**right, "listener": {}})


def test_a_sample_of_what_is_not_looked_into(tmp_path: Path) -> None:
    text = RIGHT + '[model.other]\nupstream = "server"\nsample = { share = 0.1 }\n'
    text = text.replace('tls = { certificate = "server.pem", key = "server.key" }', "").replace("0.0.0.0", "127.0.0.1")
    assert said(tmp_path, text) == snapshot("""\
gateway.toml:14  model.other.sample: the bodies of this model are not looked into
  add a schema or a response policy\
""")


def test_places_where_nothing_can_be_written(tmp_path: Path) -> None:
    plain = RIGHT.replace('tls = { certificate = "server.pem", key = "server.key" }', "").replace("0.0.0", "127.0.0")
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    assert said(tmp_path, plain + '[log]\nfile = "file/deep/audit.jsonl"\n') == snapshot("""\
gateway.toml:13  log.file: file is no folder
  name a place where a folder is, or can be made\
""")
    assert said(tmp_path, plain + '[log]\nfile = "folder"\n') == snapshot("""\
gateway.toml:13  log.file: folder is a folder
  name a file\
""")
    assert "gateway.state: 's\\x00' is no path" in said(tmp_path, plain + '[gateway]\nstate = "s\\u0000"\n')
    assert said(tmp_path, plain + '[gateway]\nstate = "file"\n') == snapshot("""\
gateway.toml:13  gateway.state: file is no folder
  name a place where a folder is, or can be made\
""")


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        ("response = { bucket = 1e-20 }", "14  model.other.response.bucket: multiples of 1e-20 are too fine"),
        (
            'response.role.service = { strip = ["/"] }',
            "14  model.other.response.role.service.strip[0]: '/' strips nothing",
        ),
        (
            'response = {}\nsample = { share = 0.1, redact = { strip = [""] } }',
            "15  model.other.sample.redact.strip[0]: '' strips nothing",
        ),
        ("response = {}\nsample = { share = 0.1, input = false }", "15  model.other.sample: a sample of nothing"),
    ],
)
def test_policies_of_answers_that_do_nothing(tmp_path: Path, rest: str, text: str) -> None:
    plain = RIGHT.replace('tls = { certificate = "server.pem", key = "server.key" }', "").replace(
        "0.0.0.0", "127.0.0.1"
    )
    found = said(tmp_path, f'{plain}[model.other]\nupstream = "server"\n{rest}\n')
    assert found.startswith(f"gateway.toml:{text}")
