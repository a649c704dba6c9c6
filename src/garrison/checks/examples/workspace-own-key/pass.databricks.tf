resource "azurerm_databricks_workspace" "features" {
  name                = "features"
  resource_group_name = "ml"
  location            = "westeurope"
  sku                 = "premium"
  managed_services_cmk_key_vault_key_id = azurerm_key_vault_key.ml.id
}
