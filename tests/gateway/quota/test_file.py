"""What a gateway file can say of quotas, and must not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from inline_snapshot import snapshot

from garrison.cli import program
from garrison.errors import ConfigError, UsageError
from garrison.gateway.explain import explain
from garrison.gateway.file.form import Quota
from garrison.gateway.file.read import read
from garrison.gateway.planning import Planned, planned
from garrison.gateway.quota.feed import Position
from garrison.gateway.quota.report import Usage, as_prometheus, as_text, usage
from garrison.gateway.quota.store import Store
from garrison.gateway.quota.tally import Key, Used
from garrison.policy.actions import Action

FILE = """
[gateway]
state = "s"
[listener.local]
address = "127.0.0.1:8080"
[upstream.chat]
protocol = "openai"
url = "http://127.0.0.1:9000"
[upstream.v2]
protocol = "open-inference"
url = "http://127.0.0.1:9001"
[model.gpt]
upstream = "chat"
[model.iris]
upstream = "v2"
"""
SECRET = "hunter2"  # what no error may show


def made(folder: Path, more: str) -> Planned:
    path = folder / "gateway.toml"
    path.write_text(FILE + more)
    return planned(read(path), dt.datetime.now(dt.UTC))


def test_quotas_are_of_clients_roles_and_models(tmp_path: Path) -> None:
    more = """limits = { client-quota = { requests = 5 } }
[quotas]
zone = "Europe/Zurich"
client = { requests = 100, tokens = 1000 }
clients = { "corp:ada" = { tokens = 5000 } }
role.service = { requests = 10000 }
"""
    budgets = made(tmp_path, more).plan.budgets
    assert budgets.of_client("bob") == Quota(100, 1000)
    assert budgets.of_client("corp:ada") == Quota(None, 5000)
    assert budgets.client_model == {"iris": Quota(5)}
    assert budgets.any
    assert budgets.tokens


@pytest.mark.parametrize(
    ("more", "line", "message", "hint"),
    [
        ('[quotas]\nzone = "Europe/Zurch"', 17, "no time zone is called Europe/Zurch", "Europe/Zurich"),
        ("[quotas]\nclient = {}", 17, "a quota of nothing", "requests"),
        ("[quotas.role]\nservise = { requests = 1 }", 17, "no role is called servise", "service"),
        ("[limits.role]\nservise = { per-second = 1 }", 17, "no role is called servise", "service"),
        ("[limits.role]\nservice = {}", 17, "a limit of nothing", "request-kb"),
        ("[limits.clients]\n'corp:ada' = { burst = 5 }", 17, "burst without per-second", "per-second"),
        ("[limits.clients]\nada = { concurrent = 5 }", 17, "unknown key", "request-kb"),
        ("limits = { quota = { tokens = 5 } }", 16, "no model that it holds for tells its tokens", "requests"),
        ("[quotas]\nclient = { requests = 0 }", 17, "expected a whole number >= 1", ""),
        ("[quotas]\nclient = { request = 5 }", 17, "unknown key", "requests"),
        (f'[quotas.redis]\nurl = "redis://:{SECRET}@:x/"', 17, "it names no host and port", "HOST"),
        (f'[quotas.redis]\nurl = "http://:{SECRET}@h/"', 17, "not of the right form", "redis(s)://"),
        (f'[quotas.redis]\nurl = "redis://:{SECRET}@h"\nca = "gateway.toml"', 18, "no certificate", "rediss://"),
        (f'[quotas.redis]\nurl = "redis://:{SECRET}@h"\npassword-file = "gateway.toml"', 18, "password too", "one"),
        ('[quotas.redis]\nurl = "redis://h"\npassword-file = "nowhere"', 18, "no such file", "folder"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, more: str, line: int, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(tmp_path, more)
    error = caught.value
    assert (message in error.message, hint in error.hint) == (True, True), str(error)
    assert error.line == line
    assert SECRET not in str(error)


def test_what_cannot_be_enforced_is_not_compiled(tmp_path: Path) -> None:
    made(tmp_path, "[quotas]\nclient = { requests = 5 }")
    command = ["gateway", "compile", str(tmp_path / "gateway.toml"), "-o", str(tmp_path / "o")]
    with pytest.raises(UsageError, match="counted where garrison gateway run watches"):
        CliRunner().invoke(program, command, catch_exceptions=False)


def test_a_decision_is_explained_with_the_quotas_that_hold(tmp_path: Path) -> None:
    more = """limits = { client-quota = { requests = 5 } }
[quotas]
client = { requests = 1000, tokens = 30 }
clients.bob = { requests = 1 }
"""
    plans = made(tmp_path, more)

    def holds(client: str, action: Action) -> list[str]:
        told = explain(plans, client=client, role="data-scientist", action=action, model="iris")
        return [line for line in told.holds if line.endswith("a day")]

    both = "each client, of iris: 5 requests a day"
    assert holds("ada", Action.INFER) == ["ada: 1,000 requests and 30 tokens a day", both]
    assert holds("bob", Action.INFER) == ["bob: 1 requests a day", both]
    assert holds("ada", Action.READ_METADATA) == []


def test_usage_is_told_in_text_json_and_for_prometheus(tmp_path: Path) -> None:
    more = """limits = { client-quota = { requests = 5 } }
[quotas]
client = { requests = 1000, tokens = 30 }
clients.bob = { requests = 5 }
role.service = { requests = 10000 }
"""
    plan = made(tmp_path, more).plan
    now = dt.datetime.now(dt.UTC)
    (tmp_path / "s").mkdir()
    with Store(tmp_path / "s/usage.db") as store:
        store.count({now.date(): {Key('a"da', "service", "gpt"): Used(1000, 29)}}, Position())
        store.learn(now.date(), {Key('a"da', "service", "gpt"): Used(1, 2), Key("bob", "ops", "iris"): Used(2)})
    told = usage(plan, now)
    assert list(as_text(told))[1:] == snapshot(
        [
            '  client a"da         1,001 of 1,000 requests, 31 of 30 tokens  SPENT',
            "  client bob          2 of 5 requests",
            "  role   ops          2 requests",
            "  role   service      1,001 of 10,000 requests, 31 tokens",
            "  model  gpt          1,001 requests, 31 tokens",
            "  model  iris         2 requests",
            "  client bob on iris  2 of 5 requests",
        ]
    )
    assert [line for line in as_prometheus(told) if "client" in line] == snapshot(
        [
            'garrison_gateway_used{kind="client",name="a\\"da",model="",unit="requests"} 1001',
            'garrison_gateway_used{kind="client",name="a\\"da",model="",unit="tokens"} 31',
            'garrison_gateway_used{kind="client",name="bob",model="",unit="requests"} 2',
            'garrison_gateway_used{kind="client",name="bob",model="",unit="tokens"} 0',
            'garrison_gateway_used{kind="client-of-model",name="bob",model="iris",unit="requests"} 2',
            'garrison_gateway_used{kind="client-of-model",name="bob",model="iris",unit="tokens"} 0',
            'garrison_gateway_quota{kind="client",name="a\\"da",model="",unit="requests"} 1000',
            'garrison_gateway_quota{kind="client",name="a\\"da",model="",unit="tokens"} 30',
            'garrison_gateway_quota{kind="client",name="bob",model="",unit="requests"} 5',
            'garrison_gateway_quota{kind="client-of-model",name="bob",model="iris",unit="requests"} 5',
        ]
    )
    done = CliRunner().invoke(program, ["gateway", "usage", str(tmp_path / "gateway.toml"), "--format", "json"])
    assert msgspec.json.decode(done.stdout, type=Usage) == told


def test_usage_of_a_file_without_quotas_is_an_error(tmp_path: Path) -> None:
    made(tmp_path, "")
    with pytest.raises(UsageError, match="no quotas"):
        CliRunner().invoke(program, ["gateway", "usage", str(tmp_path / "gateway.toml")], catch_exceptions=False)
