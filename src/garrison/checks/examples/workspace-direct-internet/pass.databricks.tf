resource "azurerm_databricks_workspace" "features" {
  name                = "features"
  resource_group_name = "ml"
  location            = "westeurope"
  sku                 = "premium"
  custom_parameters {
    virtual_network_id  = azurerm_virtual_network.ml.id
    private_subnet_name = "databricks-private"
    public_subnet_name  = "databricks-public"
    private_subnet_network_security_group_association_id = azurerm_subnet_network_security_group_association.private.id
    public_subnet_network_security_group_association_id  = azurerm_subnet_network_security_group_association.public.id
  }
}
