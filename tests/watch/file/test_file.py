"""Watch files: what is wrong is said with its line and key, and the schema says the same as the form."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from inline_snapshot import snapshot

from garrison.errors import ConfigError
from garrison.watch.file import schema
from garrison.watch.file.hold import hold
from garrison.watch.file.read import Loaded, read, span_s

RIGHT = """\
[watch]
state = "kept"

[[input]]
type = "http"
name = "gateway"
log = "garrison-gateway"
address = "127.0.0.1:0"
quiet-after = "1h"
retention = "short"

[[retention]]
name = "short"
days = 7

[[redact]]
field = "$.client"
how = "hash"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "watch.toml"
    file.write_text(text, encoding="utf-8")
    return file


def held(folder: Path, text: str) -> Loaded:
    loaded = read(written(folder, text))
    hold(loaded)
    return loaded


def test_a_file_that_is_right(tmp_path: Path) -> None:
    loaded = held(tmp_path, RIGHT)
    assert loaded.state == tmp_path / "kept"
    assert loaded.store == tmp_path / "kept/store"
    assert loaded.judging.quiet_after_s == {"gateway": 3600}
    assert loaded.retention == {"short": 7}
    assert hold(loaded) == ["[watch] ledger is not set: that events were changed or removed will not be noticed"]


def test_datagrams_from_the_network_are_taken_where_the_file_says_so(tmp_path: Path) -> None:
    udp = '[[input]]\ntype = "syslog"\nname = "s"\nlog = "syslog"\ntransport = "udp"\naddress = "0.0.0.0:514"\n'
    assert held(tmp_path, f"{RIGHT}\n{udp}insecure = true\n")
    with pytest.raises(ConfigError, match="anybody could send datagrams"):
        held(tmp_path, f"{RIGHT}\n{udp}")


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "hint"),
    [
        ('type = "http"', 'type = "htpp"', 5, "input[0].type: there is no type htpp", "did you mean http?"),
        ('name = "gateway"', "", 4, "input[0]: name is missing", 'add name = "..."'),
        ("quiet-after", "quiet-aftre", 9, "input[0].quiet-aftre: unknown key", "did you mean quiet-after?"),
        ('"1h"', '"1 hour"', 9, "input[0].quiet-after: '1 hour' is no span of time", 'write "30s", "5min", "1h" or "7d"'),
        ('"1h"', '"0h"', 9, "input[0].quiet-after: '0h' is no span of time", 'write "30s", "5min", "1h" or "7d"'),
        ("garrison-gateway", "garrison-gatewya", 7, "input[0].log: there is no log format garrison-gatewya", None),
        ('retention = "short"', 'retention = "shrot"', 10, "input[0].retention: no class is called shrot", "did you mean short?"),
        ("127.0.0.1:0", "0.0.0.0:8088", 4, "input[0]: 0.0.0.0:8088 would take plaintext from the network", None),
        ("127.0.0.1:0", "localhost:8088", 4, "input[0]: 'localhost:8088' is no address", None),
        ("days = 7", "days = 0", 14, "retention[0].days: expected a whole number >= 1", "Days; for ever if unsaid."),
        ('state = "kept"', 'store = "kept"', 2, "watch.store: 'kept' is no URL", None),
        ('state = "kept"', 'store = "https://ann:secret@db:8443"', 2, "watch.store: the URL names a user, who would be everybody", None),
        ('state = "kept"', 'metrics = "0.0.0.0:1"', 2, "watch.metrics: 0.0.0.0:1 is open to the network", 'write "127.0.0.1:9469"'),
        ('state = "kept"', 'ledger = "none"', 2, "watch.ledger: there is no ledger", "make it: garrison ledger init none --origin NAME"),
        ('"$.client"', '"client"', 16, "redact[0]: 'client' is no path", None),
        ('"$.client"', '"$.client"\nhow = "hash"\n[[redact]]\nlog = ["syslog", "auditd"]\nfield = "$.requester"', 19,
         "redact[1]: $.requester leads to nothing in auditd: their lines are no JSON", "write pattern = ..., or leave them out of log"),
        ("[[retention]]", '[[input]]\ntype = "http"\nname = "gateway"\nlog = "syslog"\naddress = "127.0.0.1:0"\n[[retention]]',
         14, "input[1].name: 'gateway' is named twice", "name each input"),
        ("[[retention]]", '[[export]]\ntype = "file"\nname = "x"\npath = "x"\nfilter = "actor=="\n[[retention]]', 16, None, None),
        ("[[retention]]", '[[input]]\ntype = "prometheus"\nname = "p"\nurl = "http://example.com:9100/metrics"\ntoken-file = "t"\n[[retention]]',
         12, "input[1]: input p: a secret would go to example.com in plaintext", "use https"),
        ("[[retention]]", '[[input]]\ntype = "prometheus"\nname = "p"\nurl = "https://example.com"\ntoken-file = "t"\n[[retention]]',
         0, "input p: the secret cannot be read", None),
        ("[[retention]]", '[[input]]\ntype = "file"\nname = "f"\nlog = "syslog"\npath = []\n[[retention]]', 12, "input[1]: input f: path names no file", None),
        ("[[retention]]", '[[input]]\ntype = "syslog"\nname = "s"\nlog = "syslog"\ntransport = "udp"\naddress = "0.0.0.0:514"\n[[retention]]',
         12, "input[1]: anybody could send datagrams to 0.0.0.0:514", None),
        ("[[retention]]", '[baselines]\ncountries = "nope.mmdb"\n[[retention]]', 13, "baselines.countries: nope.mmdb tells no countries: No such file or directory",
         "name a file in MaxMind's format, or leave it out"),
        ("[[retention]]", '[rules]\nfolders = ["nope"]\n[[retention]]', 13, None, "name a rule or a folder of rules"),
        ("[[retention]]", '[[model]]\nname = "iris"\nreference = "none"\n[[retention]]', 0, "cannot be read: No such file or directory", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(  # noqa: PLR0917 - a table
    tmp_path: Path, old: str, new: str, line: int, message: str | None, hint: str | None
) -> None:
    assert old in RIGHT
    with pytest.raises(ConfigError) as caught:
        held(tmp_path, RIGHT.replace(old, new, 1))
    assert caught.value.line == line
    assert message is None or caught.value.message == message
    assert hint is None or caught.value.hint == hint


def test_the_schema_takes_what_is_right_and_refuses_the_rest() -> None:
    import tomllib

    validator = jsonschema.Draft202012Validator(json.loads(schema.text()))
    assert list(validator.iter_errors(tomllib.loads(RIGHT))) == []
    for old, new in (('type = "http"', 'type = "htpp"'), ("days = 7", "days = 0"), ("state", "stale")):
        assert list(validator.iter_errors(tomllib.loads(RIGHT.replace(old, new, 1))))


def test_a_file_without_an_input(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(written(tmp_path, "[watch]\n"))
    assert (caught.value.message, caught.value.hint) == ("input is missing", "add [[input]]: Where events come from.")


def test_spans() -> None:
    assert [span_s(said) for said in ("30s", "5min", "2h", "7d")] == [30, 300, 7_200, 604_800]


def test_what_would_change_nothing_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/mine.yml").write_text(RULES)
    (tmp_path / "empty").mkdir()
    loaded = read(written(tmp_path, RIGHT.replace('"kept"', '"kept"\nfindings = "nope.json"') + UNHEARD))
    told = [warning.replace(f"{tmp_path}/", "") for warning in hold(loaded)[1:]]
    assert told == snapshot(
        [
            "watch.toml:29  response[0]: response revoke does nothing: there is no keys.db; name the store that garrison keys issue made",
            "watch.toml:33  response[1]: response tighten does nothing: there is no gateway.toml; name the file that garrison gateway run was given",
            "watch.toml:38  response[2]: response run does nothing: there is no program no-such-program; name a program that is there",
            "watch.toml:3  watch.findings: no findings are told beside alerts: there is no nope.json; write it with garrison scan --format json -o FILE",
            "watch.toml:22  rules.folders[1]: there is no rule in empty; a rule ends in .yml or .yaml",
            "watch.toml:23  rules.disabled[1]: no rule is called zzz; garrison rules list tells them",
            "watch.toml:23  rules.disabled[2]: no rule is called A client prods the gateway; did you mean A client probes the gateway?",
            "watch.toml:28  route[0].rules[0]: nothing that is told is called no such rule; write the id or the title of a rule, or the name of a measure",
            "watch.toml:28  route[0].rules[2]: nothing that is told is called client request; did you mean client requests or client resources or client requests, slowly?",
            "watch.toml:28  route[0].rules[4]: nothing that is told is called refused; write A client is refused",
            "rules/mine.yml:7  it needs what is left out, or cannot be used: refused; leave it out too, or name other rules",
        ]
    )


RULES = """\
title: A client is refused
name: refused
id: 11111111-0000-4000-8000-000000000001
logsource: {product: garrison, service: gateway}
detection: {denied: {decision: deny}, condition: denied}
---
title: A client probes the gateway
id: 11111111-0000-4000-8000-000000000002
correlation: {type: event_count, rules: [refused], group-by: [client], timespan: 10m, condition: {gte: 5}}
"""
UNHEARD = """\
[rules]
pack = false
folders = ["rules", "empty"]
disabled = ["A client is refused", "zzz", "A client prods the gateway"]
[[route]]
type = "webhook"
name = "hook"
url = "https://example.com"
rules = ["no such rule", "A client probes *", "client request", "drift of inputs", "refused"]
[[response]]
type = "revoke-key"
name = "revoke"
store = "keys.db"
[[response]]
type = "tighten-limit"
name = "tighten"
gateway = "gateway.toml"
rules = ["model extraction"]
[[response]]
type = "command"
name = "run"
command = ["no-such-program"]
"""
