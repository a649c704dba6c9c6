resource "azurerm_ai_foundry" "assistants" {
  name                = "assistants"
  location            = "westeurope"
  resource_group_name = "ml"
  storage_account_id  = azurerm_storage_account.ml.id
  key_vault_id        = azurerm_key_vault.ml.id
  public_network_access = "Disabled"
  identity {
    type = "SystemAssigned"
  }
}
