resource "azurerm_kubernetes_cluster" "ml" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  private_cluster_enabled = true
}
