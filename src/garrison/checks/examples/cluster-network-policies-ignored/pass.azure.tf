resource "azurerm_kubernetes_cluster" "ml" {
  name                = "ml"
  resource_group_name = "fraud"
  location            = "westeurope"

  network_profile {
    network_plugin = "azure"
    network_policy = "cilium"
  }
}
