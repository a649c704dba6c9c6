resource "azurerm_machine_learning_compute_instance" "fraud" {
  name                          = "fraud-exploration"
  machine_learning_workspace_id = azurerm_machine_learning_workspace.fraud.id
  virtual_machine_size          = "STANDARD_DS3_V2"
  subnet_resource_id            = azurerm_subnet.ml.id
  node_public_ip_enabled        = true
}
