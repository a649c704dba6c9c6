resource "azurerm_redis_cache" "features" {
  name                = "fraud-online-features"
  resource_group_name = "fraud"
  location            = "westeurope"
  capacity            = 1
  family              = "P"
  sku_name            = "Premium"

  non_ssl_port_enabled = false
}
