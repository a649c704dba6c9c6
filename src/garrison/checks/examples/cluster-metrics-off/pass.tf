resource "google_container_cluster" "ml" {
  name     = "ml"
  location = "europe-west1"

  monitoring_config {
    enable_components = ["SYSTEM_COMPONENTS", "DCGM"]
  }
}
