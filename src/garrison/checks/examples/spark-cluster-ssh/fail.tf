resource "databricks_cluster" "shared" {
  cluster_name       = "fraud"
  spark_version      = "16.4.x-scala2.12"
  node_type_id       = "Standard_D8s_v5"
  num_workers        = 2
  data_security_mode = "USER_ISOLATION"
  ssh_public_keys    = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"]
}
