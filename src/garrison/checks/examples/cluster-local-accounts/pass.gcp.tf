resource "google_container_cluster" "serving" {
  name               = "fraud-serving"
  location           = "europe-west4"
  initial_node_count = 1

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }
}
