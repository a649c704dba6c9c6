resource "azurerm_postgresql_flexible_server" "features" {
  name                = "fraud-features"
  resource_group_name = "fraud"
  location            = "westeurope"
}

resource "azurerm_postgresql_flexible_server_firewall_rule" "notebooks" {
  name             = "notebooks"
  server_id        = azurerm_postgresql_flexible_server.features.id
  start_ip_address = "203.0.113.8"
  end_ip_address   = "203.0.113.9"
}
