resource "azurerm_key_vault" "ml" {
  name                = "fraud-ml"
  resource_group_name = "fraud"
  location            = "westeurope"
  tenant_id           = "00000000-0000-0000-0000-000000000000"
  sku_name            = "standard"
  network_acls {
    default_action = "Deny"
    bypass         = "AzureServices"
  }
}
