resource "azurerm_cognitive_account" "chat" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  kind = "OpenAI"
}

resource "azurerm_monitor_diagnostic_setting" "chat" {
  name                       = "chat"
  target_resource_id         = azurerm_cognitive_account.chat.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.ml.id

  enabled_log {
    category_group = "audit"
  }
}
