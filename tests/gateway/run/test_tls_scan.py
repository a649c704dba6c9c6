"""sslyze at a gateway that runs with certificates of `garrison gateway certs`: modern TLS only, and no known flaw."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.gateway.conftest import probing
from tests.gateway.run.conftest import FILE, Running

from garrison.cli import program

pytestmark = pytest.mark.slow

YEAR_S = 365 * 24 * 3600
VERSIONS = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3")
TLS = """address = "127.0.0.1:{port}"
tls = {{ certificate = "server.pem", key = "server.key" }}"""


def test_a_scanner_finds_modern_tls_and_no_flaw(run: Callable[..., Running], tmp_path: Path) -> None:
    done = CliRunner().invoke(program, ["gateway", "certs", "-o", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    gateway = run(FILE.replace('address = "127.0.0.1:{port}"', TLS)).ready()
    scan = subprocess.run(
        [
            probing("sslyze"),
            f"localhost:{gateway.port}",
            "--json_out",
            "found.json",
            "--certinfo_ca_file",
            "ca.pem",
            "--early_data",
            "--http_headers",
            "--mozilla_config",
            "intermediate",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert scan.returncode == 0, scan.stdout[-3000:]  # as Mozilla's "intermediate" has it: ciphers, curves, flaws
    assert "OK - Compliant" in scan.stdout
    (server,) = json.loads((tmp_path / "found.json").read_text())["server_scan_results"]
    found = {name: scan["result"] for name, scan in server["scan_result"].items() if scan["status"] == "COMPLETED"}
    _hold_versions(found)
    _hold_flaws(found)
    (shown,) = found["certificate_info"]["certificate_deployments"]
    assert shown["received_chain_has_valid_order"]
    assert [
        x["was_validation_successful"] for x in shown["path_validation_results"] if "ca.pem" in x["trust_store"]["path"]
    ] == [True]
    assert found["http_headers"]["strict_transport_security_header"]["max_age"] >= YEAR_S


def _hold_versions(found: dict[str, Any]) -> None:
    spoken = {name: found[f"{name}_cipher_suites"] for name in VERSIONS}
    assert {name for name, suites in spoken.items() if suites["is_tls_version_supported"]} == {"tls_1_2", "tls_1_3"}
    accepted = [
        suite["cipher_suite"]["name"] for suites in spoken.values() for suite in suites["accepted_cipher_suites"]
    ]
    assert accepted
    assert all("GCM" in name or "CHACHA20" in name for name in accepted)
    assert all(name.startswith(("TLS_ECDHE_", "TLS_AES_", "TLS_CHACHA20_")) for name in accepted)


def _hold_flaws(found: dict[str, Any]) -> None:
    assert not found["heartbleed"]["is_vulnerable_to_heartbleed"]
    assert not found["openssl_ccs_injection"]["is_vulnerable_to_ccs_injection"]
    assert found["robot"]["robot_result"].startswith("NOT_VULNERABLE")
    assert not found["tls_compression"]["supports_compression"]
    assert not found["session_renegotiation"]["is_vulnerable_to_client_renegotiation_dos"]
    assert not found["tls_1_3_early_data"]["supports_early_data"]
    assert found["tls_fallback_scsv"]["supports_fallback_scsv"]
    assert found["tls_extended_master_secret"]["supports_ems_extension"]
