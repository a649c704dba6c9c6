resource "azurerm_web_application_firewall_policy" "front" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  policy_settings {
    mode = "Detection"
  }
}
