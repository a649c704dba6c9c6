resource "google_container_cluster" "ml" {
  name     = "ml"
  location = "europe-west1"

  private_cluster_config {
    enable_private_nodes = true
  }
}
