"""`garrison gateway`, as far as it ends by itself; what runs is in tests/gateway/run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from garrison.cli import program
from garrison.errors import ConfigError, UsageError

FILE = """
[listener.local]
address = "127.0.0.1:8443"

[upstream.server]
protocol = "open-inference"
url = "http://127.0.0.1:8080"

[model.iris]
upstream = "server"

[[identity.certificate]]
san = "spiffe://acme/scorer"
client = "scorer"
role = "service"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(FILE.partition("[[identity")[0])
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["gateway", *arguments], catch_exceptions=False)


@pytest.mark.slow
def test_check(file: Path) -> None:
    done = run("check", str(file))
    assert done.exit_code == 0
    assert "is right: 1 listener, 1 upstream, 1 model; Envoy 1." in done.stdout


@pytest.mark.slow
def test_check_tells_names_in_policies_that_nothing_has(file: Path) -> None:
    file.write_text(file.read_text() + 'labels = ["restricted"]\n\n[policy]\ncedar = ["own.cedar"]\n')
    file.with_name("own.cedar").write_text(
        'forbid (principal, action, resource == Model::"irsi");\n'
        'forbid (principal, action, resource)\nwhen { resource.labels.contains("restrictd") };\n'
    )
    done = run("check", str(file))
    assert done.exit_code == 0
    own = f"warning: {file.with_name('own.cedar')}"
    assert f"{own}:1: no model is called irsi, so this policy holds for nothing; did you mean iris?" in done.stderr
    assert (
        f"{own}:2: no model has the label restrictd, which this policy names; did you mean restricted?" in done.stderr
    )


@pytest.mark.slow
def test_check_warns_where_no_ledger_is_named_and_opens_the_one_that_is(file: Path) -> None:
    folder = file.parent / "audit"
    made = f"garrison ledger init {folder} --origin example.com/audit"
    assert (
        "warning: no ledger is named, so that no entry tells of changes of this file" in run("check", str(file)).stderr
    )
    assert made in run("check", str(file)).stderr
    file.write_text(file.read_text() + '[gateway]\nledger = "audit"\n[identity.keys]\n')
    with pytest.raises(ConfigError, match="there is no ledger here") as caught:
        run("check", str(file))
    assert caught.value.hint.startswith(f"make one: {made}")
    assert caught.value.line == file.read_text().splitlines().index('ledger = "audit"') + 1
    CliRunner().invoke(program, made.split()[1:], catch_exceptions=False)
    (file.parent / "state").mkdir(exist_ok=True)
    store = ("--store", str(file.parent / "state/keys.db"))
    issue = ("keys", "issue", "--client", "a", "--role", "service", "--owner", "b")
    CliRunner().invoke(program, [*issue, *store], catch_exceptions=False)
    assert "warning: no entry tells of the keys in" in run("check", str(file)).stderr
    CliRunner().invoke(program, [*issue, "--gateway", str(file)], catch_exceptions=False)
    assert "entry" not in run("check", str(file)).stderr


def test_check_without_envoy(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GARRISON_ENVOY", str(file))
    with pytest.raises(UsageError, match="which is no program"):
        run("check", str(file))


def test_compile_writes_only_what_differs(file: Path, tmp_path: Path) -> None:
    first = run("compile", str(file), "-o", str(tmp_path / "o"), "--at", "/etc/garrison").stdout.splitlines()
    assert len(first) > 5
    assert "/etc/garrison/listeners" in (tmp_path / "o/bootstrap.json").read_text()
    assert str(tmp_path / "o") not in (tmp_path / "o/bootstrap.json").read_text()
    assert run("compile", str(file), "-o", str(tmp_path / "o"), "--at", "/etc/garrison").stdout == ""
    file.write_text(file.read_text() + "limits = { concurrent = 3 }\n")
    second = run("compile", str(file), "-o", str(tmp_path / "o"), "--at", "/etc/garrison").stdout.splitlines()
    assert {Path(line).parent.name for line in second} == {"clusters", "routes"}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("--image a@sha256:b", "--image is for --target kubernetes"),
        ("--service-image a", "--service-image is for --target kubernetes"),
        ("--namespace ml", "--namespace is for --target kubernetes"),
        ("--at /etc/garrison --target kubernetes", "--at is for --target files"),
    ],
)
def test_options_of_the_other_target_are_refused(file: Path, tmp_path: Path, asked: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run("compile", str(file), "-o", str(tmp_path / "o"), *asked.split())
    assert not (tmp_path / "o").exists()


def test_what_a_schema_says_for_nothing_is_warned_of(file: Path) -> None:
    file.write_text(file.read_text() + 'schema = "iris.yaml"\n')
    file.with_name("iris.yaml").write_text("minProperties: 2\nmaxProperties: 1\n")
    done = run("explain", str(file), "--role", "service", "--action", "infer", "--model", "iris")
    assert f"warning: {file.with_name('iris.yaml')}:1: /minProperties: nothing fits" in done.stderr


def test_nobody_who_can_prove_who_he_is(file: Path) -> None:
    asked = ("explain", str(file), "--role", "service", "--action", "infer", "--model", "iris")
    told = "warning: nobody is let in, as nobody can prove who he is: add [identity.keys], [identity.jwt.NAME] or"
    assert told in run(*asked).stderr
    file.write_text(file.read_text() + "[identity.keys]\n")
    assert "nobody is let in" not in run(*asked).stderr


@pytest.mark.parametrize(
    ("asked", "outcome", "code"),
    [
        ("data-scientist infer iris", "allow", 0),
        ("data-scientist load-model iris", "deny", 1),
        ("ml-engineer load-model iris", "allow", 0),
        ("operations admin @server", "allow", 0),
    ],
)
def test_explain(file: Path, asked: str, outcome: str, code: int) -> None:
    role, action, model = asked.split()
    arguments = ("explain", str(file), "--role", role, "--action", action, "--model", model)
    done = run(*arguments)
    assert done.exit_code == code
    assert done.stdout.startswith(f"{outcome}: {asked}\n")
    told = json.loads(run(*arguments, "--format", "json").stdout)
    assert told["outcome"] == outcome
    assert told["reason"] in done.stdout


GUARDED = (FILE.partition("[[identity")[0] + 'schema = "iris.yaml"\n').replace(
    '"open-inference"', '"open-inference-grpc"'
)


@pytest.mark.slow
def test_a_model_that_can_answer_nobody(file: Path) -> None:
    file.write_text(GUARDED)
    file.with_name("iris.yaml").write_text("type: object\n")
    why = "its schema cannot be enforced on open-inference-grpc"
    asked = ("--role", "service", "--model", "iris")
    done = run("explain", str(file), *asked, "--action", "infer")
    assert done.exit_code == 1
    assert done.stdout.startswith("deny: service infer iris\n  permitted by garrison/policies.cedar:")
    assert done.stdout.endswith(f", but every request is refused: {why}\n")
    assert (
        f"warning: model iris answers nobody, as every request to infer is refused: {why}"
        in run("check", str(file)).stderr
    )
    assert run("explain", str(file), *asked, "--action", "read-metadata").exit_code == 0


def test_a_model_that_can_answer_on_one_of_its_protocols(file: Path) -> None:
    plain = '[upstream.plain]\nprotocol = "open-inference"\nurl = "http://127.0.0.1:8081"\n'
    file.write_text(GUARDED.replace('upstream = "server"', 'upstream = ["server", "plain"]') + plain)
    file.with_name("iris.yaml").write_text("type: object\n")
    done = run("explain", str(file), "--role", "service", "--model", "iris", "--action", "infer")
    assert done.exit_code == 0
    assert "every request of open-inference-grpc is refused" in done.stdout
    assert "answers nobody" not in done.stderr


def test_what_no_request_is(file: Path) -> None:
    done = run("explain", str(file), "--role", "ml-engineer", "--model", "iris", "--action", "train")
    assert done.exit_code == 1
    assert "but every request is refused: no request of open-inference is train" in done.stdout
    file.write_text(file.read_text() + '[upstream.other]\nprotocol = "open-inference"\nurl = "http://127.0.0.1:8081"\n')
    done = run("explain", str(file), "--role", "operations", "--model", "@other", "--action", "admin")
    assert done.exit_code == 1
    assert "several upstreams speak its protocol at one place" in done.stdout


def test_explain_knows_the_roles_of_clients_that_are_named(file: Path) -> None:
    file.write_text(FILE.replace("[listener.local]", "[identity.keys]\n\n[listener.local]").partition("[[identity")[0])
    with pytest.raises(UsageError, match="the role of nobody is not known"):
        run("explain", str(file), "--action", "infer", "--model", "iris")
    with pytest.raises(UsageError, match="no model is called irs"):
        run("explain", str(file), "--role", "service", "--action", "infer", "--model", "irs")


def test_certs(tmp_path: Path) -> None:
    done = run("certs", "-o", str(tmp_path / "certs"), "--client", "spiffe://acme/ml/scorer")
    assert done.exit_code == 0
    assert f"{tmp_path}/certs/client-scorer.pem" in done.stdout


def test_learn_from_a_description(tmp_path: Path) -> None:
    description = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/predict": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"type": "object", "maxProperties": 3}}}}
                }
            }
        },
    }
    (tmp_path / "openapi.json").write_text(json.dumps(description))
    asked = ("learn", "--openapi", str(tmp_path / "openapi.json"), "-o", str(tmp_path / "schema.json"))
    assert run(*asked).exit_code == 0
    assert json.loads((tmp_path / "schema.json").read_text())["maxProperties"] == 3
    with pytest.raises(UsageError, match="is there already"):
        run(*asked)
    with pytest.raises(UsageError, match="name a server and its model"):
        run("learn", "--server", "http://127.0.0.1:1", "-o", str(tmp_path / "other.json"))


@pytest.mark.parametrize("data", [None, b"", b"a\nb", b"\xff\xfe"])
def test_learn_with_a_file_that_holds_no_key(tmp_path: Path, data: bytes | None) -> None:
    key = tmp_path / "key"
    if data is not None:
        key.write_bytes(data)
    asked = ("learn", "--server", "http://127.0.0.1:1", "--model", "m", "-o", str(tmp_path / "o.json"))
    with pytest.raises(UsageError) as caught:
        run(*asked, "--key-file", str(key))
    assert (caught.value.path, caught.value.hint) == (str(key), "name a file with the key alone in it, on one line")


def test_schema() -> None:
    assert json.loads(run("schema").stdout)["title"] == "Garrison's gateway file"


def test_openapi_is_printed_or_written(file: Path) -> None:
    file.write_text(FILE.replace("[[identity", "[identity.keys]\n\n[[identity").partition("[[identity")[0])
    printed = run("openapi", str(file))
    assert json.loads(printed.stdout)["paths"]["/v2/models/{model}/infer"]["post"]["x-garrison-action"] == "infer"
    written = file.with_name("openapi.json")
    assert run("openapi", str(file), "-o", str(written)).exit_code == 0
    assert written.read_text() == printed.stdout


def test_where_nobody_is_let_in_nothing_is_described(file: Path) -> None:
    assert json.loads(run("openapi", str(file)).stdout)["paths"] == {}
