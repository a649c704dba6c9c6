resource "azurerm_storage_account" "ml" {
  name                     = "fraudml"
  resource_group_name      = "fraud"
  location                 = "westeurope"
  account_tier             = "Standard"
  account_replication_type = "GRS"
}

resource "azurerm_storage_container" "training" {
  name                  = "training-data"
  storage_account_id    = azurerm_storage_account.ml.id
  container_access_type = "private"
}
