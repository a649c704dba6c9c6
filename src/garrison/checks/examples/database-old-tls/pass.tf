resource "azurerm_mssql_server" "features" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  minimum_tls_version = "1.2"
}
