resource "azurerm_key_vault" "ml" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"
}
