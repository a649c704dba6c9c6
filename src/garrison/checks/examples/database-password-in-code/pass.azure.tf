resource "azurerm_postgresql_flexible_server" "features" {
  name                   = "fraud-features"
  resource_group_name    = "fraud"
  location               = "westeurope"
  administrator_login    = "features"
  administrator_password = var.features_password
}

variable "features_password" {
  type      = string
  sensitive = true
}
