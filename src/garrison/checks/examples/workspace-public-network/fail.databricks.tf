resource "azurerm_databricks_workspace" "features" {
  name                = "features"
  resource_group_name = "ml"
  location            = "westeurope"
  sku                 = "premium"
}
