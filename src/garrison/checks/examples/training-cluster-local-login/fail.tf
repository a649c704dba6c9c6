resource "azurerm_machine_learning_compute_cluster" "gpu" {
  name                          = "gpu"
  location                      = "westeurope"
  machine_learning_workspace_id = azurerm_machine_learning_workspace.ml.id
  vm_size                       = "Standard_NC6s_v3"
  vm_priority                   = "Dedicated"
}
