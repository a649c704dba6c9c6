"""Secrets of every known shape are found, once, and no output form has the value of any. Every value here is invented."""

from __future__ import annotations

import base64
import random
import string
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from garrison.estate.assets.written import WrittenSecret
from garrison.estate.secrets import forms
from garrison.findings.finding import Finding
from garrison.gateway.keys.secret import make_key
from garrison.report import View, form, form_names
from garrison.scan.scan import Result, scan

R = random.Random(11)
LETTERS, ALNUM, HEX = string.ascii_letters, string.ascii_letters + string.digits, "0123456789abcdef"
BASE64 = ALNUM + "+/"
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def text(length: int, alphabet: str = ALNUM) -> str:
    return "".join(R.choice(alphabet) for _ in range(length))


def checked(prefix: str) -> str:
    """A token whose last six characters are the CRC-32 of those before, in base 62."""
    body, number, check = text(30), 0, ""
    number = zlib.crc32(body.encode())
    while number:
        number, digit = divmod(number, 62)
        check = BASE62[digit] + check
    return prefix + body + check.rjust(6, "0")


def key(header: bytes, length: int) -> str:
    encoded = base64.b64encode(header + bytes(R.randrange(256) for _ in range(length))).decode()
    return "\n".join(encoded[i : i + 64] for i in range(0, len(encoded), 64))


SEQUENCE = bytes([0x30, 0x82, 4, 0xBD, 2, 1, 0])
ACCESS_KEY = "AK" + "IA" + text(16, string.ascii_uppercase + "234567")
# Shape -> a text that has one, with the secret in `{}`, and the secret itself.
SAMPLES: dict[str, tuple[str, str]] = {
    "aws-access-key": ("{}:" + text(40, BASE64), ACCESS_KEY),
    "aws-secret-key": ("aws_secret_access_key = {}", text(40, BASE64)),
    "azure-storage-key": ("DefaultEndpointsProtocol=https;AccountKey={};EndpointSuffix=core.windows.net", text(86, BASE64) + "=="),
    "azure-shared-access": ("https://a.blob.core.windows.net/c?sv=2024-11-04&se=2030-01-01&sr=c&sp=rl&sig={}", text(43) + "%3D"),
    "google-service-account": ('{{"type": "service_account", "private_key": "{}"}}', "-----BEGIN PRIVATE KEY-----\\n" + key(SEQUENCE, 300).replace("\n", "\\n")),
    "google-api-key": ("maps {}", "AI" + "za" + text(35)),
    "google-oauth-secret": ("client {}", "GOC" + "SPX-" + text(28)),
    "private-key": ("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", key(SEQUENCE, 300)),
    "age-key": ("# created today\n{}", "AGE-SECRET-" + "KEY-1" + text(58, string.ascii_uppercase + string.digits)),
    "github-token": ("git clone with {}", checked("ghp" + "_")),
    "github-fine-grained-token": ("use {}", "github" + "_pat_" + text(22) + "_" + text(59)),
    "gitlab-token": ("use {}", "gl" + "pat-" + text(20)),
    "hugging-face-token": ("login {}", "h" + "f_" + text(34, LETTERS)),
    "openai-key": ("use {}", "sk-" + "proj-" + text(30) + "T3Blb" + "kFJ" + text(30)),
    "anthropic-key": ("use {}", "sk-" + "ant-api03-" + text(93) + "AA"),
    "openrouter-key": ("use {}", "sk-" + "or-v1-" + text(64, HEX)),
    "slack-token": ("use {}", "xo" + "xb-" + text(12, string.digits) + "-" + text(24)),
    "stripe-key": ("use {}", "sk" + "_live_" + text(24)),
    "npm-token": ("//registry/:_authToken={}", checked("np" + "m_")),
    "pypi-token": ("password = {}", "pypi-" + "AgEIcHlwaS5vcmc" + text(80)),
    "weights-and-biases-key": ("export WANDB_API_KEY={}", text(40, HEX)),
    "databricks-token": ("host x token {}", "da" + "pi" + text(32, HEX)),
    "nvidia-key": ("use {}", "nv" + "api-" + text(64)),
    "langsmith-key": ("use {}", "lsv" + "2_pt_" + text(32, HEX) + "_" + text(10, HEX)),
    "groq-key": ("use {}", "gs" + "k_" + text(52)),
    "replicate-token": ("use {}", "r" + "8_" + text(37)),
    "pinecone-key": ("use {}", "pc" + "sk_" + text(6) + "_" + text(63)),
    "docker-token": ("use {}", "dc" + "kr_pat_" + text(27)),
    "digitalocean-token": ("use {}", "do" + "p_v1_" + text(64, HEX)),
    "garrison-key": ("x-api-key: {}", make_key()),
    "password-in-address": ("postgresql://scores:{}@db.fraud.internal:5432/scores", "Gr4nite-8arrow-2206"),
    "password": ('client = Client(url, api_token="{}")', text(30)),
}  # fmt: skip


def found(result: Result) -> list[Finding]:
    return [f for f in result.findings if isinstance(f.asset, WrittenSecret)]


def shapes(top: Path, name: str, content: str) -> list[tuple[str, int]]:
    """The shapes that are found, and their lines."""
    (top / name).parent.mkdir(parents=True, exist_ok=True)
    (top / name).write_text(content)
    return [(f.asset.address.partition("#")[2], f.place.line) for f in found(scan([top]))]


def test_there_is_a_sample_of_every_shape() -> None:
    assert {f.name for f in forms()} == SAMPLES.keys() - {"password"}


@pytest.mark.parametrize("shape", SAMPLES)
def test_is_found_where_it_stands(tmp_path: Path, shape: str) -> None:
    sample, secret = SAMPLES[shape]
    said = shapes(tmp_path, "train.py", f"# first line\n{sample.format(secret)}\n")
    line = 3 if shape in ("age-key", "private-key") else 2
    assert said == [(shape, line)]


@pytest.mark.parametrize("shape", sorted(SAMPLES.keys() - {"google-service-account", "private-key", "age-key"}))
def test_is_found_in_a_cell_of_a_notebook(tmp_path: Path, shape: str) -> None:
    sample, secret = SAMPLES[shape]
    source = sample.format(secret).replace('"', '\\"')
    text = f'{{\n "cells": [\n  {{\n   "cell_type": "code",\n   "source": [\n    "{source}\\n"\n   ]\n  }}\n ]\n}}\n'
    assert shapes(tmp_path, "a.ipynb", text) == [(shape, 6)]


@pytest.mark.parametrize(
    "line",
    [
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ACCESS_KEY,  # an id alone opens nothing
        "ghp_" + "a1B2" * 9,  # its checksum does not hold
        "npm_" + "a1B2" * 9,
        "hf_" + "x" * 34,
        "sk-" + "x" * 48,
        "WANDB_API_KEY=" + "0" * 40,
        "AccountKey=" + "A" * 86 + "==",
        "-----BEGIN PRIVATE KEY-----\n<your key>\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n" + "A" * 64 + "\n-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n" + key(SEQUENCE, 200) + "\n-----END PUBLIC KEY-----",
        "postgresql://user:password@db.internal/x",
        "postgresql://user:${DB_PASSWORD}@db.internal/x",
        "postgresql://user:%s@db.internal/x",
        "postgresql://user:Tr0ub4-9dor@localhost/x",
        "postgresql://user:Tr0ub4-9dor@db.example.com/x",
        "https://example.com:8080/path@v1",
        "git@github.com:org/repository.git",
        'token = "changeme-please-1234"',
        'DUMMY_API_KEY = "tkn-Tr0ub4-9dor"',
        'password = "correct horse battery"',
        'api_key = os.environ["API_KEY"]',
        'api_key = "your-api-key-goes-here-1"',
        'token: str = "tokenizer.json"',
        'max_tokens = "four thousand"',
        'secret_name = "fraud-model-7781-secret"',
        'token_url = "https://login.internal/oauth2/v2.0/token1"',
        "sha256: " + text(64, HEX),
    ],
)
def test_what_is_no_secret(tmp_path: Path, line: str) -> None:
    assert shapes(tmp_path, "train.py", line) == []


def test_one_finding_for_each_secret_and_file(tmp_path: Path) -> None:
    one, other = checked("ghp" + "_"), checked("ghp" + "_")
    (tmp_path / "a.sh").write_text(f"{one}\n{other}\n{one}\n")
    (tmp_path / "b.sh").write_text(f"{one}\n")
    result = found(scan([tmp_path]))
    assert sorted(f.asset.address for f in result) == [
        ".:a.sh#github-token",
        ".:a.sh#github-token-2",
        ".:b.sh#github-token",
    ]
    assert sorted([e.place.line for e in f.evidence] for f in result) == [[1], [1, 3], [2]]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("src/train.py", "token-in-file"),
        ("docs/quickstart.md", "secret-in-tests"),
        ("README.md", "secret-in-tests"),
        ("tests/test_hub.py", "secret-in-tests"),
    ],
)
def test_tests_and_documentation_count_less(tmp_path: Path, name: str, check: str) -> None:
    sample, secret = SAMPLES["hugging-face-token"]
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(sample.format(secret))
    assert [f.check.id for f in found(scan([tmp_path]))] == [check]


def test_a_token_whose_checksum_holds_counts_everywhere(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(checked("ghp" + "_"))
    assert [f.check.id for f in found(scan([tmp_path]))] == ["token-in-file"]


POD = """apiVersion: v1
kind: Pod
metadata: {{name: train}}
spec:
  containers:
    - name: train
      image: registry.example/train:1
      env:
        - name: HF_TOKEN
          value: {}
"""


def test_a_secret_that_another_check_tells_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(POD.format(SAMPLES["hugging-face-token"][1]))
    result = scan([tmp_path])
    assert "container-credential-in-environment" in {f.check.id for f in result.findings}
    assert not found(result)


def test_what_no_other_check_tells_is_told(tmp_path: Path) -> None:
    text = f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: train\n  annotations:\n    note: {SAMPLES['hugging-face-token'][1]}\nspec:\n  containers: []\n"
    assert shapes(tmp_path, "pod.yaml", text) == [("hugging-face-token", 6)]


def test_large_and_binary_files_are_counted(tmp_path: Path) -> None:
    token = checked("ghp" + "_").encode()
    (tmp_path / "data.csv").write_bytes(token + b"\n" + b"1,2\n" * 2_000_000)
    (tmp_path / "model.weights").write_bytes(b"\0" * 10 + token)
    result = scan([tmp_path])
    assert not found(result)
    assert result.skipped == {"binary": 1, "too large to be searched for secrets": 1}


# Every way in which the samples stand in files, `{}` for a line that has one.
FILES: dict[str, Callable[[str], str]] = {
    "train.py": lambda line: f"import os\n{line}\n",
    "notes.txt": lambda line: f"{line}\n",
    "settings.ini": lambda line: f"[hub]\n{line}\n",
    "start.sh": lambda line: f"#!/bin/sh\n# {line}\njupyter lab --ip=0.0.0.0 --ServerApp.token=''\n",
    "jupyter.service": lambda line: f"[Service]\n# {line}\nExecStart=jupyter lab --ip=0.0.0.0 --ServerApp.token=''\n",
    "jupyter_server_config.py": lambda line: f"c.ServerApp.ip = '0.0.0.0'\n{line}\nc.ServerApp.token = ''\n",
    "values.yaml": lambda line: "\n".join(f"# {one}" for one in line.split("\n")) + "\n",
}


@pytest.mark.parametrize("shape", SAMPLES)
def test_no_output_has_the_value(tmp_path: Path, shape: str) -> None:
    sample, secret = SAMPLES[shape]
    for name, content in FILES.items():
        (tmp_path / name).write_text(content(sample.format(secret)))
    result = scan([tmp_path])
    assert found(result)
    view = View(everything=True, unknown=True, width=400)
    outputs = ["".join(form(name).render(result, view)) for name in form_names()]
    for piece in {secret, *secret.replace("\\n", "\n").split("\n")}:
        if len(piece) > 12 and "PRIVATE KEY" not in piece:
            assert [o for o in outputs if piece in o] == []
