resource "azurerm_machine_learning_workspace" "fraud" {
  name                    = "fraud"
  location                = "westeurope"
  resource_group_name     = "ml"
  application_insights_id = azurerm_application_insights.ml.id
  key_vault_id            = azurerm_key_vault.ml.id
  storage_account_id      = azurerm_storage_account.ml.id
  public_network_access_enabled = false
  identity {
    type = "SystemAssigned"
  }
}
