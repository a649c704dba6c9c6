resource "azurerm_mssql_server" "features" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"
}

resource "azurerm_mssql_firewall_rule" "office" {
  name             = "office"
  server_id        = azurerm_mssql_server.features.id
  start_ip_address = "203.0.113.7"
  end_ip_address   = "203.0.113.7"
}
