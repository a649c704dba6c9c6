"""Which ports are named, and which check speaks of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.scan.scan import scan

GROUP = """
resource "aws_security_group" "a" {{
  name        = "{name}"
  description = "{description}"
  ingress {{
    protocol    = "{protocol}"
    from_port   = {first}
    to_port     = {last}
    cidr_blocks = ["0.0.0.0/0"]
  }}
}}
"""


@pytest.mark.parametrize(
    ("text", "ports", "check", "named"),
    [
        ("web", ("tcp", 443, 443), "", ""),
        ("web", ("tcp", 8080, 8080), "firewall-shared-port-open", "8080 (TorchServe"),
        ("model-server", ("tcp", 8080, 8080), "firewall-ml-port-open", "8080 (TorchServe"),
        ("html pages", ("tcp", 8080, 8080), "firewall-shared-port-open", "8080 (TorchServe"),
        ("web", ("tcp", 8000, 8300), "firewall-ml-port-open", "8265 (the Ray dashboard"),
        ("web", ("udp", 8265, 8265), "", ""),
        ("web", ("-1", 0, 0), "firewall-every-port-open", "every port"),
    ],
)
def test_ports_are_named(text: str, ports: tuple[str, int, int], check: str, named: str, tmp_path: Path) -> None:
    protocol, first, last = ports
    filled = GROUP.format(name="a", description=text, protocol=protocol, first=first, last=last)
    (tmp_path / "main.tf").write_text(filled)
    found = [f for f in scan([tmp_path]).findings if f.check.id.startswith("firewall-")]
    assert [f.check.id for f in found] == [check] * bool(check)
    assert all(named in f.why for f in found)
