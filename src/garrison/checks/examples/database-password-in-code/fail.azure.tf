resource "azurerm_postgresql_flexible_server" "features" {
  name                   = "fraud-features"
  resource_group_name    = "fraud"
  location               = "westeurope"
  administrator_login    = "features"
  administrator_password = "Fr4ud-Features-2026"
}
