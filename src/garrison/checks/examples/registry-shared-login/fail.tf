resource "azurerm_container_registry" "ml" {
  name                = "fraudml"
  resource_group_name = "fraud"
  location            = "westeurope"
  sku                 = "Premium"
  admin_enabled       = true
}
