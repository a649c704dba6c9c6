resource "azurerm_storage_account" "ml" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  blob_properties {
    delete_retention_policy {
      days = 30
    }
  }
}
