resource "azurerm_storage_account" "ml" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  cross_tenant_replication_enabled = true
}
