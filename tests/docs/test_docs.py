"""What the documentation tells is true: its commands run, its links lead somewhere, its examples are heard."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest
import yaml

from garrison.scan.config import Config

TOP = Path(__file__).parents[2]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
LEDGER = "ledger.md"
LOGS = "logs.md"
REDACTION = "redaction.md"
WATCH = "watch.md"  # tests/docs/test_watch.py
RECIPES = TOP / "docs/ci.md"
FENCED = re.compile(r"^```(?:yaml|groovy)\n(.*?)^```", re.MULTILINE | re.DOTALL)
RECIPE = re.compile(r"(?<![\w/-])(?:\.venv/bin/)?(garrison scan [^'\n]*)")  # in YAML, or quoted in Groovy
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?!https?://)([^)#\s]+)[^)]*\)")
BUCKET = 'resource "aws_s3_bucket" "b" {\n  bucket = "fraud-training-data"\n  acl    = "public-read"\n}\n'


TRAIL = """{"Records": [{"eventTime": "2026-11-24T10:11:12Z", "eventSource": "cloudtrail.amazonaws.com",
"eventName": "StopLogging", "eventID": "1"}]}"""


def commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        if page.name in (
            LEDGER,
            LOGS,
            REDACTION,
            WATCH,
        ):  # their commands follow one another, or need what they are about
            continue
        for block in CONSOLE.findall(page.read_text("utf8")):
            found += [(page.name, line[2:]) for line in block.splitlines() if line.startswith("$ garrison")]
    return found + recipes()


def recipes() -> list[tuple[str, str]]:
    """The commands in the recipes, run on a commit: variables name a revision that is there."""
    blocks = "".join(FENCED.findall(RECIPES.read_text("utf8")))
    return [(RECIPES.name, re.sub(r"(?:origin/)?\$\w+", "HEAD", line)) for line in RECIPE.findall(blocks)]


def make_repository(folder: Path) -> None:
    """Two commits, the last one called main too."""
    for arguments in ("init -q -b main", "add -A", "commit -q -m one", "commit -q --allow-empty -m two"):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example", *arguments.split()]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)


def shown(language: str) -> str:
    """The first block in a language on the page on own checks."""
    block = re.search(rf"```{language}\n(.*?)```", (TOP / "docs/your-own-checks.md").read_text("utf8"), re.DOTALL)
    assert block
    return block[1]


def keys(folder: Path, line: str) -> str:
    """What the page on keys takes for given: a key, and a ledger. The line, with the name of that key."""
    program = [sys.executable, "-m", "garrison"]
    init = shlex.split("ledger init audit --origin acme.example/audit")
    subprocess.run([*program, *init], cwd=folder, capture_output=True, check=True, timeout=60)
    issue = shlex.split("keys issue --client batch --role service --owner fraud-team --ledger audit --format json")
    made = subprocess.run([*program, *issue], cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    return line.replace("grs_4fQ2mX9aBc", json.loads(made.stdout)["id"])


def alerts(folder: Path) -> None:
    """What the page on alerts takes for given: twelve alerts, and three responses that wait."""
    from garrison.events.event import Severity
    from garrison.watch.alerts.signal import Detector, Signal
    from garrison.watch.alerts.store import Alerts, now_us
    from garrison.watch.responses.queue import plan
    from garrison.watch.responses.response import Response

    now = now_us()
    kinds = {"detector": Detector.RULE, "severity": Severity.HIGH, "since_us": now, "time_us": now}
    with Alerts.open(folder / "watch/alerts.db") as made:
        made.record([Signal(name=f"n{n}", title=f"Alert {n}", principal=f"p{n}", **kinds) for n in range(12)], {})  # type: ignore[arg-type]
        plan(made, Response(name="revoke"), now)


def own_checks(folder: Path) -> None:
    """The checks that the page on them shows."""
    examples = folder / "examples/acme-bucket-owner"
    examples.mkdir(parents=True)
    (folder / "bucket.yaml").write_text(shown("yaml"))
    (folder / "owner.py").write_text(shown("python"))
    (examples / "fail.tf").write_text('resource "aws_s3_bucket" "b" {}\n')
    (examples / "pass.tf").write_text('resource "aws_s3_bucket" "b" {\n  tags = { team = "risk" }\n}\n')


def test_there_are_commands() -> None:
    assert len(commands()) > 10
    assert len(recipes()) == 5


@pytest.mark.parametrize(("page", "line"), commands())
def test_commands_run(page: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(BUCKET)
    (tmp_path / "trail.json").write_text(TRAIL)
    for name in ("examples", "src"):
        (tmp_path / name).symlink_to(TOP / name)
    if page == "your-own-checks.md":
        own_checks(tmp_path / "checks")
        (tmp_path / "garrison.toml").write_text(shown("toml"))
    if page == "alerts.md":
        alerts(tmp_path)
    if page == "keys.md":
        line = keys(tmp_path, line)
    _, *arguments = shlex.split(line)
    if "--baseline" in arguments:
        name = arguments[arguments.index("--baseline") + 1]
        (tmp_path / name).write_text('{"version": 1, "findings": []}')
    if "--diff" in arguments:
        make_repository(tmp_path)
    command = [sys.executable, "-m", "garrison", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 1), f"{page}: {line}\n{done.stderr}"
    assert (done.returncode == 0) >= ("never" in arguments)


def test_the_commands_of_the_ledger_run_one_after_the_other(tmp_path: Path) -> None:
    """As somebody would type them, in one folder."""
    blocks = CONSOLE.findall((TOP / "docs" / LEDGER).read_text("utf8"))
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    assert len(lines) > 12
    program = f'garrison() {{ {shlex.quote(sys.executable)} -m garrison "$@"; }}'
    script = "\n".join(["set -eu", program, *(line.replace("VKEY", '"$(cat audit/vkey)"') for line in lines)])
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "3 entries, last signed" in done.stdout
    assert "1.json is entry 1 of example.com/audit" in done.stdout


@pytest.mark.slow
def test_the_commands_of_the_logs_run_one_after_the_other(tmp_path: Path) -> None:
    pytest.importorskip("chdb")
    (tmp_path / "trail.json").write_text(TRAIL)
    blocks = CONSOLE.findall((TOP / "docs" / LOGS).read_text("utf8"))
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    assert len(lines) > 8
    program = f'garrison() {{ {shlex.quote(sys.executable)} -m garrison "$@"; }}'
    script = "\n".join(["set -eu", program, *lines])
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("StopLogging") >= 4
    assert "1 events in 1 batches looked at: all as stored" in done.stdout


def test_the_settings_of_the_ledger_that_are_shown_are_some(tmp_path: Path) -> None:
    from garrison.ledger.cosignature import Cosigner
    from garrison.ledger.kinds import Kinds
    from garrison.ledger.note import Ed25519Signer
    from garrison.ledger.settings import load

    blocks = re.findall(r"^```toml\n(.*?)^```", (TOP / "docs" / LEDGER).read_text("utf8"), re.MULTILINE | re.DOTALL)
    kinds, *settings = blocks
    vkey = Cosigner(Ed25519Signer.generate("witness.example/w1")).vkey
    text = "\n".join(settings).replace("witness.example/w1+1a2b3c4d+BAxy...", vkey)
    (tmp_path / "ledger.toml").write_text(text)
    (tmp_path / "kinds.toml").write_text(kinds)
    loaded = load(tmp_path)
    assert [type(sink).__name__ for sink in loaded.sink] == ["ObjectLock", "Git", "Webhook"]
    assert len(loaded.witness) == 1
    assert Kinds(tmp_path)["drill.run"].actions == ("run",)


def test_recipes_are_yaml() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", RECIPES.read_text("utf8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    assert all(isinstance(yaml.safe_load(block), dict | list) for block in blocks)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf8")):
        generated = target.startswith("checks/") or target in {"kinds.md", "protocols.md"}
        assert generated or (page.parent / target).exists(), f"{page.name} links to {target}"


def test_checks_that_pages_link_to_exist() -> None:
    from garrison.checks.check import all_checks

    ids = {c.id for c in all_checks()} | {"index"}
    for page in PAGES:
        for target in re.findall(r"\(checks/([\w-]+)\.md\)", page.read_text("utf8")):
            assert target in ids


def test_the_configuration_that_is_shown_is_one() -> None:
    text = (TOP / "docs/configuration.md").read_text("utf8")
    block = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert block
    config = msgspec.convert(tomllib.loads(block[1]), Config)
    assert len(config.ignore) == 2
    assert config.scan.exclude == ("legacy/",)


def test_the_ignore_that_is_shown_is_heard(tmp_path: Path) -> None:
    from garrison.scan.scan import scan

    text = (TOP / "docs/ignores-and-baselines.md").read_text("utf8")
    block = re.search(r"```hcl\n(.*?)```", text, re.DOTALL)
    assert block
    (tmp_path / "main.tf").write_text(block[1])
    assert "bucket-public" in {i.finding.check.id for i in scan([tmp_path]).ignored}


def test_the_policies_that_are_shown_are_what_the_page_says(tmp_path: Path) -> None:
    from garrison.policy.actions import Action
    from garrison.policy.decide import Outcome
    from garrison.policy.policies import read_policies
    from garrison.policy.request import Model
    from garrison.policy.table import table
    from garrison.policy.vocabulary import read_vocabulary

    text = (TOP / "docs/policies.md").read_text("utf8")
    for name, language in (("roles.toml", "toml"), ("own.cedar", "cedar")):
        block = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
        assert block
        (tmp_path / name).write_text(block[1])
    policies = read_policies([tmp_path / "own.cedar"], read_vocabulary(tmp_path / "roles.toml"))
    labels = ("fraud", "personal-data", "project")
    made = table(policies, [Model("churn"), *(Model(label, frozenset({label})) for label in labels)])

    def outcome(role: str, action: Action, model: str, client: str = "") -> Outcome:
        return made.look_up(role, action, model, client)

    assert outcome("fraud-team", Action.INFER, "fraud") is Outcome.ALLOW
    assert outcome("service", Action.INFER, "fraud") is Outcome.DENY
    assert outcome("service", Action.HEALTH, "fraud", "batch") is Outcome.DENY
    assert outcome("service", Action.INFER, "churn", "batch") is Outcome.ALLOW
    assert outcome("service", Action.INFER, "personal-data") is Outcome.RESIDUE
    assert outcome("service", Action.INFER, "project") is Outcome.RESIDUE
    assert outcome("operations", Action.LOAD_MODEL, "churn") is Outcome.RESIDUE
    assert {outcome("security-analyst", action, "churn") for action in Action} == {Outcome.DENY}


def test_the_shipped_roles_are_those_that_the_page_lists() -> None:
    from garrison.policy.vocabulary import read_vocabulary

    text = (TOP / "docs/policies.md").read_text("utf8")
    rows = text.partition("| role |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([\w-]+)`", rows, re.MULTILINE) == list(read_vocabulary().role)


def test_the_check_that_is_shown_is_the_one_there_is() -> None:
    shown = (TOP / "docs/how-to-write-a-check.md").read_text("utf8")
    block = re.search(r"```python\n(.*?)```", shown, re.DOTALL)
    assert block
    assert block[1].strip() in (TOP / "src/garrison/checks/container.py").read_text("utf8")


def test_the_checks_that_are_shown_keep_to_their_examples(tmp_path: Path) -> None:
    own_checks(tmp_path)
    for option in ("--checks", "--checks-python"):
        command = [sys.executable, "-m", "garrison", "checks", "test", option, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "all as they should be" in done.stdout


def test_the_expressions_that_are_shown_are_right() -> None:
    from garrison.checks.cel.compiling import compile_expression, variable_of
    from garrison.estate.assets import kinds

    text = (TOP / "docs/your-own-checks.md").read_text("utf8")
    table = text.partition("| part | example |")[2].partition("\n\n")[0]
    table = table.replace("\\|", "|")
    called = {variable_of(kind): kind for kind in kinds().values()}
    expressions = [e for row in table.splitlines()[2:] for e in re.findall(r"`([^`]+)`", row.rpartition(" | ")[2])]
    assert len(expressions) > 8
    for expression in expressions:
        kind = next(k for name, k in called.items() if re.search(rf"\b{name}\.", expression))
        compile_expression(expression, kind)
