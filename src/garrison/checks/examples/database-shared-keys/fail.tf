resource "azurerm_cosmosdb_account" "vectors" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"
}
