"""Scripts, units, configurations and notebooks that would take for ever or fill the memory: as the command meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Scan = Callable[..., Any]
LAB = "jupyter lab --ip=0.0.0.0 --ServerApp.token=''"
FOUND = "jupyter-no-token"


def notebook(*lines: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": list(lines)}], "metadata": {}, "nbformat": 4})


# What is hostile comes after what must be found all the same.
FILES: dict[str, tuple[str, Callable[[], str]]] = {
    "substitutions that nest": ("a.sh", lambda: f"{LAB}\n" + "x=$(" * 200_000),
    "braces that nest": ("a.sh", lambda: f"{LAB}\n" + "${a:-" * 200_000),
    "quotes that never end": ("a.sh", lambda: f"{LAB}\n" + "\"'" * 300_000),
    "here-documents that never end": ("a.sh", lambda: f"{LAB}\n" + "cat <<E\n" * 100_000),
    "variables that double": ("a.sh", lambda: f"{LAB}\na0=xxxxxxxxxx\n" + "".join(f"a{n}=$a{n - 1}$a{n - 1}\n" for n in range(1, 60)) + "jupyter lab $a59\n"),
    "scripts in scripts": ("a.sh", lambda: f"{LAB}\n" + "sh -c 'sh -c \"" * 50_000),
    "one long command": ("a.sh", lambda: f"{LAB}\njupyter lab " + "a " * 400_000),
    "many commands": ("a.sh", lambda: f"{LAB}\n" + "jupyter lab\n" * 5_000),
    "blocks that nest": ("a.sh", lambda: f"{LAB}\n" + "if x; then\n" * 50_000),
    "a unit that goes on": ("a.service", lambda: f"[Service]\nExecStart={LAB}\n" + "Environment=A=b \\\n" * 100_000),
    "a unit of sections": ("a.service", lambda: f"[Service]\nExecStart={LAB}\n" + "[Service]\nA=b\n" * 50_000),
    "a Procfile of many lines": ("Procfile", lambda: f"web: {LAB}\n" + "a: b\n" * 100_000),
    "a configuration of many names": ("jupyter_config.py", lambda: "c.ServerApp.ip = '*'\nc.ServerApp.token = ''\n" + "c.A.b = [1]\n" * 50_000),
    "settings that nest": ("jupyter_config.json", lambda: '{"ServerApp": {"ip": "*", "token": "", "a": ' + '{"a": ' * 190 + "1" + "}" * 192),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_the_rest_is_still_found(kind: str, scan_with: Scan) -> None:
    name, content = FILES[kind]
    answer = scan_with({f"a/{name}": content()})
    assert FOUND in {check for check, _ in answer.failed()}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("jupyter_config.py", "c.A.b = " + "(" * 100_000),
        ("jupyter_config.py", "c.A.b = " + "-" * 500_000 + "1"),
        ("jupyter_config.py", "c.A.b = 1" + "+1" * 300_000),
        ("jupyter_config.py", "c.A.b = '" + "x" * 1_500_000 + "'"),
        ("jupyter_config.json", '{"a": ' * 300),
        ("a.ipynb", '{"cells": [' * 100_000),
        ("a.ipynb", "[]"),
        ("a.sh", "x" * 3_000_000),
        ("redis.conf", "bind 1\n" * 400_000),
    ],
)
def test_what_cannot_be_read_is_named(name: str, content: str, scan_with: Scan) -> None:
    answer = scan_with({f"a/{name}": content})
    assert answer.problem(f"a/{name}")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ipynb", notebook(*["x = 1\n"] * 20_000)),
        ("a.ipynb", notebook("x" + ".a" * 90_000)),
        ("a.ipynb", notebook("load(" * 100 + ")" * 100)),
        ("a.ipynb", notebook("a = b = c = requests.get(u)\n" * 5_000)),
        ("a.ipynb", notebook("!" * 100_000)),
        ("a.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": 5}, 7, None, {"cell_type": []}]})),
        ("app.py", "import gradio\nx(share=True)\n" + "f(" * 50_000),
        ("train.py", "password = '" + "a1" * 500_000),
        ("train.py", "token=" * 300_000),
        ("train.py", "_" * 2_000_000),
        ("train.py", "-----BEGIN PRIVATE KEY-----\n" * 100_000),
        ("train.py", "-----BEGIN PRIVATE KEY-----\n" + ("MIIE" * 16 + "\n") * 30_000),
        ("train.txt", "://" + "a:" * 500_000 + "@"),
        ("train.txt", "https://a:b" * 200_000),
        ("train.txt", "?sv=" * 200_000 + "%3D"),
        ("train.txt", "AKIA" * 400_000),
    ],
)
def test_nothing_takes_long(name: str, content: str, scan_with: Scan) -> None:
    assert scan_with({f"a/{name}": content}).code == 1
