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

  api_server_access_profile {
    authorized_ip_ranges = ["203.0.113.0/24"]
  }
}
