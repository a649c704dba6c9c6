resource "azurerm_kubernetes_cluster" "serving" {
  name                = "fraud-serving"
  location            = "westeurope"
  resource_group_name = "fraud"
  dns_prefix          = "fraud"

  default_node_pool {
    name       = "cpu"
    vm_size    = "Standard_D4s_v5"
    node_count = 2
  }

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_monitor_diagnostic_setting" "serving" {
  name                       = "audit"
  target_resource_id         = azurerm_kubernetes_cluster.serving.id
  log_analytics_workspace_id = "/subscriptions/s/resourceGroups/fraud/providers/Microsoft.OperationalInsights/workspaces/logs"

  enabled_log {
    category = "kube-audit"
  }
}
