"""Credentials are told from names, placeholders and what is decided elsewhere. No value here is a real one."""

from __future__ import annotations

import base64

import pytest

from garrison.estate.credentials import credential_in, credential_named
from garrison.estate.values import known, referred, unknown


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", True),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", True),
        ("export DB_PASSWORD=fr4ud-Features-7781", True),
        ("  --api-key: 'q8w7e6r5t4'", True),
        ("export DB_PASSWORD=$(aws secretsmanager get-secret-value --secret-id db)", False),
        ("export DB_PASSWORD=${DB_PASSWORD}", False),
        ("export DB_PASSWORD=<your-password>", False),
        ("password=changeme", False),
        ("docker run -e WANDB_API_KEY=4f1c9a7e2b8d trainer", True),
        ("client = Client(token=args.token)", False),
        ("Client(api_key=os.environ['OPENAI_API_KEY'])", False),
        ("token_path=/var/run/token", False),
        ("echo no password is needed", False),
        ("", False),
    ],
)
def test_scripts(script: str, found: bool) -> None:
    assert credential_in(known(script)).answer is found
    encoded = base64.b64encode(script.encode()).decode()
    assert credential_in(known(encoded)).answer is found


def test_what_a_parameter_decides_is_not_written_there() -> None:
    hole = unknown("parameter Password has no default", decided_by="parameter Password")
    assert credential_in(unknown("", parts=(known("PASSWORD="), hole))).no
    assert credential_in(unknown("", parts=(known("KEY=AKIAIOSFODNN7EXAMPLE\nPASSWORD="), hole))).yes
    assert credential_in(unknown("a file that is not read")).unknown


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("MODEL_API_KEY", "9f8b7c6d5e4f3a2b1c0d", True),
        ("ApiKey", "9f8b7c6d5e4f3a2b1c0d", True),
        ("HF_TOKEN", "9f8b7c6d5e4f3a2b1c0d", True),
        ("SETTINGS", "AKIAIOSFODNN7EXAMPLE", True),
        ("MODEL_API_KEY_ARN", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:key", False),
        ("DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:key", False),
        ("DB_PASSWORD", "{{resolve:secretsmanager:db}}", False),
        ("OPENAI_API_KEY", "@Microsoft.KeyVault(SecretUri=https://v/secrets/k)", False),
        ("USE_TOKEN", "true", False),
        ("MAX_TOKENS", "4096", False),
        ("KEY_NAME", "fraud-model", False),
        ("DB_PASSWORD", "changeme", False),
    ],
)
def test_variables(name: str, value: str, found: bool) -> None:
    assert credential_named(name, known(value)).answer is found


def test_a_reference_is_no_secret_in_the_code() -> None:
    assert credential_named("DB_PASSWORD", referred("r:random_password.db", "result", None)).no
    assert credential_named("DB_PASSWORD", unknown("a variable", decided_by="var.password")).no


@pytest.mark.parametrize("text", ["password" * 50_000, "\n" * 400_000, "sk-" * 100_000, "curl " * 80_000])
def test_long_texts_end(text: str) -> None:
    assert credential_in(known(text)).answer in (True, False)


def test_the_key_of_the_storage_emulator_is_no_secret() -> None:
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    said = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};"
    assert credential_named("AZURE_STORAGE_CONNECTION_STRING", known(said)).no
    assert credential_named("AZURE_STORAGE_CONNECTION_STRING", known(said.replace("Eby8", "Fby8"))).yes
