resource "azurerm_application_gateway" "front" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  ssl_policy {
    policy_type = "Predefined"
    policy_name = "AppGwSslPolicy20220101"
  }
}
