resource "azurerm_key_vault" "ml" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"
}

resource "azurerm_monitor_diagnostic_setting" "vault" {
  name                       = "vault"
  target_resource_id         = azurerm_key_vault.ml.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.ml.id

  enabled_log {
    category_group = "audit"
  }
}
