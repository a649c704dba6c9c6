resource "azurerm_linux_virtual_machine" "train" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"
}
