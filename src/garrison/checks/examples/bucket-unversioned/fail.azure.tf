resource "azurerm_storage_account" "training_data" {
  name                     = "fraudtrainingdata"
  resource_group_name      = "fraud"
  location                 = "westeurope"
  account_tier             = "Standard"
  account_replication_type = "GRS"
}
