resource "google_container_cluster" "ml" {
  name     = "ml"
  location = "europe-west1"

  enable_kubernetes_alpha = true
}
