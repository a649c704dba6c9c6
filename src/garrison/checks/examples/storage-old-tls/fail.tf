resource "azurerm_storage_account" "ml" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  min_tls_version = "TLS1_0"
}
