resource "azurerm_redis_cache" "features" {
  name                = "fraud"
  resource_group_name = "fraud"
  location            = "westeurope"

  minimum_tls_version = "1.0"
}
