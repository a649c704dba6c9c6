resource "google_container_cluster" "serving" {
  name               = "fraud-serving"
  location           = "europe-west4"
  initial_node_count = 1

  database_encryption {
    state    = "ENCRYPTED"
    key_name = "projects/fraud-ml/locations/europe-west4/keyRings/ml/cryptoKeys/gke"
  }
}
