resource "azurerm_container_registry" "images" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  public_network_access_enabled = false
}
