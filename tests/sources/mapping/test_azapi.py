"""What azapi says of a resource of azurerm counts as if azurerm had said it."""

from __future__ import annotations

from pathlib import Path

from garrison.scan.config import Settings
from garrison.scan.scan import scan

NAMESPACE = 'resource "azurerm_eventhub_namespace" "n" {\n  name = "n"\n  sku  = "Standard"\n}\n'
RULES = """
resource "azapi_update_resource" "n" {
  type      = "Microsoft.EventHub/namespaces/networkRuleSets@2021-11-01"
  parent_id = azurerm_eventhub_namespace.n.id
  body      = BODY
}
"""


def found(folder: Path, body: str) -> int:
    (folder / "main.tf").write_text(NAMESPACE + (RULES.replace("BODY", body) if body else ""))
    return len(scan([folder], Settings(checks=frozenset({"stream-open-network"}))).findings)


def test_network_rules_of_azapi_are_read(tmp_path: Path) -> None:
    assert found(tmp_path, "") == 1
    assert found(tmp_path, 'jsonencode({ properties = { defaultAction = "Deny" } })') == 0
    assert found(tmp_path, '{ properties = { defaultAction = "Deny" } }') == 0
    assert found(tmp_path, 'jsonencode({ properties = { defaultAction = "Allow" } })') == 1
