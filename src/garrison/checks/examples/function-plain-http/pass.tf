resource "azurerm_linux_web_app" "scorer" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  https_only = true
}
