resource "azurerm_virtual_network" "ml" {
  name                = "ml"
  location            = "westeurope"
  resource_group_name = "fraud"
  address_space       = ["10.20.0.0/16"]
}

resource "azurerm_network_watcher_flow_log" "ml" {
  name                 = "ml"
  network_watcher_name = "watcher"
  resource_group_name  = "fraud"
  target_resource_id   = azurerm_virtual_network.ml.id
  storage_account_id   = "/subscriptions/s/resourceGroups/fraud/providers/Microsoft.Storage/storageAccounts/flowlogs"
  enabled              = true

  retention_policy {
    enabled = true
    days    = 90
  }
}
