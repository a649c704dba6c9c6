resource "azurerm_virtual_network" "ml" {
  name                = "ml"
  location            = "westeurope"
  resource_group_name = "fraud"
  address_space       = ["10.20.0.0/16"]
}
