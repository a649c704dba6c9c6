resource "azurerm_key_vault" "ml" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  rbac_authorization_enabled = true
}
