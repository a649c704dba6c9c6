resource "google_container_node_pool" "gpu" {
  name       = "gpu"
  cluster    = "fraud-serving"
  node_count = 2

  node_config {
    machine_type    = "g2-standard-8"
  }
}
