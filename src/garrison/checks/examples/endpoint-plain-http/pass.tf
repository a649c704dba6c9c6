resource "azurerm_machine_learning_inference_cluster" "scoring" {
  name                          = "scoring"
  location                      = "westeurope"
  kubernetes_cluster_id         = azurerm_kubernetes_cluster.ml.id
  machine_learning_workspace_id = azurerm_machine_learning_workspace.fraud.id
  cluster_purpose               = "FastProd"
  ssl {
    leaf_domain_label = "fraud-scoring"
  }
}
