resource "google_container_cluster" "serving" {
  name               = "fraud-serving"
  location           = "europe-west4"
  initial_node_count = 1
}
