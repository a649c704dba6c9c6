resource "azurerm_kubernetes_cluster" "ml" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  microsoft_defender {
    log_analytics_workspace_id = azurerm_log_analytics_workspace.ml.id
  }
}
