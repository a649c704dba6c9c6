resource "google_container_cluster" "ml" {
  name     = "ml"
  location = "europe-west1"

  enable_shielded_nodes = false
}
