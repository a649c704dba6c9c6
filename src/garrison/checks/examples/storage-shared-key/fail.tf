resource "azurerm_storage_account" "ml" {
  name                     = "fraudml"
  resource_group_name      = "fraud"
  location                 = "westeurope"
  account_tier             = "Standard"
  account_replication_type = "GRS"
}
