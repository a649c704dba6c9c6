resource "azurerm_servicebus_namespace" "events" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"
}
