resource "azurerm_kubernetes_cluster" "ml" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  azure_policy_enabled = true
}
