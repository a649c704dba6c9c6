"""No secret is printed, whatever form it is written in; and what is none stays readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.report.terminal.masking import MASK, is_sensitive, masked, masked_values

HIDDEN = "hunter2-Tr0ub4dor"

SECRETS = [
    'password = "{}"',
    "  password: {}",
    "password: '{}'",
    '  "dbPassword": "{}",',
    "export API_KEY={}",
    'master_user_password           = "{}"',
    "client_secret: {} # rotate",
    "- --password={}",
    "args: [--token={}, --verbose]",
    "- --api-key\n- {}",
    '"--password",\n"{}",',
    "- name: DB_PASSWORD\n  value: {}",
    "- value: {}\n  name: DB_PASSWORD",
    '- name: WANDB_API_KEY\n  # from the wiki\n  value: "{}"',
    "{{name: REDIS_PASSWORD, value: {}}}",
    '{{"name": "HF_TOKEN", "value": "{}"}}',
    "url: postgres://app:{}@db.internal:5432/fraud",
    'connection_string = "Server=db;Password={};Encrypt=true"',
    "AZURE_STORAGE_CONNECTION_STRING: DefaultEndpointsProtocol=https;AccountKey={};EndpointSuffix=core",
    "password: |\n  {}\n  more",
    "password: >-\n  {}",
    "password = <<EOF\n{}\nEOF",
    "password:\n  {}",
    'variable "db_password" {{\n  type    = string\n  default = "{}"\n}}',
    "  DbPassword:\n    Type: String\n    Default: {}",
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    "tls.key: |\n  -----BEGIN PRIVATE KEY-----\n  {}\n  -----END PRIVATE KEY-----",
    "kind: Secret\ndata:\n  plain: {}\n",
    "apiVersion: v1\nstringData:\n  config.ini: |\n    [a]\n    x = {}\nkind: Secret",
    '{{\n "kind": "Secret",\n "data": {{\n  "anything": "{}"\n }}\n}}',
    "Authorization: Bearer {}",
    'secret_string = "{}"',
    "auth_token: {}",
    'private_key_pem = "{}"',
    "admin_password := {}",
]


@pytest.mark.parametrize("text", SECRETS)
def test_is_masked(text: str) -> None:
    shown = "\n".join(masked(text.format(HIDDEN).split("\n")))
    assert HIDDEN not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "text",
    [
        "key: AKIAIOSFODNN7EXAMPLE",
        "x = ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "value: hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
        "value: sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
        "value: xoxb-1234567890-abcdefghij",
        "value: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefgh",
    ],
)
def test_known_forms_are_masked_whatever_they_are_called(text: str) -> None:
    assert MASK in masked([text])[0]


@pytest.mark.parametrize(
    "line",
    [
        'resource "aws_s3_bucket" "training" {',
        "  password = var.db_password",
        "  password = random_password.db.result",
        '  password = "${var.db_password}"',
        "  manage_master_user_password = true",
        "  secret_name: fraud-db",
        "  secretName: fraud-db",
        "  kms_key_id = aws_kms_key.data.arn",
        "  automountServiceAccountToken: false",
        "  token_ttl = 3600",
        "  minimum_password_length = 8",
        "  password_reuse_prevention = 24",
        "  image: registry.example/serve:1.2",
        "  MasterUserPassword: !Ref DbPassword",
        '  password: "{{resolve:secretsmanager:db:SecretString:password}}"',
        "  secret_arn = arn:aws:secretsmanager:eu-west-1:1:secret:db",
        "  - containerPort: 8080",
        "  dashboard-host: 0.0.0.0",
        "        key: password",
        '  cidr_blocks = ["0.0.0.0/0"]',
        "  source: git::https://example.com/modules.git?ref=v1",
        '  http_tokens = "optional"',
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert masked([line]) == [line]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("ENV API_KEY s0meth1ng", "ENV API_KEY ••••••"),
        ("ENV WORKDIR /srv/token", "ENV WORKDIR /srv/token"),
        ("RUN curl -u bot:s3cret https://x", "RUN curl -u bot:•••••• https://x"),
        ("RUN docker run -u 1000:1000 x", "RUN docker run -u 1000:1000 x"),
        ("RUN echo 'root:toor' | chpasswd", "RUN echo 'root:••••••' | chpasswd"),
        ("RUN hub login --token abcdef --add", "RUN hub login --token •••••• --add"),
        ("RUN hub login --token $TOKEN", "RUN hub login --token $TOKEN"),
    ],
)
def test_a_line_of_a_dockerfile(line: str, shown: str) -> None:
    assert masked([line]) == [shown]


def test_a_block_ends() -> None:
    lines = ["password: |", "  hidden-one", "image: registry.example/serve", "kind: Pod"]
    assert masked(lines) == ["password: |", f"  {MASK}", "image: registry.example/serve", "kind: Pod"]


def test_a_secret_beside_another_object() -> None:
    lines = ["kind: ConfigMap", "data:", "  mode: fast", "---", "kind: Secret", "data:", "  mode: aGlkZGVu"]
    shown = masked(lines)
    assert shown[2] == "  mode: fast"
    assert "aGlkZGVu" not in shown[6]


def test_only_what_is_wanted_is_masked_in_full() -> None:
    assert masked(['password = "a-secret"', "x: AKIAIOSFODNN7EXAMPLE"], [1])[1] == f"x: {MASK}"


def test_lines_that_are_known_to_hold_a_secret() -> None:
    assert masked_values('  value = "open sesame"') == f'  value = "{MASK}"'
    assert masked_values("  data: open sesame") == f"  data: {MASK}"
    assert masked_values("  encrypted: false") == "  encrypted: false"
    assert masked_values("- name: GRAFANA_PASSWORD") == "- name: GRAFANA_PASSWORD"


@given(st.text(alphabet="abcXYZ019-_", min_size=6, max_size=40).filter(lambda t: not t.strip("-_").isdigit()))
def test_any_word_is_masked(word: str) -> None:
    if word.lower() not in MASK:
        assert word not in masked([f'db_password = "{word}"'])[0].partition("=")[2]


@given(st.lists(st.text(max_size=80), max_size=20))
def test_any_text_keeps_its_lines(lines: list[str]) -> None:
    assert len(masked(lines)) == len(lines)


def test_names() -> None:
    assert is_sensitive("DB_PASSWORD")
    assert is_sensitive("apiKey")
    assert not is_sensitive("secret_name")
    assert not is_sensitive("author")


def test_what_a_kustomization_makes_secrets_of() -> None:
    lines = [
        "secretGenerator:",
        "- name: store",
        "  literals:",
        "  - USER=minio",
        "  - other='quo ted'",
        "- name: inline",
        "  literals: [X=abc/def+, y=c d]",
        "images:",
        "- name: a=b",
    ]
    assert masked(lines) == [
        *lines[:3],
        "  - USER=••••••",
        "  - other=••••••",
        "- name: inline",
        "  literals: [X=••••••, y=••••••]",
        *lines[7:],
    ]
