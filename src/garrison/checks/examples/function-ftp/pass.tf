resource "azurerm_linux_web_app" "scorer" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  site_config {
    ftps_state = "Disabled"
  }
}
