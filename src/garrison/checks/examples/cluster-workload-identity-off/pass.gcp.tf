resource "google_container_cluster" "serving" {
  name               = "fraud-serving"
  location           = "europe-west4"
  initial_node_count = 1

  workload_identity_config {
    workload_pool = "fraud-ml.svc.id.goog"
  }
}
