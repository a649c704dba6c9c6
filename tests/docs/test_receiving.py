"""The page on receiving: its inputs are right, its curl sends, its kubeconfig leads to the input it tells of."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import yaml
from tests.watch.receive.conftest import Kept, serving

from garrison.events.mappers import mapper
from garrison.gateway.certificates.authority import make
from garrison.watch.receive.credentials import new_key
from garrison.watch.receive.inputs import http, kubernetes, otlp
from garrison.watch.receive.listen import Guard
from garrison.watch.redact.redactor import Redactor
from garrison.watch.redact.settings import Rule

PAGE = (Path(__file__).parents[2] / "docs/receiving.md").read_text("utf8")
INPUTS = {module.TYPE: module for module in (http, kubernetes, otlp)}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def inputs() -> list[dict[str, Any]]:
    found = [said for block in blocks("toml") for said in tomllib.loads(block).get("input", ())]
    return [said for said in found if said["type"] in INPUTS]


def files(folder: Path) -> str:
    """What the page takes for given; the key."""
    make(folder, ["127.0.0.1", "watch.example"], [])
    key, line = new_key("collector")
    (folder / "senders.keys").write_text(line)
    return key


def test_its_inputs_can_be(tmp_path: Path) -> None:
    files(tmp_path)
    for said in inputs():
        Guard(msgspec.convert(said, INPUTS[said["type"]].Settings), lambda name: tmp_path / name)
    assert {said["type"] for said in inputs()} == set(INPUTS)


def test_its_rule_takes_what_was_asked() -> None:
    rules = [rule for block in blocks("toml") for rule in tomllib.loads(block).get("redact", ())]
    redactor = Redactor.make(msgspec.convert(rules, list[Rule]), b"a key")
    line = b'{"resource":{},"scope":{},"record":{"attributes":{"gen_ai.input.messages":"secret","a":1}}}'
    assert b"secret" not in redactor.line(mapper("otlp"), line)


def test_its_curl_sends(tmp_path: Path) -> None:
    key, kept = files(tmp_path), Kept(tmp_path, names=("collectors",))
    (tmp_path / "messages.log").write_text(
        "<13>Nov 24 10:11:12 gpu-1 kernel: NVRM: Xid 79\n\n<13>no\n<13>Nov 24 10:11:13 gpu-1 a: b\n"
    )
    said = next(one for one in inputs() if one["name"] == "collectors")
    with serving(http, kept.around, **{**said, "address": "127.0.0.1:0"}) as port:
        command = next(block for block in blocks("sh") if "curl" in block).replace(
            said["address"].rpartition(":")[2], str(port)
        )
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env={"KEY": key, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=True,
        )
    kept.close()
    assert done.stdout.strip() == blocks("json")[0].strip().encode()


def test_its_kubeconfig_leads_to_its_input() -> None:
    (config,) = blocks("yaml")
    said = next(one for one in inputs() if one["type"] == "kubernetes")
    server = yaml.safe_load(config)["clusters"][0]["cluster"]["server"]
    assert server.endswith(said["address"].rpartition(":")[2] + said["path"])
