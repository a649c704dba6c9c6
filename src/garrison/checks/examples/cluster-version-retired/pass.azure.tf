resource "azurerm_kubernetes_cluster" "ml" {
  name                = "ml"
  location            = "westeurope"
  resource_group_name = "ml"
  dns_prefix          = "ml"
  kubernetes_version  = "1.29"

  automatic_upgrade_channel = "stable"

  default_node_pool {
    name    = "system"
    vm_size = "Standard_D4s_v5"
  }

  identity {
    type = "SystemAssigned"
  }
}
